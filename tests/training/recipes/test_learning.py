"""Whole runs of both recipes on a toy, in this process."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F
from transformers import Trainer, TrainingArguments

from generation.notagen.checkpoint import file_sha256, load_checkpoint
from tests.training.recipes import toy
from training.recipes.bundle import read_bundle
from training.recipes.dpo import PreferenceLearning, Preferences, config
from training.recipes.job import DpoSettings, SftSettings, read_job
from training.recipes.learning import Watch, arguments, dress, empty_metrics, optimizer_of, train
from training.recipes.plan import plan_dpo
from training.recipes.run import FINISHED, REFUSED, STOPPED, main
from training.recipes.run_folder import Heart, RunFolder
from training.recipes.sft import with_dropout
from training.recipes.trainee import compute_again

DPO = {"epochs": 3, "rate": 1e-3, "warmup": 2, "patches": 80}
SFT = {"epochs": 4, "rate": 1e-3, "warmup": 2, "patches": 60}


@pytest.fixture(autouse=True)
def _this_process_as_it_was(monkeypatch):
    """A run takes over signals and environment; one thread makes it repeatable."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    environment = dict(os.environ)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    for number, handler in before.items():
        signal.signal(number, handler)
    for name in os.environ.keys() - environment.keys():
        monkeypatch.delenv(name)


def rows(folder: Path, kind: str) -> list[dict[str, float]]:
    """The rows of a run's metrics: steps or evaluations."""
    found = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [row for row in found if ("eval_loss" in row) == (kind == "evaluations")]


def without_clock(found: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in found]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_checkpoint(folder / "result" / "model.safetensors").model.state_dict()


def furthest(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    return max(float((one[name] - other[name]).abs().max()) for name in one)


def run(folder: Path, recipe: str, out: str = "run", **more) -> int:
    return main([str(toy.job(folder, recipe, out=out, **more))])


def test_a_preference_run_leaves_a_checkpoint_and_says_how_it_was_made(tmp_path):
    toy.preference_bundle(tmp_path)
    assert run(tmp_path, "dpo", settings=DPO) == FINISHED
    folder = tmp_path / "run"
    result = json.loads((folder / "result.json").read_text())
    assert (result["state"], result["step"], result["steps"], result["kept"]) == ("finished", 9, 9, 9)
    assert result["files"] == {name: file_sha256(folder / name) for name in result["files"]}
    assert set(result["files"]) == {"metrics.jsonl", "result/model.safetensors", "result/meta.json"}
    assert result["warnings"] == ["60 votes are few: below 160 a round may change little, or learn chance."]
    made = load_checkpoint(folder / "result" / "model.safetensors")
    bundle = read_bundle(tmp_path / "bundle")
    assert (made.meta.kind, made.meta.header_style, made.meta.data_sha256) == ("dpo", toy.STYLE, bundle.sha256)
    assert made.meta.parent == file_sha256(tmp_path / "base" / "model.safetensors")
    assert made.meta.training["rate"] == 1e-3
    steps, evaluations = rows(folder, "steps"), rows(folder, "evaluations")
    assert [row["step"] for row in steps] == list(range(1, 10))
    assert [(row["step"], row["epoch"], row["eval_pairs"]) for row in evaluations] == [(3, 1, 4), (6, 2, 4), (9, 3, 4)]
    # The model starts as its own reference.
    assert steps[0]["loss"] == pytest.approx(float(F.softplus(torch.tensor(0.0))), abs=1e-4)
    assert abs(steps[0]["chosen"]) < 1e-3
    assert [row["learning_rate"] for row in steps[:3]] == pytest.approx([1e-3 / 3, 2e-3 / 3, 1e-3])
    assert evaluations[-1]["eval_accuracy"] == 1.0
    assert evaluations[-1]["eval_margin"] > evaluations[0]["eval_margin"] > 0
    heartbeat = json.loads((folder / "heartbeat.json").read_text())
    assert (heartbeat["state"], heartbeat["step"], heartbeat["steps"]) == ("finished", 9, 9)
    assert not (folder / "checkpoints").exists()
    # Again: nothing is done.
    changed = (folder / "result.json").stat().st_mtime_ns
    assert run(tmp_path, "dpo", settings=DPO) == FINISHED
    assert (folder / "result.json").stat().st_mtime_ns == changed


class Plain(PreferenceLearning, Trainer):
    """The same learning without TRL."""

    loss_is_scaled_for_ga = False

    def __init__(self, model, bundle, plan, settings, folder, args):
        self.begin(bundle, plan, settings, folder)
        self._metrics = empty_metrics()
        data = [{"reading": number} for number in range(len(plan.readings))]
        super().__init__(model=model, args=args, train_dataset=data, data_collator=self.collate)
        self.learn_reference()

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        return self.loss_on(model, inputs)


def learn(folder: Path, kind, out: str, settings: DpoSettings) -> tuple[RunFolder, object]:
    job = replace(read_job(toy.job(folder, "dpo", out=out)), settings=settings)
    place, bundle = RunFolder(job.out), read_bundle(job.bundle)
    plan = plan_dpo(bundle, settings)
    given = arguments(job, plan, place)
    made = config(given) if kind is Preferences else TrainingArguments(**given)
    model = load_checkpoint(job.base).model
    trainer = kind(dress(model, settings), bundle, plan, settings, place, made)
    watch = Watch(job, plan, place, Heart(place, job=""), asked=lambda: False, judge=lambda _row: "")
    train(trainer, watch, place)
    return place, model


@pytest.mark.parametrize("more", [{}, {"batches": 2, "per_character": True, "beta": 10.0}], ids=["sum", "mean"])
def test_trl_and_a_plain_trainer_learn_alike(tmp_path, more):
    toy.preference_bundle(tmp_path)
    settings = DpoSettings(epochs=4, rate=1e-3, warmup=2, patches=80, **more)
    place, model = learn(tmp_path, Preferences, "trl", settings)
    plain_place, plain = learn(tmp_path, Plain, "plain", settings)
    ours, theirs = without_clock(place.rows()), without_clock(plain_place.rows())
    assert len(ours) > 8
    assert ours == theirs
    assert furthest(model.state_dict(), plain.state_dict()) == 0.0


def test_computing_layers_again_changes_nothing(tmp_path):
    toy.preference_bundle(tmp_path)
    settings = DpoSettings(epochs=2, rate=1e-3, warmup=2, patches=80)
    _place, model = learn(tmp_path, Preferences, "kept", settings)
    _place, again = learn(tmp_path, Preferences, "again", replace(settings, checkpointing=True))
    assert furthest(model.state_dict(), again.state_dict()) == 0.0


def test_layers_of_both_stacks_are_computed_again(tmp_path):
    toy.base(tmp_path)
    model = load_checkpoint(tmp_path / "base" / "model.safetensors").model
    counts = []
    for module in (model.patch_level_decoder.base.h[0].mlp, model.char_level_decoder.base.transformer.h[0].mlp):
        module.register_forward_pre_hook(lambda *_: counts.append(1))
    compute_again(model)
    ids = torch.tensor([[[1] * 15 + [2], [67] * 16, [68] * 16]])
    model(ids).backward()
    assert len(counts) == 4


def stops_after(monkeypatch, steps: int) -> None:
    """Ask for a stop once so many steps are done, as SIGTERM would."""
    done = Watch.on_step_end

    def on_step_end(self, args, state, control, **more):
        if state.global_step == steps:
            self._asked = lambda: True
        return done(self, args, state, control, **more)

    monkeypatch.setattr(Watch, "on_step_end", on_step_end)


@pytest.mark.parametrize(("recipe", "base"), [("dpo", DPO), ("sft", SFT)], ids=["dpo", "sft"])
def test_a_stopped_run_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch, recipe, base):
    """Twenty steps and twenty more are forty: curves to the last digit, dropout included."""
    (toy.preference_bundle if recipe == "dpo" else toy.training_bundle)(tmp_path)
    given = {**base, "patches": 1, "epochs": 4 if recipe == "dpo" else 5, "rate": 3e-4}  # steps of one pair, piece
    assert run(tmp_path, recipe, "whole", settings=given) == FINISHED
    with monkeypatch.context() as patched:
        stops_after(patched, 20)
        assert run(tmp_path, recipe, "halves", settings=given) == STOPPED
    said = json.loads((tmp_path / "halves" / "heartbeat.json").read_text())
    assert (said["state"], said["step"], said["reason"]) == ("stopped", 20, "Stopped on request.")
    assert not (tmp_path / "halves" / "result.json").exists()
    assert run(tmp_path, recipe, "halves", settings=given) == FINISHED
    whole, halves = rows(tmp_path / "whole", "steps"), rows(tmp_path / "halves", "steps")
    assert len(whole) >= 40
    assert [row["step"] for row in halves] == [row["step"] for row in whole]
    assert [row["loss"] for row in halves] == pytest.approx([row["loss"] for row in whole], abs=5e-5)
    assert furthest(weights(tmp_path / "whole"), weights(tmp_path / "halves")) <= 1e-6
    seconds = [row["seconds"] for row in halves]
    assert seconds == sorted(seconds)  # both processes count
    assert json.loads((tmp_path / "halves" / "result.json").read_text())["seconds"] >= round(seconds[-1], 1)
    wanted = without_clock(rows(tmp_path / "whole", "evaluations"))
    assert without_clock(rows(tmp_path / "halves", "evaluations")) == [pytest.approx(row, abs=5e-5) for row in wanted]


def test_a_file_asks_for_a_stop_and_the_time_limit_does_too(tmp_path):
    toy.preference_bundle(tmp_path)
    job = toy.job(tmp_path, "dpo", settings=DPO, time_limit=0)
    assert main([str(job)]) == STOPPED
    said = json.loads((tmp_path / "run" / "heartbeat.json").read_text())
    assert (said["state"], said["step"], said["reason"]) == ("stopped", 1, "The time limit was reached.")
    (tmp_path / "run" / "stop").touch()
    assert run(tmp_path, "dpo", settings=DPO) == STOPPED
    said = json.loads((tmp_path / "run" / "heartbeat.json").read_text())
    assert (said["step"], said["reason"]) == (2, "Stopped on request.")
    (tmp_path / "run" / "stop").unlink()
    assert run(tmp_path, "dpo", settings=DPO) == FINISHED


def test_a_state_that_was_broken_off_is_not_gone_on_from(tmp_path):
    folder = RunFolder(tmp_path)
    for step in (2, 4):
        (folder.checkpoints / f"checkpoint-{step}").mkdir(parents=True)
    assert folder.newest_state() is None
    (folder.checkpoints / "checkpoint-2" / "whole").touch()
    assert folder.newest_state() == (folder.checkpoints / "checkpoint-2", 2)
    for step in range(1, 6):
        folder.note({"step": step})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 6, "lo')
    folder.go_back_to(2)
    assert [row["step"] for row in folder.rows()] == [1, 2]
    assert [path.name for path in folder.checkpoints.iterdir()] == ["checkpoint-2"]


# In the toy all pieces become more likely, so the floor of the rejected ones stands above the start.
LIMITS = {"window": 4, "chosen_floor": -1e9, "kl_ceiling": 1e9}


def test_a_guard_ends_a_run_with_the_weights_of_the_last_epoch_that_passed(tmp_path):
    toy.preference_bundle(tmp_path)
    assert run(tmp_path, "dpo", settings={**DPO, **LIMITS, "rejected_floor": 9.0}) == FINISHED
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert (result["state"], result["kept"], result["steps"]) == ("guarded", 3, 9)
    assert 3 < result["step"] < 9
    assert result["reason"].startswith("Rejected pieces became less likely by")
    assert result["measured"]["eval_passed"] == 1.0
    assert load_checkpoint(tmp_path / "run" / "result" / "model.safetensors").meta.training["step"] == 3


def test_a_run_in_which_nothing_passed_has_no_weights(tmp_path):
    toy.preference_bundle(tmp_path)
    assert run(tmp_path, "dpo", settings={**DPO, **LIMITS, "rejected_floor": 1e6}) == FINISHED
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert (result["state"], result["step"], result["kept"], result["weights"]) == ("guarded", 3, None, "")
    assert [row["eval_passed"] for row in rows(tmp_path / "run", "evaluations")] == [0.0]
    assert not (tmp_path / "run" / "result").exists()


def test_too_few_votes_are_refused_with_what_is_missing(tmp_path, capsys):
    toy.preference_bundle(tmp_path, votes=40)
    assert run(tmp_path, "dpo", settings=DPO) == REFUSED
    assert "20 more votes are needed." in capsys.readouterr().err
    said = json.loads((tmp_path / "run" / "heartbeat.json").read_text())
    assert (said["state"], said["reason"]) == ("refused", "20 more votes are needed.")


def test_jobs_that_do_not_fit_together_are_refused(tmp_path, capsys):
    def refusal(recipe: str = "dpo", **more) -> str:
        assert run(tmp_path, recipe, settings={}, **more) == REFUSED
        return str(capsys.readouterr().err.strip())

    toy.preference_bundle(tmp_path)
    assert refusal("sft") == "This bundle is for the recipe dpo, not sft."
    assert "no bundle in this folder" in refusal(bundle="nowhere")
    wrong = {"file": "base/model.safetensors", "sha256": "0" * 64}
    path = toy.job(tmp_path, "dpo")
    path.write_text(json.dumps({**json.loads(path.read_text()), "base": wrong}))
    assert main([str(path)]) == REFUSED
    assert "not the one that the job names" in capsys.readouterr().err
    assert main([]) == REFUSED
    assert main([str(tmp_path / "none.json")]) == REFUSED


def test_a_folder_holds_one_run(tmp_path, capsys):
    toy.preference_bundle(tmp_path)
    assert run(tmp_path, "dpo", settings={**DPO, "epochs": 1}) == FINISHED
    result = (tmp_path / "run" / "result.json").read_bytes()
    assert run(tmp_path, "dpo", settings={**DPO, "epochs": 2}) == REFUSED
    assert capsys.readouterr().err.strip() == "The folder holds the run of another job."
    assert (tmp_path / "run" / "result.json").read_bytes() == result


def test_half_precision_learns_nearly_the_same(tmp_path):
    toy.preference_bundle(tmp_path)
    assert run(tmp_path, "dpo", "whole", settings=DPO) == FINISHED
    assert run(tmp_path, "dpo", "half", settings={**DPO, "precision": "bfloat16"}) == FINISHED
    whole, half = (rows(tmp_path / out, "steps") for out in ("whole", "half"))
    assert [row["loss"] for row in half] != [row["loss"] for row in whole]
    assert [row["loss"] for row in half] == pytest.approx([row["loss"] for row in whole], abs=0.03)
    assert abs(half[0]["chosen"]) < 0.2  # sums are taken in float32


def test_pairs_in_another_style_than_the_model_was_trained_with_are_refused(tmp_path, capsys):
    toy.preference_bundle(tmp_path)
    toy.job(tmp_path, "dpo")
    meta = tmp_path / "base" / "meta.json"
    meta.write_text(meta.read_text().replace(toy.STYLE, "labelled"))
    assert run(tmp_path, "dpo") == REFUSED
    assert "The pairs begin in the style bare-three-plus-stage, the model in labelled." in capsys.readouterr().err


def test_processes_must_share_the_batches_of_a_step_evenly(tmp_path, monkeypatch, capsys):
    toy.preference_bundle(tmp_path)
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert run(tmp_path, "dpo", settings={**DPO, "batches": 3}) == REFUSED
    assert "3 batches a step cannot be shared by 2 processes." in capsys.readouterr().err


def test_a_training_run_keeps_its_best_epoch_and_stops_early(tmp_path):
    toy.training_bundle(tmp_path, strange=True)
    assert run(tmp_path, "sft", settings={**SFT, "rate": 0.01, "epochs": 60, "warmup": 0}) == FINISHED
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    evaluations = rows(tmp_path / "run", "evaluations")
    best = min(evaluations, key=lambda row: row["eval_loss"])
    assert result["kept"] == best["step"] < result["step"] < result["steps"]
    assert result["reason"] == f"The held-out loss was lowest after step {best['step']}."
    assert evaluations[-1]["epoch"] == best["epoch"] + SftSettings().patience
    assert result["measured"]["eval_loss"] == best["eval_loss"]
    made = load_checkpoint(tmp_path / "run" / "result" / "model.safetensors")
    assert (made.meta.kind, made.meta.header_style) == ("sft", toy.STYLE)
    # Measured again by the model's own loss: the mean over all characters of the held-out pieces.
    bundle = read_bundle(tmp_path / "bundle")
    pieces = [bundle.patches_of(i)[0] for piece in bundle.pieces if piece.held_out for i in piece.sequences]
    with torch.no_grad():
        losses = [(made.model(torch.from_numpy(ids)[None]).item(), int((ids[1:] != 0).sum())) for ids in pieces]
    mean = sum(loss * count for loss, count in losses) / sum(count for _loss, count in losses)
    assert mean == pytest.approx(best["eval_loss"], rel=1e-4)


def test_readings_of_a_step_are_weighed_by_their_characters(tmp_path):
    """Two small readings a step learn as one large one does, without dropout."""
    toy.training_bundle(tmp_path)
    given = {**SFT, "epochs": 1, "dropout": 0.0, "warmup": 0}
    assert run(tmp_path, "sft", "one", settings={**given, "patches": 10_000}) == FINISHED
    assert run(tmp_path, "sft", "eight", settings={**given, "patches": 1, "batches": 8}) == FINISHED
    assert rows(tmp_path / "eight", "steps")[0]["loss"] == pytest.approx(
        rows(tmp_path / "one", "steps")[0]["loss"], rel=1e-5
    )
    assert furthest(weights(tmp_path / "one"), weights(tmp_path / "eight")) < 2e-4


def test_norms_and_biases_do_not_decay(tmp_path):
    toy.base(tmp_path)
    model = load_checkpoint(tmp_path / "base" / "model.safetensors").model
    names = {id(weight): name for name, weight in model.named_parameters()}
    decayed, spared = (
        {names[id(weight)] for weight in group["params"]} for group in optimizer_of(model, SftSettings()).param_groups
    )
    assert all(name.endswith(".weight") and ".ln_" not in name for name in decayed)
    assert all(name.endswith(".bias") or ".ln_" in name for name in spared)
    assert decayed | spared == set(names.values()) - {"patch_level_decoder.base.wte.weight"}


def test_a_weight_whose_gradient_is_below_epsilon_moves_in_proportion_to_it():
    settings = DpoSettings(rate=0.1, decay=0.0, epsilon=1.0)
    model = torch.nn.Linear(2, 1, bias=False)
    before = model.weight.detach().clone()
    optimizer = optimizer_of(model, settings)
    (model.weight @ torch.tensor([1e-3, 1e3])).sum().backward()
    optimizer.step()
    assert (before - model.weight)[0].tolist() == pytest.approx([1e-4, 0.1], rel=2e-2)


def test_dropout_is_put_into_a_model_without_changing_it(tmp_path):
    toy.base(tmp_path)
    model = load_checkpoint(tmp_path / "base" / "model.safetensors").model
    dropping = with_dropout(model, 0.5)
    ids = torch.tensor([[[1] * 15 + [2], [67] * 16, [68] * 16]])
    with torch.no_grad():
        assert dropping.eval()(ids).item() == model.eval()(ids).item()
        assert dropping.train()(ids).item() != model(ids).item()


def test_nothing_is_sent_anywhere(tmp_path, monkeypatch):
    import huggingface_hub.utils
    import trl.trainer.base_trainer

    sent = []
    monkeypatch.setattr(trl.trainer.base_trainer, "send_telemetry", lambda **what: sent.append(what))
    monkeypatch.setattr(huggingface_hub.utils, "send_telemetry", lambda **what: sent.append(what))
    monkeypatch.delenv("CI", raising=False)
    toy.preference_bundle(tmp_path)
    assert run(tmp_path, "dpo", settings={**DPO, "epochs": 1}) == FINISHED
    assert sent == []
    assert os.environ["HF_HUB_OFFLINE"] == os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"

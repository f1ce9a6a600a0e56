import json
import signal
from collections import namedtuple
from dataclasses import asdict
from decimal import Decimal
from threading import Event

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from curator import jobs
from curator.domain.errors import DomainError
from curator.domain.rights import confirm_rights
from curator.models.jobs import JobState
from curator.models.rights import Purpose
from generation.domain.checkpoints import find_checkpoint, weights_path
from generation.models.checkpoints import Checkpoint, CheckpointKind
from tests.factories import make_film
from tests.generation.writing import small_checkpoint
from tests.training.judged import checkpoint, judged_cue, tossed
from tests.training.rounds import FEW_STEPS, preference_set, small_round
from tests.training.satie import small_piece
from training.domain import rounds, running
from training.domain.choosing import Choice
from training.domain.datasets import build_set
from training.domain.preferences import draft_preferences, freeze_preferences
from training.domain.reasons import PATTERNS, say_reason
from training.domain.rounds import (
    can_resume,
    find_data,
    find_round,
    outlook,
    resume_round,
    run_folder,
    start_round,
    stop_round,
)
from training.executors.executor import Ended
from training.executors.local import LocalExecutor
from training.models.rounds import Round, RoundState
from training.recipes import enough, run
from training.recipes.job import read_settings
from training.recipes.run_folder import RunFolder

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patient(settings):
    """The heartbeat's own connection would not see the test's transaction."""
    settings.JOB_LEASE_SECONDS = 3000


def train(row: Round) -> Round:
    assert row.job is not None
    jobs.execute(row.job.pk)
    return Round.objects.select_related("job", "result", "base").get(pk=row.pk)


def test_every_sentence_of_the_recipes_is_in_the_catalogues():
    assert set(enough.SENTENCES) == set(rounds.SENTENCES)


def test_what_a_run_says_is_said_in_the_readers_language():
    assert say_reason("The loss is no number any more.") == "The loss is no number any more."
    assert say_reason("Something else.") == "Something else."
    said = say_reason("Chosen pieces became less likely by 2.3 nats.")
    assert said == "Chosen pieces became less likely by 2.3 nats."
    assert len({pattern.pattern for pattern, _sentence in PATTERNS}) == len(PATTERNS)


@pytest.mark.parametrize(
    ("cues", "votes", "sentence"),
    [
        (2, 12, "36 more votes and 1 more cues with votes are needed."),
        (3, 12, "24 more votes are needed."),
        (2, 40, "1 more cues with votes are needed."),
    ],
)
def test_too_few_votes_are_refused_with_what_is_missing(owner, cues, votes, sentence):
    data = preference_set(owner, cues=cues, votes=votes)
    assert outlook(data=data, base=small_checkpoint()).trouble == sentence
    with pytest.raises(DomainError, match=sentence):
        start_round(data=data, base=small_checkpoint())
    assert not Round.objects.exists()


def test_few_votes_and_pairs_are_warned_of(owner):
    found = outlook(data=preference_set(owner), base=small_checkpoint())
    assert found.trouble == ""
    assert "72 votes are few: below 160 a round may change little, or learn chance." in found.warnings
    assert any("pairs are few" in warning for warning in found.warnings)


def test_answers_that_could_as_well_be_coins_are_refused_or_doubted(owner):
    film = make_film()
    Checkpoint.objects.filter(pk=checkpoint().pk).update(header=small_checkpoint().header)
    for seed in range(3):
        judged_cue(6, tossed(6, 40, seed=seed), rater=owner, film=film)
    data = freeze_preferences(draft=draft_preferences(film=film))
    assert data.manifest["evidence"] < 0
    found = outlook(data=data, base=small_checkpoint())
    assert found.trouble == (
        f"Coins explain these {data.manifest['answers']} answers better than a taste does: a round would learn "
        "chance. Judge more pairs, then freeze a new set."
    )
    data.manifest["evidence"] = 1.0
    found = outlook(data=data, base=small_checkpoint())
    assert found.trouble == ""
    doubt = "A taste explains the answers only 3 times as well as coins do; below 20 is little."
    assert doubt in found.warnings
    del data.manifest["evidence"]  # frozen before it was asked for
    found = outlook(data=data, base=small_checkpoint())
    assert (found.trouble, doubt in found.warnings) == ("", False)


def test_pairs_in_another_header_than_the_base_are_refused(owner):
    data = preference_set(owner)
    Checkpoint.objects.update(header="bare-three")
    other = Checkpoint.objects.create(name="Other", kind="imported", sha256="1" * 64, size=1, header="labelled")
    weights_path(other).write_bytes(b"x")
    with pytest.raises(DomainError, match="begin in the header style bare-three, Other in labelled"):
        start_round(data=data, base=other)


def test_a_base_without_its_weights_is_refused(owner):
    data = preference_set(owner)
    weights_path(small_checkpoint()).unlink()
    with pytest.raises(DomainError, match="The weights of Small are not on this machine"):
        start_round(data=data, base=Checkpoint.objects.get(name="Small"))


@pytest.mark.parametrize(
    "more",
    [{"executor": "moon"}, {"budget_eur": Decimal(-1)}, {"settings": {"epochs": 0}}, {"settings": {"pace": 1}}],
)
def test_what_makes_no_sense_is_refused(owner, more):
    with pytest.raises(DomainError):
        start_round(data=preference_set(owner), base=small_checkpoint(), **more)


def test_without_settings_a_round_has_those_for_a_base_of_its_size(owner):
    data, base = preference_set(owner), small_checkpoint()
    assert start_round(data=data, base=base).settings == asdict(read_settings("dpo", {"preset": "small"}))
    Checkpoint.objects.filter(pk=base.pk).update(sizes={**base.sizes, "parameters": 500_000_000})
    base.refresh_from_db()
    assert start_round(data=data, base=base).settings == asdict(read_settings("dpo", {}))


def test_rounds_and_their_data_are_found_by_id_name_or_number(owner):
    row = small_round(owner)
    data = row.preference_set
    assert [find_data("dpo", name) for name in (data.public_id, data.name, data.sha256)] == [data] * 3
    assert [find_round(name) for name in (row.public_id, "1")] == [row, row]
    for name in ("nobody", "7"):
        with pytest.raises(DomainError):
            find_round(name)
        with pytest.raises(DomainError):
            find_data("dpo", name)


class Here:
    """An executor that trains in this process, before anybody looks."""

    here = True

    def attend(self, folder):
        kept = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
        try:
            status = run.main([str(folder / "job.json")])
        finally:
            for number, handler in kept:
                signal.signal(number, handler)
        made = Endless()
        made.poll = lambda: {0: Ended.FINISHED, 2: Ended.REFUSED}[status]
        return made


@pytest.fixture
def here(monkeypatch):
    """Rounds are trained in this process."""
    monkeypatch.setattr("training.domain.running.EXECUTORS", {"local": lambda _row: Here()})


def test_a_dpo_round_becomes_a_checkpoint_that_nobody_uses_by_itself(owner, here):
    row = train(small_round(owner))
    base = Checkpoint.objects.get(name="Small")
    assert (row.state, row.error, row.job.state) == (RoundState.MEASURED, "", JobState.DONE)
    made = row.result
    assert (made.kind, made.parent, made.made_by, made.name) == (CheckpointKind.DPO, base, row.public_id, "Round 1")
    assert (made.header, made.vocabulary, made.sampling, made.sizes) == (
        base.header, base.vocabulary, base.sampling, base.sizes,
    )  # fmt: skip
    assert made.sha256 != base.sha256
    assert made.promoted_at is None
    assert find_checkpoint() == base
    rows = list(row.rows.all())
    assert [one.line for one in rows] == list(range(len(rows)))
    written = [json.loads(line) for line in (run_folder(row) / "metrics.jsonl").read_text().splitlines()]
    assert [one.values for one in rows] == written
    assert {"loss", "margin", "accuracy", "chosen", "kl"} <= set(rows[0].values)
    assert "eval_loss" in rows[-1].values
    assert row.metrics["state"] == "finished"
    assert row.metrics["speed"] > 0
    log = (run_folder(row) / "log.txt").read_text()
    assert "training starts" in log
    assert made.sha256 in log
    manifest = json.loads((run_folder(row) / "bundle" / "manifest.json").read_text())
    assert sum(manifest["votes"].values()) == row.preference_set.votes
    assert manifest["source"]["sha256"] == row.preference_set.sha256
    # The worker was lost before it wrote down the end: the next one registers the same.
    Round.objects.update(state=RoundState.STOPPED, result=None)
    resume_round(row=Round.objects.get())
    again = train(Round.objects.get())
    assert (again.state, again.result) == (RoundState.MEASURED, made)
    assert Checkpoint.objects.filter(kind="dpo").count() == 1


class Endless:
    """A run that goes on until it is asked to stop."""

    here, note, saved_step = True, "", 0

    def __init__(self) -> None:
        self.asked = False

    def attend(self, folder):
        return self

    def poll(self):
        return Ended.STOPPED if self.asked else None

    def ask_to_stop(self) -> None:
        self.asked = True

    def kill(self) -> None:
        raise AssertionError("it ended by itself")


def test_a_stopped_round_has_saved_and_can_go_on(owner, monkeypatch):
    row = small_round(owner, epochs=4)
    endless = Endless()
    monkeypatch.setattr("training.domain.running.EXECUTORS", {"local": lambda _row: endless})

    def stop_meanwhile(self, *arguments):
        stop_round(row=Round.objects.select_related("job").get(pk=row.pk))
        original(self, *arguments)

    original = running._Watch._show
    monkeypatch.setattr(running._Watch, "_show", stop_meanwhile)
    monkeypatch.setattr("curator.jobs.PROGRESS_SECONDS", 0.0)
    row = train(row)
    assert endless.asked
    assert (row.state, row.job.state, row.error) == (RoundState.STOPPED, JobState.CANCELLED, "")
    assert can_resume(row)
    assert not Checkpoint.objects.filter(kind="dpo").exists()
    resume_round(row=row)
    row.refresh_from_db()
    assert (row.state, row.job.state) == (RoundState.RUNNING, JobState.QUEUED)
    with pytest.raises(DomainError, match="going on already"):
        resume_round(row=row)


def test_a_rented_machine_goes_on_when_the_worker_is_told_to_end(owner, monkeypatch):
    row = small_round(owner)
    endless = Endless()
    endless.here = False
    monkeypatch.setattr("training.domain.running.EXECUTORS", {"local": lambda _row: endless})
    stopping = Event()
    monkeypatch.setattr("curator.jobs.stopping", stopping)

    def end(self, *arguments):
        stopping.set()
        original(self, *arguments)

    original = running._Watch._show
    monkeypatch.setattr(running._Watch, "_show", end)
    row = train(row)
    assert not endless.asked
    assert (row.state, row.job.state) == (RoundState.RUNNING, JobState.QUEUED)


def test_rows_that_a_run_takes_back_are_written_anew(owner, monkeypatch):
    row = small_round(owner)
    folder = RunFolder(run_folder(row))
    watch = running._Watch(row, jobs.claim(row.job.pk), folder)
    for step in (1, 2, 3):
        folder.note({"step": step, "epoch": 0, "loss": float("nan") if step == 1 else 0.5})
    watch._look()
    folder.go_back_to(2)
    folder.note({"step": 3, "epoch": 0, "loss": 0.25})
    folder.note({"step": 3, "epoch": 1, "eval_loss": 0.75})
    watch._look()
    assert [(one.line, one.step, one.values.get("loss")) for one in row.rows.all()] == [
        (0, 1, None), (1, 2, 0.5), (2, 3, 0.25), (3, 3, None),
    ]  # fmt: skip
    again = running._Watch(row, watch.run, folder)
    with CaptureQueriesContext(connection) as asked:
        again._look()
    assert not any("INSERT" in query["sql"] for query in asked.captured_queries)


def test_a_round_that_waits_can_be_stopped(owner):
    row = small_round(owner)
    stop_round(row=row)
    row.refresh_from_db()
    assert row.state == RoundState.STOPPED
    with pytest.raises(DomainError, match="not running"):
        stop_round(row=Round.objects.get(pk=row.pk))


def test_a_changed_base_fails_the_round_with_a_sentence(owner, here):
    row = small_round(owner)
    path = weights_path(row.base)
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\0")
    row = train(row)
    assert (row.state, row.job.state) == (RoundState.FAILED, JobState.FAILED)
    assert row.error == "The weights of the base checkpoint have changed since they were imported."


@pytest.fixture
def _broken_trainer(monkeypatch):
    class Broken:
        note, saved_step = "", 0

        def poll(self):
            return Ended.BROKEN

    monkeypatch.setattr("training.domain.running.LOOK_SECONDS", 0.01)
    monkeypatch.setattr(LocalExecutor, "attend", lambda self, folder: Broken())


@pytest.mark.usefixtures("_broken_trainer")
def test_a_trainer_that_breaks_again_and_again_is_given_up(owner):
    row = train(small_round(owner))
    assert row.state == RoundState.FAILED
    assert row.error == "The training broke off 3 times after step 0."


@pytest.mark.usefixtures("_broken_trainer")
def test_a_trainer_that_has_no_room_for_a_state_waits_for_it(owner, monkeypatch):
    row = small_round(owner)
    monkeypatch.setattr("shutil.disk_usage", lambda path: namedtuple("Disk", "free")(1000))
    row = train(row)
    assert (row.state, row.job.state) == (RoundState.RUNNING, JobState.QUEUED)
    assert row.job.error == "The disk is full. The work goes on when there is space again."


def test_an_sft_round_learns_the_set_and_carries_its_prompts(owner, here):
    for number in range(4):
        small_piece(number)
    base = small_checkpoint()
    made = build_set(choice=Choice(base=base.public_id), name="Four").training_set
    row = train(start_round(data=made, base=base, settings={**FEW_STEPS, "rate": 1e-3}))
    assert (row.state, row.result.kind, row.result.header) == (RoundState.MEASURED, "sft", made.header)
    prompts = {tuple(line[1:] for line in entry["prompt"][:3]) for entry in made.manifest["pieces"]}
    assert prompts <= {tuple(entry) for entry in row.result.vocabulary["combinations"]}
    assert "Peace" in row.result.vocabulary["stage"]
    assert "eval_loss" in row.rows.last().values


def test_pieces_in_copyright_train_only_while_confirmed(owner):
    for number in range(3):
        small_piece(number)
    piece = small_piece(9, title="Una mattina", composer="Einaudi, Ludovico").piece
    confirm_rights(pieces=[piece], purpose=Purpose.TRAINING, by=owner)
    made = build_set(choice=Choice(), name="Four").training_set
    assert outlook(data=made, base=small_checkpoint()).trouble == ""
    confirm_rights(pieces=[piece], purpose=Purpose.TRAINING, by=owner, granted=False)
    with pytest.raises(DomainError, match="Una mattina is in copyright, and nobody has confirmed that it may train"):
        start_round(data=made, base=small_checkpoint())

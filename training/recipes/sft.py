"""Learns to write like the pieces of a training set."""

from typing import Any, cast

import torch
from torch import Tensor
from transformers import Trainer, TrainingArguments

from generation.notagen.config import ModelConfig
from generation.notagen.model import NotaGen
from training.recipes.bundle import Bundle
from training.recipes.job import Job, SftSettings
from training.recipes.learning import Learning, Watch, arguments, dress, empty_metrics, sequences_of, train
from training.recipes.outcome import Outcome, Signals
from training.recipes.plan import Plan, plan_sft
from training.recipes.run_folder import RunFolder
from training.recipes.trainee import Trainee


class Lessons(Learning, Trainer):
    """The loss is the mean over all scored ids of a step, spread over readings and processes as it may."""

    loss_is_scaled_for_ga = False

    def __init__(
        self,
        model: Trainee,
        bundle: Bundle,
        plan: Plan,
        settings: SftSettings,
        folder: RunFolder,
        args: TrainingArguments,
    ) -> None:
        self.bundle, self.plan, self.settings, self.folder = bundle, plan, settings, folder
        self.patience = settings.patience
        self._metrics = empty_metrics()
        self.held_out = [index for piece in bundle.pieces if piece.held_out for index in piece.sequences]
        self.early = ""
        super().__init__(
            model=model,
            args=args,
            train_dataset=[{"reading": number} for number in range(len(plan.readings))],
            data_collator=self.collate,
        )

    def collate(self, examples: list[dict[str, int]]) -> dict[str, Tensor]:
        """The tensors of one reading and its share of the scored ids of its step."""
        number = examples[0]["reading"]
        reading = self.plan.readings[number]
        together = sum(
            self.bundle.sequences[index].scored for one in self.plan.of_step(number) for index in one.sequences
        )
        return {**sequences_of(self.bundle, reading.sequences), "mean": torch.tensor(together / self.plan.batches)}

    def compute_loss(
        self, model: Any, inputs: dict[str, Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Nats a character."""
        loss = -model(ids=inputs["ids"], scored=inputs["scored"]).sum() / inputs["mean"]
        return (loss, {}) if return_outputs else loss

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Measure the held-out pieces, keep the best weights, end when they were long ago."""
        self.control.should_evaluate = False  # or the end of a run would measure twice
        step = self.state.global_step
        before = [row for row in self.folder.rows() if "eval_loss" in row and row["step"] < step]
        if not self.held_out:
            if self.args.should_save:
                self._save(str(self.folder.kept(step).parent))
            return {}
        found = self.log_probs_of(self.held_out)
        characters = sum(self.bundle.sequences[index].scored for index in self.held_out)
        loss = -sum(found.values()) / characters
        best = min(before, key=lambda row: row["eval_loss"], default=None)
        if best is None or loss < best["eval_loss"]:
            if self.args.should_save:
                self._save(str(self.folder.kept(step).parent))
        elif sum(row["step"] > best["step"] for row in before) + 1 >= self.patience:
            self.early = f"The held-out loss was lowest after step {best['step']}."
            self.control.should_training_stop = True
        logs = {"eval_loss": loss, "eval_characters": float(characters)}
        self.log(logs)
        return logs


def with_dropout(model: NotaGen, dropout: float) -> NotaGen:
    """The same weights in a model that drops out in train mode."""
    config: ModelConfig = model.config
    made = NotaGen(config, dropout=dropout)
    made.load_state_dict(model.state_dict())
    return made


def run_sft(job: Job, bundle: Bundle, model: NotaGen, folder: RunFolder, signals: Signals) -> Outcome:
    """One run on pieces; its result are the weights of the epoch with the lowest held-out loss."""
    settings = cast(SftSettings, job.settings)
    plan = plan_sft(bundle, settings)
    trainee = dress(with_dropout(model, settings.dropout), settings)
    given = arguments(job, plan, folder)
    trainer = Lessons(trainee, bundle, plan, settings, folder, TrainingArguments(**given))
    watch = Watch(job, plan, folder, signals.heart, asked=signals.stop.is_set, judge=_finite)
    found = train(trainer, watch, folder)
    measured = [row for row in folder.rows() if "eval_loss" in row]
    best = min(measured, key=lambda row: row["eval_loss"], default=None)
    return Outcome(
        stopped="" if trainer.early or found.guarded else found.stopped,
        guarded=found.guarded,
        early=trainer.early,
        step=trainer.state.global_step,
        steps=plan.steps,
        kept=int(best["step"]) if best else _last_kept(folder),
        warnings=() if trainer.held_out else ("No piece was held out, so the last epoch is taken, not the best.",),
        main=bool(trainer.args.should_save),
        before=watch.before,
    )


def _finite(row: Any) -> str:
    return "" if torch.isfinite(torch.tensor(row["loss"])) else "The loss is no number any more."


def _last_kept(folder: RunFolder) -> int | None:
    return max((int(path.name.rpartition("-")[2]) for path in folder.path.glob("kept-*")), default=None)

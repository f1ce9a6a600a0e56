"""Learns from preferences: TRL's DPOTrainer on NotaGen, with the loss of training.recipes.loss."""

from typing import Any, cast

import torch
from datasets import Dataset
from torch import Tensor
from trl import DPOConfig, DPOTrainer

from generation.notagen.model import NotaGen
from training.recipes.bundle import Bundle
from training.recipes.enough import enough
from training.recipes.guards import Guards
from training.recipes.job import DpoSettings, Job, JobError
from training.recipes.learning import Learning, Watch, arguments, dress, sequences_of, train
from training.recipes.loss import LogProbs, preference_loss
from training.recipes.outcome import Outcome, Signals
from training.recipes.plan import Plan, Reading, pairs_together, plan_dpo
from training.recipes.run_folder import RunFolder
from training.recipes.trainee import Trainee, no_tokenizer


class PreferenceLearning(Learning):
    """The loss on one reading, the reference and the measuring of held-out pairs, for any Trainer behind it."""

    settings: DpoSettings
    folder: RunFolder
    guards: Guards
    reference: dict[int, float]
    guarded: str = ""

    def begin(self, bundle: Bundle, plan: Plan, settings: DpoSettings, folder: RunFolder) -> None:
        """What must be known before the Trainer's own __init__ runs."""
        self.bundle, self.plan, self.settings, self.folder = bundle, plan, settings, folder
        self.reference = {}
        weights = [
            sum(bundle.pairs[index].weight for index in reading.pairs)
            for reading in pairs_together(bundle, settings.patches)
        ]
        self.usual_weight = sum(weights) / len(weights)
        held_out = pairs_together(bundle, settings.patches, held_out=True)
        self.measured = held_out or pairs_together(bundle, settings.patches)
        self.guards = Guards(settings)

    def learn_reference(self) -> None:
        """Log-probabilities of all pieces under the parent, once, without dropout."""
        kept = self.folder.read("reference.json")
        pieces = [index for pair in self.bundle.pairs for index in (pair.chosen, pair.rejected)]
        if kept and kept["bundle"] == self.bundle.sha256 and kept["precision"] == self.settings.precision:
            self.reference = {int(index): value for index, value in kept["log_probs"].items()}
            return
        self.reference = self.log_probs_of(pieces)
        if self.args.should_save:
            said = {"bundle": self.bundle.sha256, "precision": self.settings.precision, "log_probs": self.reference}
            self.folder.write("reference.json", said)

    def collate(self, examples: list[dict[str, int]]) -> dict[str, Tensor]:
        """The tensors of one reading: pieces (K, T, 16) and the M pairs among them."""
        return self.batch(self.plan.readings[examples[0]["reading"]])

    def batch(self, reading: Reading) -> dict[str, Tensor]:
        """As `collate`, of a reading itself."""
        places = {index: place for place, index in enumerate(reading.sequences)}
        pairs = [self.bundle.pairs[index] for index in reading.pairs]
        return {
            **sequences_of(self.bundle, reading.sequences),
            "chosen": torch.tensor([places[pair.chosen] for pair in pairs]),
            "rejected": torch.tensor([places[pair.rejected] for pair in pairs]),
            "p": torch.tensor([pair.p for pair in pairs]),
            "weight": torch.tensor([pair.weight for pair in pairs]),
            "reference": torch.tensor([self.reference.get(index, 0.0) for index in reading.sequences]),
            "lengths": torch.tensor([float(self.bundle.sequences[index].scored) for index in reading.sequences]),
        }

    def loss_of(self, log_probs: Tensor, inputs: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of one reading and what is to be noted of it.

        The loss is the weighted sum over its pairs by the weight of a usual reading, so that the mean over all
        readings is the weighted mean over all pairs, however they are spread over readings and processes.
        """
        settings, reference, lengths = self.settings, inputs["reference"], inputs["lengths"]
        chosen, rejected, weight = inputs["chosen"], inputs["rejected"], inputs["weight"]

        def sides(values: Tensor) -> LogProbs:
            return LogProbs(values[chosen], values[rejected])

        found = preference_loss(
            sides(log_probs),
            sides(reference),
            beta=settings.beta,
            penalty=settings.penalty,
            anchor=settings.anchor,
            p=inputs["p"] if settings.soft_labels else None,
            lengths=sides(lengths) if settings.per_character else None,
        )
        change = (log_probs - reference).detach()
        noted = {
            "margin": (found.margin * weight).sum() / weight.sum(),
            "accuracy": ((found.margin > 0) * weight).sum() / weight.sum(),
            "chosen": change[chosen].mean(),
            "rejected": change[rejected].mean(),
            "fallen": (change[chosen] < 0).float().mean(),
            "penalty": found.penalty.mean(),
            # The pieces were written by the parent, so this estimates KL(parent || model) from them.
            "kl": (-change / lengths).mean(),
        }
        return (found.loss * weight).sum() / self.usual_weight, noted

    def loss_on(self, model: Any, inputs: dict[str, Tensor]) -> Tensor:
        """Forward and loss of one reading in training."""
        loss, noted = self.loss_of(model(ids=inputs["ids"], scored=inputs["scored"]), inputs)
        self.note(noted)
        return loss

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Measure the held-out pairs (where there are none, all); keep the weights if no guard trips."""
        self.control.should_evaluate = False  # or the end of a run would measure twice
        found = self.log_probs_of(index for reading in self.measured for index in reading.sequences)
        sums: dict[str, float] = {}
        pairs = 0
        for reading in self.measured:
            inputs = self.batch(reading)
            log_probs = torch.tensor([found[index] for index in reading.sequences])
            loss, noted = self.loss_of(log_probs, inputs)
            values = {"loss": loss * self.usual_weight / inputs["weight"].sum(), **noted}
            for name, value in values.items():
                sums[name] = sums.get(name, 0.0) + float(value) * len(reading.pairs)
            pairs += len(reading.pairs)
        means = {name: value / pairs for name, value in sums.items()}
        self.guarded = self.guards.judge(means)
        step = self.state.global_step
        if not self.guarded and self.args.should_save:
            self._save(str(self.folder.kept(step).parent))
        logs = {f"eval_{name}": value for name, value in means.items()}
        logs |= {"eval_pairs": float(pairs), "eval_passed": float(not self.guarded)}
        self.log(logs)
        if self.guarded:
            self.control.should_training_stop = True
        return logs


class Preferences(PreferenceLearning, DPOTrainer):
    """TRL's trainer. Of its methods, those that read text, count tokens or hold a second model are ours."""

    def __init__(
        self, model: Trainee, bundle: Bundle, plan: Plan, settings: DpoSettings, folder: RunFolder, args: DPOConfig
    ) -> None:
        self.begin(bundle, plan, settings, folder)
        super().__init__(
            model=model,
            args=args,
            train_dataset=Dataset.from_dict({"reading": list(range(len(plan.readings)))}),
            processing_class=no_tokenizer(),
            data_collator=self.collate,
        )

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset  # ids already

    def _precompute_ref_logps(self, dataset: Any, *_: Any, **__: Any) -> Any:
        self.learn_reference()  # a piece once, not a pair; and no cache that only one process can see
        return dataset

    def _compute_loss(self, model: Any, inputs: dict[str, Tensor], return_outputs: bool) -> Any:
        loss = self.loss_on(model, inputs)
        return (loss, {}) if return_outputs else loss

    def _send_telemetry(self) -> None:
        """Nothing is sent."""

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """TRL's card would tell of a language model; ours is made with the result."""


def config(values: dict[str, Any]) -> DPOConfig:
    """TRL's settings; what is its own (beta, loss type) is in our loss instead."""
    return DPOConfig(
        **values,
        max_length=None,
        precompute_ref_log_probs=True,
        disable_dropout=True,
        gradient_checkpointing=None,
        activation_checkpointing=False,  # ours covers both levels
        loss_type="sigmoid",
    )


def run_dpo(job: Job, bundle: Bundle, model: NotaGen, folder: RunFolder, signals: Signals) -> Outcome:
    """One run on preferences. Raises JobError when there is too little to learn from."""
    settings = cast(DpoSettings, job.settings)
    votes = enough(bundle.votes)
    if votes.refused:
        raise JobError(str(votes.sentence))
    plan = plan_dpo(bundle, settings)
    model.eval()
    trainer = Preferences(dress(model, settings), bundle, plan, settings, folder, config(arguments(job, plan, folder)))
    watch = Watch(job, plan, folder, signals.heart, asked=signals.stop.is_set, judge=trainer.guards.step)
    found = train(trainer, watch, folder)
    warnings = [*bundle.warnings, *([str(votes.sentence)] if votes.few else [])]
    passed = [int(row["step"]) for row in folder.rows() if row.get("eval_passed")]
    guarded = found.guarded or trainer.guarded
    return Outcome(
        stopped="" if guarded else found.stopped,
        guarded=guarded,
        step=trainer.state.global_step,
        steps=plan.steps,
        kept=max(passed, default=None),
        warnings=tuple(warnings),
        main=bool(trainer.args.should_save),
        before=watch.before,
    )

"""What both recipes share: one training run by transformers' Trainer, watched, saved, stopped and taken up again."""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import PrinterCallback, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from generation.notagen.checkpoint import write_weights
from generation.notagen.model import NotaGen
from training.recipes.bundle import Bundle
from training.recipes.job import Job, JobError, Settings
from training.recipes.memory import LARGE
from training.recipes.plan import Plan, share_of_rate
from training.recipes.run_folder import Heart, RunFolder
from training.recipes.scoring import in_batches, stack
from training.recipes.trainee import Trainee, compute_again

Judge = Callable[[Mapping[str, float]], str]
"""Says in a sentence why a run must end, or nothing."""


@dataclass
class Watched:
    """Why a run ended, if not because it was over: `stopped` may be taken up again, `guarded` and `early` may not."""

    stopped: str = ""
    guarded: str = ""
    early: str = ""
    evaluations: list[dict[str, float]] = field(default_factory=list)


class Watch(TrainerCallback):
    """Between two steps: beats, writes metrics, looks for a reason to stop, says when to measure and to save."""

    def __init__(
        self, job: Job, plan: Plan, folder: RunFolder, heart: Heart, *, asked: Callable[[], bool], judge: Judge
    ) -> None:
        self.found = Watched()
        self._job, self._plan, self._folder, self._heart = job, plan, folder, heart
        self._asked, self._judge = asked, judge
        self._began = self._saved = time.monotonic()
        self.before = 0.0
        """Seconds that earlier processes of this run trained, up to the state that it is taken up from."""

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._heart.say(state="training", step=state.global_step, steps=self._plan.steps)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        now = time.monotonic()
        self._heart.say(step=state.global_step)
        limit = self._job.time_limit
        reason = 0
        if self._asked() or self._folder.stop_wanted:
            reason = 1
        elif limit is not None and now - self._began > limit:
            reason = 2
        # All processes must do the same, whichever of them was asked.
        due = now - self._saved > self._job.save_every
        reason, due = agreed(reason, due, device=args.device)
        if reason:
            self.found.stopped = ("", "Stopped on request.", "The time limit was reached.")[reason]
            control.should_training_stop = True
        if state.global_step in self._plan.epoch_ends:
            control.should_evaluate = True
        if reason or due or control.should_evaluate:
            control.should_save = True

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        if not logs or "train_runtime" in logs:
            return
        evaluation = any(name.startswith("eval_") for name in logs)
        if state.is_world_process_zero:
            place = {"step": state.global_step, "epoch": self._plan.epoch(state.global_step)}
            self._folder.note({**logs, **place, "seconds": round(self.before + time.monotonic() - self._began, 2)})
        if not evaluation and not self.found.stopped and (guarded := self._judge(logs)):
            self.found.guarded = guarded
            control.should_training_stop = True

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        agreed(0, False, device=args.device)  # all have written their part
        if state.is_world_process_zero:
            (self._folder.checkpoints / f"checkpoint-{state.global_step}" / "whole").touch()
        self._saved = time.monotonic()


def agreed(reason: int, due: bool, *, device: torch.device) -> tuple[int, bool]:
    """The largest of what the processes of a run say; waits for all of them."""
    if not torch.distributed.is_initialized():
        return reason, due
    said = torch.tensor([reason, int(due)], device=device)
    torch.distributed.all_reduce(said, op=torch.distributed.ReduceOp.MAX)
    return int(said[0]), bool(said[1])


class Learning:
    """Goes before a Trainer among the bases of a class: order, optimizer, rate and files are ours, the loop is its."""

    model: Trainee
    settings: Settings
    bundle: Bundle
    plan: Plan
    _metrics: Any
    # The Trainer's own:
    accelerator: Any
    args: Any
    control: Any
    state: Any

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW; matrices decay, norms and biases do not."""
        made = optimizer_of(self.model.notagen, self.settings)
        self.optimizer = made
        return made

    def create_scheduler(self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None) -> Any:
        """The rate drives the optimizer that is used (the reference's warm-up drives one that is thrown away)."""
        settings, steps = self.settings, self.plan.steps

        def share(step: int) -> float:
            return share_of_rate(step, steps=steps, warmup=settings.warmup, floor=settings.floor)

        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, share)
        return self.lr_scheduler

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        if self.args.should_save:
            folder = Path(output_dir or self.args.output_dir)
            write_weights(folder / "model.safetensors", self.model.notagen, torch.float32)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        fill(self.model.notagen, Path(resume_from_checkpoint) / "model.safetensors")

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the means of what was noted since the last time."""
        noted = self._metrics["train"]
        if not any(name.startswith("eval_") for name in logs):
            logs.update({name: sum(values) / len(values) for name, values in noted.items()})
            noted.clear()
        super().log(logs, start_time)  # type: ignore[misc]

    def note(self, values: Mapping[str, Tensor]) -> None:
        """Remember the mean over all processes of some numbers of this reading."""
        together = torch.stack([value.detach().float() for value in values.values()])
        means = self.accelerator.gather(together).view(-1, len(together)).mean(0)
        for name, value in zip(values, means.tolist(), strict=True):
            self._metrics["train"][name].append(value)

    @torch.no_grad()
    def log_probs_of(self, indexes: Iterable[int]) -> dict[int, float]:
        """Log-probability of sequences without dropout, shared among the processes."""
        wanted = sorted(set(indexes))
        was_training = self.model.training
        self.model.eval()
        lengths = [self.bundle.sequences[index].patches for index in wanted]
        total = torch.zeros(len(wanted), dtype=torch.float64)
        rank, world = self.args.process_index, self.args.world_size
        for group in in_batches(lengths, self.settings.patches)[rank::world]:
            batch = sequences_of(self.bundle, [wanted[place] for place in group])
            with self.accelerator.autocast():
                found = self.model(**{name: value.to(self.args.device) for name, value in batch.items()})
            total[group] = found.double().cpu()
        if world > 1:
            total = total.to(self.args.device)
            torch.distributed.all_reduce(total)
        self.model.train(was_training)
        return dict(zip(wanted, total.tolist(), strict=True))


def optimizer_of(model: NotaGen, settings: Settings) -> torch.optim.Optimizer:
    """AdamW as in the reference but for decay, which norms and biases are spared."""
    learned = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in learned if weight.dim() > 1], "weight_decay": settings.decay},
        {"params": [weight for weight in learned if weight.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.999), eps=settings.epsilon, fused=True)


def fill(model: NotaGen, file: Path) -> None:
    """Load weights that `write_weights` wrote."""
    state = load_file(file)
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or set(missing) > {"char_level_decoder.base.lm_head.weight"}:
        raise JobError(f"{file} does not hold the weights of this run.")


def sequences_of(bundle: Bundle, indexes: Sequence[int]) -> dict[str, Tensor]:
    """ids and scored, (B, T, 16) each, of these sequences."""
    parts = [bundle.patches_of(index) for index in indexes]
    return {
        "ids": stack([torch.from_numpy(ids) for ids, _mask in parts]),
        "scored": stack([torch.from_numpy(mask) for _ids, mask in parts]),
    }


def dress(model: NotaGen, settings: Settings) -> Trainee:
    """The model ready for a trainer."""
    again = settings.checkpointing
    if again if again is not None else model.config.parameters > LARGE:
        compute_again(model)
    return Trainee(model)


def arguments(job: Job, plan: Plan, folder: RunFolder) -> dict[str, Any]:
    """Keyword arguments of TrainingArguments, or of TRL's kind of them. Raises JobError."""
    settings = job.settings
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if settings.batches % world:
        raise JobError(f"{settings.batches} batches a step cannot be shared by {world} processes.")
    cuda = torch.cuda.is_available()
    return {
        "output_dir": str(folder.checkpoints),
        "max_steps": plan.steps,
        "per_device_train_batch_size": 1,  # one reading
        "gradient_accumulation_steps": settings.batches // world,
        "train_sampling_strategy": "sequential",
        "learning_rate": settings.rate,
        "max_grad_norm": settings.clip,
        "bf16": settings.precision == "bfloat16",
        "use_cpu": not cuda,
        "ddp_backend": None if world == 1 else "nccl" if cuda else "gloo",
        "ddp_find_unused_parameters": False,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "no",  # the watch says when
        "save_total_limit": 2,  # the older one counts until the newer one is whole
        "eval_strategy": "no",
        "seed": settings.seed,
        "data_seed": settings.seed,
        "remove_unused_columns": False,
        "dataloader_pin_memory": cuda,
        "disable_tqdm": True,
        "report_to": "none",
    }


def train(trainer: Any, watch: Watch, folder: RunFolder) -> Watched:
    """Run a trainer from the newest whole state, or from the start."""
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(watch)
    newest = folder.newest_state()
    if trainer.args.should_save:
        folder.go_back_to(newest[1] if newest else 0)
    agreed(0, False, device=trainer.args.device)
    watch.before = max((float(row["seconds"]) for row in folder.rows()), default=0.0)
    watch.found.evaluations = [row for row in folder.rows() if any(name.startswith("eval_") for name in row)]
    trainer.train(resume_from_checkpoint=str(newest[0]) if newest else None)
    return watch.found


def empty_metrics() -> dict[str, Any]:
    """As TRL keeps them, for trainers that are not TRL's."""
    return {"train": defaultdict(list), "eval": defaultdict(list)}

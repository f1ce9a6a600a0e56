"""What a worker does with a round: makes its bundle, watches its run, keeps what it measured, registers the result."""

import errno
import json
import logging
import shutil
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings
from django.db import Error as DatabaseTrouble
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from curator import jobs
from curator.domain.errors import DomainError
from curator.domain.turns import gpu_turn
from curator.jobs import Cancelled, Interrupted, LeaseLost, Run
from generation.domain.carrying import bring_weights
from generation.domain.checkpoints import register_result, store_weights, weights_path
from generation.domain.prompts import known_prompts
from generation.models.checkpoints import CheckpointKind
from generation.notagen.header import HEADER_STYLES, HeaderStyle
from training.domain.datasets import lessons_of
from training.domain.estimates import speed_of
from training.domain.executors import EXECUTORS
from training.domain.preference_files import HELD_OUT, TRAIN
from training.domain.preferences import files_of
from training.domain.reasons import say_reason
from training.domain.rounds import run_folder, votes_of
from training.executors.executor import Attempt, Ended, Executor
from training.executors.local import LOG, heartbeat
from training.models.rounds import Round, RoundMetric, RoundState
from training.recipes.bundle import BundleError
from training.recipes.bundling import build_dpo, build_sft
from training.recipes.frozen import preferences_of
from training.recipes.run_folder import RunFolder

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
TOLD_SECONDS = 15.0
"""How often the log says where a run is."""

CRASHES = 3
"""So many ends at the same state are no accident."""

STATE_SIZE = 3
"""A state holds the weights and two moments of each; where so much has no room, that is why a run breaks off."""

PATIENCE_SECONDS = 300.0
"""How long a run that was asked to stop may take over its last step and its state."""

HURRY_SECONDS = 5.0
"""The same while the worker itself is told to end; the run then ends by itself, and the next worker waits for it."""


def run_round(*, round_id: int, run: Run) -> dict[str, Any]:
    """Train a round to its end; what the job keeps as its result. Safe to run twice, and beside a living trainer."""
    row = Round.objects.select_related("training_set", "preference_set", "base").filter(pk=round_id).first()
    if row is None or row.state != RoundState.RUNNING:
        return {}
    watch = _Watch(row, run, RunFolder(run_folder(row)))
    watch.prepare()
    executor = EXECUTORS[row.executor](row)
    with gpu_turn(run, waiting=watch.wait, alone=True) if executor.here else nullcontext():
        Round.objects.filter(pk=row.pk).update(started_at=Coalesce("started_at", timezone.now()))
        while watch.result() is None:
            watch.attend(executor)
    return watch.finish()


@dataclass
class _Watch:
    """One worker's view of a run."""

    row: Round
    run: Run
    folder: RunFolder
    crashes: int = 0
    crashed_at: int = -1
    _told: float = 0.0
    _told_step: int = -1
    _kept: list[dict[str, Any]] = field(default_factory=list)
    _size: int = -1

    @property
    def path(self) -> Path:
        return self.folder.path

    def prepare(self) -> None:
        """Make the bundle and the job file, once."""
        if (self.path / "job.json").is_file():
            return
        self.run.progress(0, 1, _("Prepares the data"))
        try:
            make_bundle(self.row, self.path / "bundle")
        except BundleError as error:
            raise DomainError(say_reason(str(error))) from error
        row = self.row
        self.folder.write(
            "job.json",
            {
                "recipe": row.recipe,
                "bundle": "bundle",
                "out": ".",
                "save_every": django_settings.ROUND_SAVE_SECONDS,
                "base": {
                    "file": str(bring_weights(weights_path(row.base))),
                    "sha256": row.base.meta.get("stored_sha256", row.base.sha256),
                },
                "settings": row.settings,
            },
        )
        self.tell(f"{row} on {row.base.name}: bundle {(self.path / 'bundle' / 'manifest.json').stat().st_size} bytes")

    def wait(self) -> None:
        """The GPU is not free yet."""
        self.run.progress(0, 1, _("Waits for the GPU"))

    def result(self) -> dict[str, Any] | None:
        """The manifest of the result, once there is one."""
        return self.folder.read("result.json")

    def attend(self, executor: Executor) -> None:
        """Start the run or take it over, and watch it until it ends. Returns when it may be started again."""
        self.run.check()
        attempt = executor.attend(self.path)
        self.tell("training starts")
        try:
            while (ended := attempt.poll()) is None:
                self._look()
                self._show(attempt.note)
                time.sleep(LOOK_SECONDS)
        except Cancelled:
            self._stop(attempt)
            raise
        except Interrupted:
            if executor.here:  # a rented machine goes on without us
                self._stop(attempt)
            raise
        except (LeaseLost, DatabaseTrouble):
            raise  # whoever has the job next takes the trainer over
        except Exception:
            attempt.ask_to_stop()
            raise
        self._look()
        self.tell(f"the trainer ended: {ended}")
        if ended == Ended.REFUSED:
            raise DomainError(say_reason(str(heartbeat(self.path).get("reason", ""))) or _("The run was refused."))
        if ended == Ended.BROKEN:
            self._count_crash(attempt.saved_step, here=executor.here)

    def _show(self, note: str) -> None:
        """Progress for the page, now and then a line in the log."""
        said = heartbeat(self.path)
        step, steps = int(said.get("step", 0)), int(said.get("steps", 0))
        note = note or ("" if steps else _("Loads the model"))
        self.run.progress(step, max(steps, 1), note)
        if steps and step != self._told_step and time.monotonic() - self._told > TOLD_SECONDS:
            self._told_step = step
            loss = next((row["loss"] for row in reversed(self._kept) if row.get("loss") is not None), None)
            self.tell(f"step {step} of {steps}" + (f", loss {loss:.4f}" if loss is not None else ""))
        self.run.check()

    def _stop(self, attempt: Attempt) -> None:
        """Let the run save; while this worker is ending, for a few seconds only."""
        attempt.ask_to_stop()
        ends = time.monotonic() + (HURRY_SECONDS if jobs.stopping.is_set() else PATIENCE_SECONDS)
        while attempt.poll() is None and time.monotonic() < ends:
            time.sleep(0.2)
        if attempt.poll() is None and not jobs.stopping.is_set():
            attempt.kill()
        self._look()
        self.tell("stopped")

    def _count_crash(self, step: int, *, here: bool) -> None:
        self.crashes = 1 if step > self.crashed_at else self.crashes + 1
        self.crashed_at = step
        if self.crashes >= CRASHES:
            state = STATE_SIZE * weights_path(self.row.base).stat().st_size
            if here and shutil.disk_usage(self.path).free < state:
                raise OSError(errno.ENOSPC, "no room for a state of the run", str(self.path))
            reason = say_reason(str(heartbeat(self.path).get("reason", "")))
            sentence = _("The training broke off %(count)d times after step %(step)d.")
            raise DomainError(f"{sentence % {'count': self.crashes, 'step': step}} {reason}".strip())
        time.sleep(LOOK_SECONDS)

    def _look(self) -> None:
        """Bring the rows of the database in step with those of the run."""
        file = self.path / "metrics.jsonl"
        size = file.stat().st_size if file.is_file() else 0
        if size == self._size:
            return
        self._size = size
        rows = [_finite(row) for row in self.folder.rows()]
        if not self._kept:
            self._kept = list(self.row.rows.values_list("values", flat=True))
        pairs = zip(rows, self._kept, strict=False)
        same = next(
            (place for place, (one, other) in enumerate(pairs) if one != other), min(len(rows), len(self._kept))
        )
        with self.run.commit():
            RoundMetric.objects.filter(round=self.row, line__gte=same).delete()
            RoundMetric.objects.bulk_create(
                RoundMetric(round=self.row, line=same + place, step=row["step"], values=row)
                for place, row in enumerate(rows[same:])
            )
        self._kept = rows

    def tell(self, text: str) -> None:
        """A line in the log of the round."""
        self._told = time.monotonic()
        now = timezone.localtime(timezone.now())
        log.info("round %s: %s", self.row.number, text)
        with (self.path / LOG).open("a", encoding="utf-8") as file:
            file.write(f"{_clock(now)} {text}\n")

    def finish(self) -> dict[str, Any]:
        """Check and register what came out, in one transaction with the end of the round."""
        self._look()
        result = self.result()
        if result is None:
            raise AssertionError("only a finished run is registered")
        reason = say_reason(str(result["reason"]))
        row = self.row
        metrics = {
            **{name: result[name] for name in ("state", "step", "steps", "kept", "measured", "warnings", "seconds")},
            "reason": result["reason"],
            "files": result["files"],
            "versions": result["versions"],
            "speed": speed_of(row, done=result["step"] / max(1, result["steps"]), seconds=result["seconds"]),
        }
        metrics["measured"] = _finite(metrics["measured"])
        if not result["weights"]:
            with self.run.commit():
                self._end(RoundState.FAILED, metrics=metrics, error=reason)
            self.tell(f"no result: {result['reason']}")
            return {"round": row.public_id}
        store_weights(path=self.path / "result" / "model.safetensors", sha256=result["weights"])
        with self.run.commit():
            made = register_result(
                sha256=result["weights"],
                name=_("Round %(number)d") % {"number": row.number},
                kind=CheckpointKind(row.recipe),
                parent=row.base,
                header=row.training_set.header if row.training_set else row.base.header,
                vocabulary=vocabulary_after(row),
                meta={
                    "training": {"recipe": row.recipe, **row.settings, "step": result["kept"]},
                    "measured": metrics["measured"],
                    "data_sha256": (row.training_set or row.preference_set).sha256,  # type: ignore[union-attr]
                },
                made_by=row.public_id,
            )
            self._end(RoundState.MEASURED, metrics=metrics, error=reason, result=made)
        shutil.rmtree(self.path / "result", ignore_errors=True)  # the registry has it
        self.tell(f"result: {made.name}, sha256 {made.sha256}")
        return {"round": row.public_id, "checkpoint": made.public_id}

    def _end(self, state: RoundState, **changes: Any) -> None:
        Round.objects.filter(pk=self.row.pk).update(state=state, finished_at=timezone.now(), **changes)


def make_bundle(row: Round, folder: Path) -> str:
    """Write what a round learns from; its sha256. Raises DomainError and BundleError."""
    patch_length = int(row.base.sizes["patch_length"])
    base_sha256 = str(row.base.meta.get("stored_sha256", row.base.sha256))
    if row.training_set is not None:
        source = {"kind": "training set", "name": row.training_set.name, "sha256": row.training_set.sha256}
        return build_sft(
            folder,
            lessons_of(row.training_set),
            header=row.training_set.header,
            patch_length=patch_length,
            base_sha256=base_sha256,
            seed=int(row.settings["seed"]),
            source=source,
        )
    frozen = row.preference_set
    if frozen is None:
        raise AssertionError("a round has its data")
    files = files_of(frozen=frozen)
    texts, pairs = preferences_of(_lines(files[TRAIN]), _lines(files[HELD_OUT]))
    source = {"kind": "preference set", "name": frozen.name, "sha256": frozen.sha256}
    return build_dpo(
        folder,
        texts,
        pairs,
        votes=votes_of(frozen),
        header=row.base.header,
        patch_length=patch_length,
        base_sha256=base_sha256,
        source=source,
    )


def vocabulary_after(row: Round) -> dict[str, Any]:
    """The prompts that the result knows: the parent's, and those of a training set."""
    words: dict[str, Any] = row.base.vocabulary if isinstance(row.base.vocabulary, dict) else {}
    if row.training_set is None:
        return words
    style = HEADER_STYLES.get(row.training_set.header, HeaderStyle())
    prompts = [entry.get("prompt", ()) for entry in row.training_set.manifest["pieces"]]
    learned = {tuple(_word(line, style) for line in prompt[: 3 + style.stage]) for prompt in prompts if len(prompt) > 2}
    known = {(one.period, one.composer, one.instrumentation) for one in known_prompts(row.base)}
    made = dict(words)
    if new := sorted({prompt[:3] for prompt in learned} - known):
        made = {"combinations": [list(prompt) for prompt in [*sorted(known), *new]]}
    if stages := [*words.get("stage", []), *sorted({prompt[3] for prompt in learned if len(prompt) > 3})]:
        made["stage"] = list(dict.fromkeys(stages))
    return made


def _word(line: str, style: HeaderStyle) -> str:
    return line.partition(": ")[2] if style.labelled else line.removeprefix("%")


def _lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().splitlines()]


def _finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """Databases take no NaN in JSON."""
    return {name: value if not isinstance(value, float) or isfinite(value) else None for name, value in row.items()}


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"

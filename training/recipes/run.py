"""Runs a training job on any machine with torch: the app, a rented pod and a person at a shell all start this.

    python -m training.recipes.run job.json
    torchrun --nproc-per-node 2 -m training.recipes.run job.json

Exit status 0: the result is written (again: nothing is done). 3: stopped on request or by the time limit, start it
again to go on. 2: the job cannot be run, the reason is on stderr and in the heartbeat. Anything else: it broke.
"""

import os
import sys
import threading
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curator.processes import on_stop_request
from training.recipes.bundle import Bundle, BundleError, read_bundle
from training.recipes.job import Job, JobError, read_job
from training.recipes.outcome import Outcome, Signals
from training.recipes.run_folder import Heart, RunFolder

if TYPE_CHECKING:
    from generation.notagen.checkpoint import Checkpoint

FINISHED, BROKEN, REFUSED, STOPPED = 0, 1, 2, 3

#: Nothing leaves the machine: no telemetry, no look at a model hub.
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "TQDM_DISABLE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the job in a file; see the module's text."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 1:
        print("usage: python -m training.recipes.run job.json", file=sys.stderr)
        return REFUSED
    os.environ.update(QUIET)
    first = os.environ.get("RANK", "0") == "0"
    try:
        job = read_job(Path(given[0]))
    except JobError as error:
        print(error, file=sys.stderr)
        return REFUSED
    folder = RunFolder(job.out)
    done = folder.read("result.json")
    if done and done["job"] == job.sha256:
        print("This job is finished; its result is there.")
        return FINISHED
    stop = threading.Event()
    on_stop_request(stop)
    heart = Heart(folder, job=job.sha256)
    if first:
        heart.start()
    end = heart.end if first else (lambda *_, **__: None)
    try:
        outcome = _learn(job, folder, Signals(stop, heart))
    except (JobError, BundleError) as error:
        end("refused", reason=str(error))
        print(error, file=sys.stderr)
        return REFUSED
    except BaseException as error:
        end("failed", reason=f"{type(error).__name__}: {error}")
        raise
    end("stopped" if outcome.stopped else "guarded" if outcome.guarded else "finished", reason=outcome.stopped)
    return STOPPED if outcome.stopped else FINISHED


def _learn(job: Job, folder: RunFolder, signals: Signals) -> Outcome:
    # torch, transformers and trl take seconds to load: only here, behind all that can be refused without them.
    import torch

    from generation.notagen.checkpoint import NotACheckpoint, load_checkpoint, says_of_itself

    bundle = read_bundle(job.bundle)
    if bundle.recipe != job.recipe:
        raise JobError(f"This bundle is for the recipe {bundle.recipe}, not {job.recipe}.")
    if bundle.base_sha256 not in ("", job.base_sha256):
        raise JobError("This bundle was made for another base checkpoint.")
    try:
        base = load_checkpoint(job.base)
    except NotACheckpoint as error:
        raise JobError(str(error)) from error
    if base.sha256 != job.base_sha256:
        raise JobError("The base checkpoint is not the one that the job names.")
    if job.recipe == "dpo" and says_of_itself(job.base) and base.meta.header_style != bundle.header_style:
        raise JobError(f"The pairs begin in the style {bundle.header_style}, the model in {base.meta.header_style}.")
    if bundle.patch_length > base.config.patch_length:
        raise JobError(
            f"The bundle holds pieces of {bundle.patch_length} patches, this model reads {base.config.patch_length}."
        )
    if not folder.belongs_to(job.sha256):
        raise JobError("The folder holds the run of another job.")
    began = time.time()
    torch.manual_seed(job.settings.seed)
    if job.recipe == "sft":
        from training.recipes.sft import run_sft as recipe
    else:
        from training.recipes.dpo import run_dpo as recipe
    outcome = recipe(job, bundle, base.model, folder, signals)
    if outcome.main and not outcome.stopped:
        _write_result(job, bundle, base, folder, outcome, seconds=outcome.before + time.time() - began)
    return outcome


def _write_result(
    job: Job, bundle: Bundle, base: "Checkpoint", folder: RunFolder, outcome: Outcome, *, seconds: float
) -> None:
    """The weights with their meta, then the manifest of everything, last."""
    import torch

    from generation.notagen.checkpoint import Meta, file_sha256, save_safetensors
    from generation.notagen.model import NotaGen
    from training.recipes.learning import fill

    rows = list(folder.rows())
    measured: dict[str, Any] = next(
        (row for row in reversed(rows) if row["step"] == outcome.kept and "eval_loss" in row), {}
    )
    files = [folder.path / "metrics.jsonl"]
    weights = folder.path / "result" / "model.safetensors"
    if outcome.kept is not None:
        model = NotaGen(base.config)
        fill(model, folder.kept(outcome.kept))
        training = {
            "recipe": job.recipe,
            **asdict(job.settings),
            "step": outcome.kept,
            **{name: value for name, value in measured.items() if name.startswith("eval_")},
        }
        meta = Meta(
            kind=job.recipe,
            header_style=bundle.header_style,
            vocabulary=base.meta.vocabulary,
            sampling=base.meta.sampling,
            data_sha256=bundle.sha256,
            parent=base.sha256,
            seed=job.settings.seed,
            training=training,
        )
        save_safetensors(weights, model, meta, torch.float32)
        files += [weights, weights.with_name("meta.json")]
    names = {path.relative_to(folder.path).as_posix(): file_sha256(path) for path in files if path.is_file()}
    folder.write(
        "result.json",
        {
            "state": "guarded" if outcome.guarded else "finished",
            "reason": outcome.guarded or outcome.early,
            "job": job.sha256,
            "recipe": job.recipe,
            "bundle": bundle.sha256,
            "base": base.sha256,
            "weights": names.get("result/model.safetensors", ""),
            "step": outcome.step,
            "steps": outcome.steps,
            "kept": outcome.kept,
            "measured": measured,
            "warnings": list(outcome.warnings),
            "seconds": round(seconds, 1),
            "versions": {name: version(name) for name in ("torch", "transformers", "trl", "accelerate")},
            "files": names,
        },
    )
    folder.tidy()


if __name__ == "__main__":
    sys.exit(main())

"""The kinds of job of this app. Each handler is safe to run twice."""

from typing import Any

from curator.jobs import Run, job
from curator.sweeps import swept
from generation.domain.ear import SCORE_JOB, score_takes
from generation.domain.handing_out import EXPORT_JOB, IMPORT_JOB, import_requested, write_reference
from generation.domain.requests import end_part
from generation.domain.sharing import WRITE_JOB, call_helpers
from generation.domain.writing import write_request

swept(every=2)(call_helpers)


@job(WRITE_JOB, on_end=end_part, on_done=end_part)
def write(run: Run, *, request: int, cue: int) -> dict[str, Any]:  # noqa: ARG001 (curator reads the cue)
    """Write the candidates of a request."""
    return write_request(request_id=request, run=run)


@job(EXPORT_JOB)
def export(run: Run, *, checkpoint: int, name: str = "") -> dict[str, Any]:  # noqa: ARG001 (the workers page reads it)
    """Write a checkpoint in the reference's form."""
    run.check()
    return write_reference(checkpoint_id=checkpoint)


@job(IMPORT_JOB)
def take_in(run: Run, *, path: str, name: str, header: str, prompts: str, uploaded: bool) -> dict[str, Any]:
    """Take a file of weights into the registry."""
    return import_requested(path=path, name=name, header=header, prompts=prompts, uploaded=uploaded, run=run)


@job(SCORE_JOB)
def score(run: Run, *, cue: int, encoder: int) -> dict[str, Any]:
    """Make vectors and scores of the takes of a cue."""
    return score_takes(cue_id=cue, encoder_id=encoder, run=run)

"""The kinds of job of this app. Each handler is safe to run twice."""

from typing import Any

from curator.jobs import Run, job
from generation.domain.requests import WRITE_JOB, end_request
from generation.domain.writing import write_request


@job(WRITE_JOB, on_end=end_request)
def write(run: Run, *, request: int, cue: int) -> dict[str, Any]:  # noqa: ARG001 (curator reads the cue)
    """Write the candidates of a request."""
    return write_request(request_id=request, run=run)

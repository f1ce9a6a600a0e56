"""The kinds of job of this app. Each handler is safe to run twice."""

from typing import Any

from curator.jobs import Run, job
from training.domain.datasets import BUILD_JOB, build_requested


@job(BUILD_JOB)
def build_set(run: Run, *, choice: dict[str, Any], name: str, language: str | None = None) -> dict[str, Any]:
    """Build one training set."""
    return build_requested(choice=choice, name=name, language=language, run=run)

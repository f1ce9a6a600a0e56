"""The kinds of job of this app. Each handler is safe to run twice."""

from typing import Any

from curator.jobs import Run, job
from training.domain.datasets import BUILD_JOB, build_requested
from training.domain.measuring import MEASURE_JOB, measure
from training.domain.rounds import ROUND_JOB, end_round
from training.domain.running import run_round
from training.domain.taste import TASTE_JOB, learn_taste


@job(BUILD_JOB)
def build_set(run: Run, *, choice: dict[str, Any], name: str, language: str | None = None) -> dict[str, Any]:
    """Build one training set."""
    return build_requested(choice=choice, name=name, language=language, run=run)


@job(ROUND_JOB, on_end=end_round)
def train(run: Run, *, round: int, name: str = "") -> dict[str, Any]:  # noqa: ARG001 (the workers page reads the name)
    """Train one round."""
    return run_round(round_id=round, run=run)


@job(TASTE_JOB)
def taste(run: Run, *, rater: int) -> dict[str, Any]:
    """Learn the taste of one film maker."""
    return learn_taste(rater_id=rater, run=run)


@job(MEASURE_JOB)
def measure_round(run: Run, *, measurement: int, name: str = "") -> dict[str, Any]:  # noqa: ARG001 (as above)
    """Measure one round's result against its parent."""
    return measure(measurement_id=measurement, run=run)

"""The kinds of job of this app. Each handler is safe to run twice."""

import logging
from typing import Any

from curator.domain.errors import DomainError
from curator.jobs import Run, job
from curator.sweeps import swept
from training.domain.datasets import BUILD_JOB, build_requested
from training.domain.measuring import MEASURE_JOB, measure
from training.domain.pods import sweep_pods
from training.domain.rounds import ROUND_JOB, end_round
from training.domain.running import run_round
from training.domain.taste import TASTE_JOB, learn_due_tastes, learn_taste
from training.executors.runpod import RunPodError

log = logging.getLogger(__name__)


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
def measure_round(
    run: Run,
    *,
    measurement: int,
    name: str = "",  # noqa: ARG001 (as above)
    there: int = 0,  # noqa: ARG001 (the page reads it)
) -> dict[str, Any]:
    """Measure one round's result against its parent."""
    return measure(measurement_id=measurement, run=run)


@swept(every=60)
def learn_tastes() -> None:
    """Whoever has judged enough since has his taste learned anew."""
    learn_due_tastes()


@swept(every=30)
def end_unwanted_machines() -> None:
    """No rented machine is forgotten, whatever became of the worker that rented it."""
    try:
        sweep_pods()
    except (RunPodError, DomainError) as error:
        log.warning("rented machines could not be looked at, tried again in 30 s: %s", error)

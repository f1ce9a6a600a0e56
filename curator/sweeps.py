"""What is looked after beside the jobs, every so often, by the supervisor's sweeper."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from celery import current_app
from django.db import Error as DatabaseTrouble

log = logging.getLogger(__name__)


@dataclass
class Sweep:
    """Something that is called every so many seconds. `due`: by time.monotonic()."""

    run: Callable[[], object]
    every: float
    due: float = 0.0


SWEEPS: list[Sweep] = []


def swept(*, every: float) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Register a function that the sweeper calls every so many seconds. It may be called by several at once."""

    def register(function: Callable[[], object]) -> Callable[[], object]:
        SWEEPS.append(Sweep(function, every))
        return function

    return register


def sweep_others() -> None:
    """Call what was registered with `swept` and is due. What goes wrong in one is logged and stops no other."""
    current_app.loader.import_default_modules()
    for one in SWEEPS:
        if time.monotonic() < one.due:
            continue
        one.due = time.monotonic() + one.every
        try:
            one.run()
        except DatabaseTrouble:
            raise
        except Exception:
            log.exception("%s failed, tried again in %s s", getattr(one.run, "__name__", one.run), one.every)

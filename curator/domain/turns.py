"""The GPU of a machine, which generation and training take in turn."""

import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from django.db.models import Q, QuerySet
from django.utils import timezone

from curator.jobs import Run, live_workers
from curator.models.jobs import Job, JobState, Turn

LOOK_SECONDS = 1.0


@cache
def has_gpu() -> bool:
    """Whether this machine has a GPU that torch can use. Asks the driver, for this process may not load torch."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return False
    try:
        return subprocess.run([tool, "-L"], capture_output=True, timeout=20, check=False).stdout.startswith(b"GPU")
    except (OSError, subprocess.TimeoutExpired):
        return False


@contextmanager
def gpu_turn(run: Run, *, waiting: Callable[[], None], alone: bool = False) -> Iterator[None]:
    """Hold this machine's GPU for a job; free passage where there is none.

    waiting: called about once a second until it is free. alone: nobody else may take the next turn, and models that
    idle workers hold are waited for until they are dropped (`gpu_is_wanted` tells those workers). Raises as run.check.
    """
    if not has_gpu():
        yield
        return
    name = _name()
    Turn.objects.get_or_create(name=name)
    try:
        if alone:
            _ask(name, run.job)
        while not _take(name, run.job):
            _pause(run, waiting)
            if alone:
                _ask(name, run.job)
        while alone and _held_elsewhere():
            _pause(run, waiting)
        yield
    finally:
        Turn.objects.filter(name=name, holder=run.job).update(holder=None)
        Turn.objects.filter(name=name, wanted_by=run.job).update(wanted_by=None)


def gpu_is_wanted() -> bool:
    """Whether a job holds this machine's GPU or waits for it, so that who idles with a model drops it."""
    if not has_gpu():
        return False
    return Turn.objects.filter(Q(holder__in=_live()) | Q(wanted_by__in=_live()), name=_name()).exists()


def _name() -> str:
    return f"gpu@{platform.node()}"


def _live() -> QuerySet[Job]:
    return Job.objects.filter(state=JobState.RUNNING, lease_expires_at__gt=timezone.now())


def _take(name: str, job: Job) -> bool:
    free = Q(holder=None) | Q(holder=job) | ~Q(holder__in=_live())
    mine = Q(wanted_by=None) | Q(wanted_by=job) | ~Q(wanted_by__in=_live())
    return bool(Turn.objects.filter(free, mine, name=name).update(holder=job))


def _ask(name: str, job: Job) -> None:
    """Take the next turn, unless somebody else waits for it already."""
    free = Q(wanted_by=None) | ~Q(wanted_by__in=_live())
    Turn.objects.filter(free, name=name).update(wanted_by=job)


def _held_elsewhere() -> bool:
    """Whether a worker of this machine still has a model in memory."""
    return any(worker.machine == platform.node() and worker.checkpoint_sha256 for worker in live_workers())


def _pause(run: Run, waiting: Callable[[], None]) -> None:
    waiting()
    run.check()
    time.sleep(LOOK_SECONDS)

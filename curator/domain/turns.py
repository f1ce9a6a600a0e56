"""The GPU of a machine, which generation, scoring and training take in turn, and which can be freed for others."""

import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from django.db.models import Q, QuerySet
from django.utils import timezone

from curator.crew import GPU_QUEUE, gpu_is_freed, gpu_of, live_workers
from curator.domain.pauses import send_waiting
from curator.jobs import Freed, Run
from curator.models.accounts import User
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


def free_gpu(*, machine: str, by: User | None = None) -> None:
    """Give a machine's GPU to other programs: what is at work on it goes back, models are dropped, nothing begins."""
    turn, _new = Turn.objects.get_or_create(name=gpu_of(machine))
    Turn.objects.filter(pk=turn.pk, freed_at=None).update(freed_at=timezone.now(), freed_by=by)


def take_gpu_again(*, machine: str) -> int:
    """Work on a machine's GPU again and send what waited; how many jobs."""
    Turn.objects.filter(name=gpu_of(machine)).update(freed_at=None, freed_by=None)
    return sum(send_waiting(queue=queue) for queue in (GPU_QUEUE, "training"))


@contextmanager
def gpu_turn(run: Run, *, waiting: Callable[[], None], alone: bool = False) -> Iterator[None]:
    """Hold this machine's GPU for a job; free passage where there is none.

    waiting: called about once a second until it is free. alone: nobody else may take the next turn, and models that
    idle workers hold are waited for until they are dropped (`gpu_is_wanted` tells those workers). Raises as run.check,
    Freed too when the GPU is given to other programs, before or inside.
    """
    if gpu_is_freed():
        raise Freed(run.job.public_id)
    run.gpu = gpu_is_freed
    try:
        if has_gpu():
            _wait_for_turn(run, waiting, alone=alone)
        yield
    finally:
        run.gpu = None
        Turn.objects.filter(holder=run.job).update(holder=None)
        Turn.objects.filter(wanted_by=run.job).update(wanted_by=None)


def _wait_for_turn(run: Run, waiting: Callable[[], None], *, alone: bool) -> None:
    name = gpu_of()
    Turn.objects.get_or_create(name=name)
    if alone:
        _ask(name, run.job)
    while not _take(name, run.job):
        _pause(run, waiting)
        if alone:
            _ask(name, run.job)
    while alone and _held_elsewhere():
        _pause(run, waiting)


def gpu_is_wanted() -> bool:
    """Whether this machine's GPU is freed, held by a job or waited for, so that who idles with a model drops it."""
    if gpu_is_freed():
        return True
    if not has_gpu():
        return False
    return Turn.objects.filter(Q(holder__in=_live()) | Q(wanted_by__in=_live()), name=gpu_of()).exists()


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

"""Who of the workers lives, and who of them may take up work."""

import platform
from datetime import timedelta

from django.utils import timezone

from curator.models.jobs import Job, JobState, Turn, Worker

WORKER_ALIVE_SECONDS = 20.0
GPU_QUEUE = "gpu"
"""The queue whose jobs need a machine's GPU, or its processor where it has none."""


def gpu_of(machine: str = "") -> str:
    """The name of the turn at a machine's GPU, by default this one's."""
    return f"gpu@{machine or platform.node()}"


def gpu_is_freed() -> bool:
    """Whether this machine's GPU was given to other programs."""
    return Turn.objects.filter(name=gpu_of(), freed_at__isnull=False).exists()


def live_workers(queue: str | None = None) -> list[Worker]:
    """Workers heard from in the last WORKER_ALIVE_SECONDS, of one queue or all."""
    since = timezone.now() - timedelta(seconds=WORKER_ALIVE_SECONDS)
    found = Worker.objects.filter(heartbeat_at__gte=since, stopped_at__isnull=True).order_by("name")
    return [worker for worker in found if queue is None or queue in worker.queues]


def ready_workers(queue: str) -> list[Worker]:
    """Living workers that take jobs of a queue: with the queue gpu, those whose GPU is not freed."""
    live = live_workers(queue)
    if queue != GPU_QUEUE or not live:
        return live
    freed = set(Turn.objects.filter(freed_at__isnull=False).values_list("name", flat=True))
    return [worker for worker in live if gpu_of(worker.machine) not in freed]


def idle_workers(queue: str) -> list[Worker]:
    """Ready workers of a queue that have no job."""
    ready = ready_workers(queue)
    busy = set(Job.objects.filter(worker__in=ready, state=JobState.RUNNING).values_list("worker", flat=True))
    return [worker for worker in ready if worker.pk not in busy]

"""Pausing a queue: what is at work comes to a good end, nothing else is begun until it goes on."""

from django.db import transaction

from curator.jobs import dispatch
from curator.models.accounts import User
from curator.models.jobs import Job, JobState, Pause


def pause_queue(*, queue: str, by: User | None = None) -> None:
    """Begin nothing more of a queue. Its jobs keep their place; a handler that can stop between two parts does."""
    Pause.objects.get_or_create(queue=queue, defaults={"by": by})


def go_on(*, queue: str) -> int:
    """Let a paused queue go on and send its waiting jobs again; how many."""
    with transaction.atomic():
        Pause.objects.filter(queue=queue).delete()
    return send_waiting(queue=queue)


def send_waiting(*, queue: str) -> int:
    """Send the waiting jobs of a queue, the next one first; how many."""
    waiting = list(Job.objects.filter(queue=queue, state=JobState.QUEUED).order_by("-priority", "created_at", "pk"))
    for row in waiting:
        if not dispatch(row):
            break  # the sweeper sends the rest when the broker is back
    return len(waiting)


def is_paused(queue: str) -> bool:
    """Whether nothing of this queue is begun now."""
    return Pause.objects.filter(queue=queue).exists()

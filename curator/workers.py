"""A worker process tells the database who it is and that it lives, and ends when its supervisor does."""

import logging
import os
import platform
import signal
import threading
from typing import Any

from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from django.db import OperationalError, connection
from django.utils import timezone

from curator import jobs
from curator.models.jobs import Worker
from curator.processes import parent_is_gone

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
_ended = threading.Event()


def register(sender: Any, **_kwargs: Any) -> None:
    """Write the Worker row of this process and keep its heartbeat going."""
    queues = sorted(sender.app.amqp.queues.consume_from)
    now = timezone.now()
    name = f"{platform.node()}-{'-'.join(queues)}-{os.getpid()}"
    jobs.current_worker, _created = Worker.objects.update_or_create(
        name=name,
        defaults={
            "machine": platform.node(),
            "process_id": os.getpid(),
            "queues": queues,
            "started_at": now,
            "heartbeat_at": now,
            "stopped_at": None,
        },
    )
    threading.Thread(target=_beat, args=(jobs.current_worker.pk,), name="worker-heartbeat", daemon=True).start()


def _beat(worker_id: int) -> None:
    while not _ended.wait(BEAT_SECONDS):
        if parent_is_gone():
            log.warning("the supervisor is gone, this worker ends")
            signal.raise_signal(signal.SIGTERM)
        try:
            Worker.objects.filter(pk=worker_id).update(heartbeat_at=timezone.now())
        except OperationalError as error:
            log.warning("worker heartbeat not written: %s", error)
    connection.close()


def stop_running(**_kwargs: Any) -> None:
    """Let the running handler end at its next step; its job goes back into the queue."""
    jobs.stopping.set()


def unregister(**_kwargs: Any) -> None:
    """Mark the Worker row as stopped."""
    _ended.set()
    if jobs.current_worker is not None:
        Worker.objects.filter(pk=jobs.current_worker.pk).update(stopped_at=timezone.now())


worker_ready.connect(register)
worker_shutting_down.connect(stop_running)
worker_shutdown.connect(unregister)

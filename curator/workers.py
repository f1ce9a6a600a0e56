"""A worker process tells the database who it is and that it lives, and ends when its supervisor does."""

import logging
import os
import platform
import signal
import threading
from typing import Any

from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from django.db import Error as DatabaseTrouble
from django.db import connection
from django.utils import timezone

from curator import jobs
from curator.machine import own_memory_mb, read_gpu, read_system
from curator.models.jobs import Worker
from curator.processes import parent_is_gone

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
_ended = threading.Event()
_queues: list[str] = []


def register(sender: Any, **_kwargs: Any) -> None:
    """Write the Worker row of this process and keep its heartbeat going."""
    _queues[:] = sorted(sender.app.amqp.queues.consume_from)
    try:
        write_row()
    except DatabaseTrouble as error:
        log.warning("worker not written down, the heartbeat tries again: %s", error)
    threading.Thread(target=_keep_beating, name="worker-heartbeat", daemon=True).start()


def write_row() -> None:
    """Write the Worker row of this process and make it the one that claims jobs."""
    now = timezone.now()
    jobs.current_worker, _created = Worker.objects.update_or_create(
        name=f"{platform.node()}-{'-'.join(_queues)}-{os.getpid()}",
        defaults={
            "machine": platform.node(),
            "process_id": os.getpid(),
            "queues": _queues,
            "system": read_system(),
            **_present(),
            "started_at": now,
            "heartbeat_at": now,
            "stopped_at": None,
        },
    )


def beat() -> None:
    """Say that this worker lives. A row that was never written or is gone (another database) is written anew."""
    row = jobs.current_worker
    if row is None or not Worker.objects.filter(pk=row.pk).update(heartbeat_at=timezone.now(), **_present()):
        write_row()


def _present() -> dict[str, Any]:
    """What changes from beat to beat: memory of this process and of the card."""
    gpu = read_gpu() if {"gpu", "training"} & set(_queues) else None
    card = {"gpu": gpu.name[:120], "gpu_memory_mb": gpu.memory_mb, "gpu_used_mb": gpu.used_mb} if gpu else {}
    return {"memory_mb": own_memory_mb(), **card}


def _keep_beating() -> None:
    while not _ended.wait(BEAT_SECONDS):
        if parent_is_gone():
            log.warning("the supervisor is gone, this worker ends")
            signal.raise_signal(signal.SIGTERM)
        try:
            beat()
        except DatabaseTrouble as error:
            log.warning("worker heartbeat not written: %s", error)
            # After a restart of the database the old connection would fail for ever.
            connection.close_if_unusable_or_obsolete()
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

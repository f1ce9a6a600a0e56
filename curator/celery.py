"""The Celery app. It carries job ids from web to workers and nothing else: no result backend, no schedule."""

import contextlib
import os
from typing import Any

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "curator.settings")


def _transport_options() -> dict[str, Any]:
    # The first to use the data folder in every process: nobody else on this machine reads the sessions in it.
    with contextlib.suppress(OSError):
        settings.DATA.mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.BROKER_URL.startswith("filesystem:"):
        folder = settings.DATA / "broker"
        for name in ("messages", "control"):
            # A folder that cannot be made must not keep `doctor` from saying so.
            with contextlib.suppress(OSError):
                (folder / name).mkdir(parents=True, exist_ok=True)
        return {
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.2,
        }
    if settings.BROKER_URL.startswith(("redis:", "rediss:")):
        # Longer than the longest job: our leases bring lost work back, the broker must not run it twice.
        return {"visibility_timeout": 43200}
    return {}


app = Celery("cuewright")
app.Task.Request = "curator.acknowledging:Request"
app.conf.update(
    broker_url=settings.BROKER_URL,
    broker_transport_options=_transport_options(),
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    task_ignore_result=True,
    task_default_queue="cpu",
    task_publish_retry_policy={"max_retries": 2, "interval_start": 0.1, "interval_max": 0.5},
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
)
app.autodiscover_tasks()

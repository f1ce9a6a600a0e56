"""A worker of one queue."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from curator.celery import app


class Command(BaseCommand):
    """Take jobs of a queue, one at a time, in this process."""

    requires_system_checks = []  # they are about a machine that serves pages
    help = "Run a worker of one queue (gpu, cpu or training)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which queue."""
        parser.add_argument("--queue", required=True)

    def handle(self, *_args: Any, queue: str, **_options: Any) -> None:
        """Run Celery's worker with the solo pool, which works the same on every system."""
        app.worker_main(
            [
                "--quiet",
                "worker",
                f"--queues={queue}",
                "--pool=solo",
                "--concurrency=1",
                "--loglevel=INFO",
                f"--hostname={queue}-{os.getpid()}@%h",
                "--without-gossip",
                "--without-mingle",
                "--without-heartbeat",
            ]
        )

"""The workers of a machine that only works for an installation elsewhere."""

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from curator import supervisor
from curator.domain.errors import DomainError
from curator.domain.joining import check_joined


class Command(BaseCommand):
    """What `run.py worker` starts."""

    requires_system_checks = []  # they are about a machine that serves pages
    help = "Keep the workers of this machine running for the installation that its settings name, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which queues."""
        parser.add_argument("--queue", action="append", choices=supervisor.QUEUES, help="may be given several times")

    def handle(self, *_args: Any, queue: list[str] | None, **_options: Any) -> None:
        """Look whether everything answers, then work."""
        named = [part.strip() for part in os.environ.get("CUEWRIGHT_QUEUES", "gpu").split(",") if part.strip()]
        queues = queue or named
        if unknown := [name for name in queues if name not in supervisor.QUEUES]:
            known = ", ".join(supervisor.QUEUES)
            raise CommandError(f"There is no queue {', '.join(unknown)}: CUEWRIGHT_QUEUES may name {known}.")
        try:
            check_joined()
        except DomainError as error:
            raise CommandError(str(error)) from error
        settings.DATA.mkdir(parents=True, exist_ok=True)
        where = connection.settings_dict.get("HOST") or "this machine"
        connection.close()
        self.stdout.write(f"\nThis machine works for the installation whose database is at {where}.")
        self.stdout.write(f"Queues: {', '.join(queues)}. Logs are in {settings.DATA / 'logs'}. Ctrl-C stops it.\n\n")
        self.stdout.flush()
        supervisor.run(queues=queues, web=False)

"""Restore."""

import hashlib
import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from curator.domain.backup import has_work, read_backup, restore_backup, write_backup
from curator.domain.errors import DomainError


class Command(BaseCommand):
    """Bring a backup back. What is there now is backed up first."""

    help = "Replace all rows by those of a backup FILE; the present state is backed up first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which file."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="this installation holds work: replace it")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(self, *_args: Any, file: Path, replace: bool, as_json: bool, **_options: Any) -> None:
        """Back up the present, restore, say how many rows."""
        saved = None
        try:
            read_backup(path=file)  # a file that is none leaves no backup of the present behind
            if has_work():
                if not replace:
                    raise DomainError("This installation holds work. Add --replace to put the backup in its place.")
                folder = settings.DATA / "backups"
                folder.mkdir(parents=True, exist_ok=True)
                saved = folder / f"before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip"
                write_backup(path=saved)
            counts = restore_backup(path=file)
        except DomainError as error:
            raise CommandError(str(error)) from error
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        if as_json:
            self.stdout.write(
                json.dumps(
                    {"file": str(file), "sha256": sha256, "rows": counts, "before": str(saved) if saved else None}
                )
            )
            return
        self.stdout.write(f"{sum(counts.values())} rows restored from {file}.")
        if saved:
            self.stdout.write(f"What was here before lies in {saved}.")

"""Backup."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator.domain.backup import write_backup
from curator.domain.errors import DomainError


class Command(BaseCommand):
    """Write what cannot be made again into one file."""

    help = "Write judgements, approvals, texts and settings into FILE (.zip)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(self, *_args: Any, file: Path, as_json: bool, **_options: Any) -> None:
        """Write and say where."""
        try:
            sha256 = write_backup(path=file)
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            json.dumps({"file": str(file), "sha256": sha256})
            if as_json
            else f"Backup written: {file}\nSHA-256 {sha256}"
        )

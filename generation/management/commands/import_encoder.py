"""CLaMP weights into the registry."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator.domain.errors import DomainError
from generation.domain.encoders import import_encoder, words_folder


class Command(BaseCommand):
    """Take a CLaMP file into the registry and use it from now on."""

    help = "Take a published .pth of CLaMP 2 or CLaMP 3 c2 into the registry; see docs/runbooks/clamp.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, its name here, its precision and the form of the answer."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--name", required=True)
        parser.add_argument("--half", action="store_true", help="keep it as bfloat16: half the size")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(self, *_args: Any, file: Path, name: str, half: bool, as_json: bool, **_options: Any) -> None:
        """Import the file; what is wrong with it is one sentence."""
        try:
            row, new = import_encoder(path=file, name=name, half=half)
        except DomainError as error:
            raise CommandError(str(error)) from error
        words = words_folder(row) / "tokenizer.json"
        if as_json:
            answer = {"encoder": row.public_id, "name": row.name, "family": row.family, "sha256": row.sha256,
                      "dim": row.dim, "known": not new, "tokenizer": words.is_file()}  # fmt: skip
            self.stdout.write(json.dumps(answer))
            return
        state = "imported" if new else "already there"
        self.stdout.write(f"{row.name} ({row.public_id}): {state}, {row.family}, vectors of {row.dim}, {row.sha256}")
        if not words.is_file():
            self.stdout.write(f"Texts cannot be read yet: {words} is missing (docs/runbooks/clamp.md).")

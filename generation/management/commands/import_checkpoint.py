"""Weights into the registry."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator.domain.errors import DomainError
from generation.domain.checkpoints import Prompts, import_checkpoint
from generation.domain.prompts import known_prompts
from generation.notagen.header import HEADER_STYLES


class Command(BaseCommand):
    """Take a NotaGen checkpoint into the registry."""

    help = "Take a NotaGen .pth or .safetensors file into the registry; the same file again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, its name here, and the form of the answer."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--name", required=True)
        parser.add_argument(
            "--header",
            default="",
            metavar="STYLE",
            help=f"how its training files begin, where the file does not say it: {', '.join(HEADER_STYLES)}",
        )
        parser.add_argument(
            "--prompts",
            default=Prompts.AUTO,
            choices=[choice.value for choice in Prompts],
            help="published: the 112 of NotaGen-X; none: a base model, which ignores prompts; auto: by its size",
        )
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(self, *_args: Any, file: Path, name: str, as_json: bool, **options: Any) -> None:
        """Import the file; what is wrong with it is one sentence."""
        try:
            row, new = import_checkpoint(
                path=file, name=name, header=options["header"], prompts=Prompts(options["prompts"])
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        if as_json:
            answer = {
                "checkpoint": row.public_id,
                "name": row.name,
                "sha256": row.sha256,
                "sizes": row.sizes,
                "header": row.header,
                "prompts": len(known_prompts(row)),
                "known": not new,
            }
            self.stdout.write(json.dumps(answer))
        else:
            state = "imported" if new else "already there"
            millions = row.sizes["parameters"] / 1e6
            told = f"{millions:.1f} million weights, header {row.header}, {len(known_prompts(row))} prompts"
            self.stdout.write(f"{row.name} ({row.public_id}): {state}, {told}, {row.sha256}")

"""The demo film, a few pieces, the demo checkpoint and the demo encoder."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from curator.checks import tables_are_missing
from curator.domain.demo_film import seed_film
from curator.domain.errors import DomainError
from curator.environment import ROOT
from generation.domain.checkpoints import seed_demo_checkpoint
from generation.domain.demo_pieces import seed_pieces
from generation.domain.encoders import seed_demo_encoder

FOLDER = ROOT / "data" / "demo"


class Command(BaseCommand):
    """Make a fresh installation worth looking at."""

    help = "Set up the demo film, a few library pieces, the demo checkpoint and encoder; a second run changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Form of the answer."""
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(self, *_args: Any, as_json: bool, verbosity: int, **_options: Any) -> None:
        """Make what is missing, the tables too, and say what is there."""
        if tables_are_missing():
            call_command("migrate", verbosity=0, interactive=False)
        try:
            checkpoint = seed_demo_checkpoint()
            seed_demo_encoder()
            pieces = seed_pieces(data=json.loads((FOLDER / "etudes.json").read_text(encoding="utf-8")))
            # Last: `serve` takes a film for the sign that all this was done before.
            film = seed_film(data=json.loads((FOLDER / "film.json").read_text(encoding="utf-8")))
        except DomainError as error:
            raise CommandError(str(error)) from error
        cues = film.cues.count()
        if as_json:
            answer = {"film": film.slug, "cues": cues, "pieces": len(pieces), "checkpoint": checkpoint.public_id}
            self.stdout.write(json.dumps(answer))
        elif verbosity:
            self.stdout.write(
                f"Film {film.title} ({film.slug}) with {cues} cues, {len(pieces)} pieces, "
                f"checkpoint {checkpoint.name} ({checkpoint.public_id})."
            )

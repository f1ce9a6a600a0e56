"""An answer to a blind pair, without the browser."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator.domain.accounts import ensure_rater
from curator.domain.errors import DomainError
from curator.domain.ranking import ANSWERS, record_judgement
from curator.models.ranking import Pair


class Command(BaseCommand):
    """Write one answer down."""

    help = "Write the answer to a pair of next_pair down."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which pair, what, and who says so."""
        parser.add_argument("--pair", required=True, metavar="ID")
        parser.add_argument("--answer", required=True, choices=[str(answer.value) for answer in ANSWERS])
        parser.add_argument("--rater", required=True, metavar="NAME", help="made when there is none of that name")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(self, *_args: Any, pair: str, answer: str, rater: str, as_json: bool, **_options: Any) -> None:
        """Record it and print its id."""
        row = Pair.objects.select_related("cue").filter(public_id=pair).first()
        if row is None:
            raise CommandError(f"There is no pair {pair}.")
        try:
            judgement = record_judgement(pair=row, rater=ensure_rater(name=rater), answer=answer)
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            json.dumps({"judgement": judgement.public_id})
            if as_json
            else f"Judgement {judgement.public_id}: {answer} by {rater} on {row.cue.number}."
        )

"""The next blind pair of a cue, without the browser."""

import json
from argparse import ArgumentParser
from typing import Any, get_args

from django.core.management.base import BaseCommand, CommandError

from curator.domain.accounts import ensure_rater
from curator.domain.errors import DomainError
from curator.domain.ranking import next_pair
from curator.domain.standings import read_standings
from curator.models.film import Cue
from curator.preference.choose import Aim


class Command(BaseCommand):
    """Hand out a pair; left and right are tokens that are good for this pair alone."""

    help = "Hand out the next blind pair of a cue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which cue, for whom."""
        parser.add_argument("--film", required=True, metavar="SLUG")
        parser.add_argument("--cue", required=True, metavar="NUMBER", help="such as 1m1")
        parser.add_argument("--rater", metavar="NAME", help="keeps handing out the same pair until NAME answers")
        parser.add_argument(
            "--aim",
            choices=get_args(Aim),
            help="what the pair is for; left out: the winner until it is sure enough, then teaching the model",
        )
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(
        self, *_args: Any, film: str, cue: str, rater: str | None, aim: Aim | None, as_json: bool, **_options: Any
    ) -> None:
        """Choose a pair and print its tokens."""
        row = Cue.objects.filter(film__slug=film, number=cue).first()
        if row is None:
            raise CommandError(f"There is no cue {cue} in a film {film}.")
        try:
            pair = next_pair(cue=row, rater=None if rater is None else ensure_rater(name=rater), aim=aim)
        except DomainError as error:
            raise CommandError(str(error)) from error
        if pair is None:
            raise CommandError(f"Cue {cue} has fewer than two takes in the running.")
        sure = read_standings(cue=row).sure_enough
        result = {"pair": pair.public_id, "left": pair.left_token, "right": pair.right_token, "sure_enough": sure}
        self.stdout.write(
            json.dumps(result)
            if as_json
            else f"Pair {pair.public_id}: left {pair.left_token}, right {pair.right_token}"
            + (" (the winner is sure enough already)" if sure else "")
        )

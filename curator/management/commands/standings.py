"""The standings of a cue, without the browser."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator.domain.standings import read_standings
from curator.models.film import Cue


class Command(BaseCommand):
    """Print the takes of a cue, the strongest first."""

    help = "Print how the takes of a cue stand after all judgements."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which cue."""
        parser.add_argument("--film", required=True, metavar="SLUG")
        parser.add_argument("--cue", required=True, metavar="NUMBER", help="such as 1m1")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(self, *_args: Any, film: str, cue: str, as_json: bool, **_options: Any) -> None:
        """Fit and print."""
        row = Cue.objects.filter(film__slug=film, number=cue).first()
        if row is None:
            raise CommandError(f"There is no cue {cue} in a film {film}.")
        now = read_standings(cue=row)
        if as_json:
            takes = [
                {
                    "id": each.take.public_id,
                    "number": each.take.number,
                    "strength": round(each.strength, 4),
                    "low": round(each.low, 4),
                    "high": round(each.high, 4),
                    "p_best": round(each.p_best, 4),
                    "met": each.met,
                }
                for each in now.rows
            ]
            result = {"votes": now.votes, "sure_enough": now.sure_enough, "takes": takes}
            self.stdout.write(json.dumps(result))
            return
        self.stdout.write(f"{cue}: {now.votes} judgements{', sure enough' if now.sure_enough else ''}")
        for each in now.rows:
            self.stdout.write(
                f"{each.rank:3}. take {each.take.number:<3} {each.strength:+.2f} "
                f"({each.low:+.2f} to {each.high:+.2f}), best of all {100 * each.p_best:.0f} %"
            )

"""Remove what nobody needs any more."""

import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator.domain.housekeeping import GRACE, tidy


class Command(BaseCommand):
    """Housekeeping by hand; the supervisor does the same now and then."""

    help = "Remove renderings whose place was taken and files that nothing refers to."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How long something must have been without use."""
        parser.add_argument("--hours", type=float, default=GRACE / timedelta(hours=1), help="unused for so long")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(self, *_args: Any, hours: float, as_json: bool, **_options: Any) -> None:
        """Remove and tell."""
        if not 1 <= hours <= 24 * 365:
            raise CommandError("Between 1 and 8760 hours: what is just being made must stay.")
        done = tidy(grace=timedelta(hours=hours))
        if as_json:
            self.stdout.write(json.dumps({"renderings": done.renderings, "files": done.files, "bytes": done.size}))
        else:
            size = f"{done.size / 1e6:.1f} MB"
            self.stdout.write(f"{done.renderings} renderings and {done.files} files removed, {size}.")

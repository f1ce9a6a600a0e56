"""The research bot's list of scores into the library."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator.domain.errors import DomainError
from curator.domain.manifests import MOST_MANIFEST, Outcome, import_lines, read_manifest
from curator.downloads import PAUSE, Fetcher
from curator.management.import_rows import Row, finish, line_of, wait_for_renderings


class Command(BaseCommand):
    """Fetch and import what a list names, and say what became of each line; run again, it does what is left."""

    help = "Fetch the scores of a JSON list (url, composer, piece, format, ...) into the library; safe to run again."
    fetcher = Fetcher

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which list, and how patiently."""
        parser.add_argument("file", type=Path, metavar="FILE.json")
        parser.add_argument("--again", action="store_true", help="also try addresses that were refused before")
        parser.add_argument("--pause", type=float, default=PAUSE, help="seconds between two requests to one host")
        parser.add_argument("--wait", action="store_true", help="also wait until all are engraved and sounded")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(
        self, *_args: Any, file: Path, again: bool, pause: float, wait: bool, as_json: bool, **_options: Any
    ) -> None:
        """One line after the other; the exit status is 1 when one was refused."""
        try:
            with file.open("rb") as opened:
                lines = read_manifest(opened.read(MOST_MANIFEST + 1))
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except DomainError as error:
            raise CommandError(str(error)) from error
        fetcher = self.fetcher()
        fetcher.pause = max(0.0, pause)
        rows: list[Row] = []
        for outcome in import_lines(lines=lines, fetcher=fetcher, again=again):
            rows.append(_row(outcome))
            if not as_json:
                self.stdout.write(line_of(rows[-1]))
        if wait:
            wait_for_renderings(row["piece"] for row in rows if row["piece"])
        finish(rows, out=self.stdout, as_json=as_json)


def _row(outcome: Outcome) -> Row:
    return {
        "file": outcome.line.url,
        "url": outcome.line.url,
        "status": outcome.status,
        "reason": outcome.reason,
        "warnings": list(outcome.warnings),
        "piece": outcome.piece or None,
        "like": {"piece": outcome.like, "how": outcome.how} if outcome.how else None,
        "notes_in": outcome.notes_in,
        "notes_out": outcome.notes_out,
        "again": outcome.again,
        "known": outcome.known,
    }

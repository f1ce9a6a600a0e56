"""The package for Digital Director."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator.domain.delivery import deliver_film
from curator.domain.errors import DomainError
from curator.models.film import Film


class Command(BaseCommand):
    """Write the approved cues of a film into one zip."""

    help = "Write the approved cues of a film as a package for Digital Director."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which film and where to."""
        parser.add_argument("--film", required=True, metavar="SLUG")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE.zip")
        parser.add_argument(
            "--cue", action="append", metavar="NUMBER", help="only this cue; may be given several times"
        )
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(self, *_args: Any, film: str, out: Path, as_json: bool, cue: list[str] | None, **_options: Any) -> None:
        """Pack, write, record; the exit status is 1 when an approved cue could not be packed."""
        row = Film.objects.real().filter(slug=film).first()
        if row is None:
            raise CommandError(f"There is no film {film}.")
        if not out.parent.is_dir():
            raise CommandError(f"There is no folder {out.parent}.")
        try:
            handed = deliver_film(film=row, by=None, channel="command", numbers=cue)
        except DomainError as error:
            raise CommandError(str(error)) from error
        try:
            out.write_bytes(handed.data)
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}.") from error
        problems = [{"cue": problem.cue.number, "problem": problem.sentence} for problem in handed.problems]
        if as_json:
            cues = [
                {
                    "number": each.cue.number,
                    "take": each.approval.take.number,
                    "file": f"{each.stem}/{each.filename}",
                    "sha256": each.sha256,
                    "bars": each.exported.bars,
                    "notes": each.exported.account.delivered,
                    "seconds": round(float(each.exported.seconds), 3),
                    "fits": each.fits,
                }
                for each in handed.cues
            ]
            report = {"file": str(out), "cues": cues, "sha256": handed.delivery.sha256, "problems": problems}
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            self.stdout.write(f"{out}: {len(handed.cues)} cues, SHA-256 {handed.delivery.sha256}")
            for problem in handed.problems:
                self.stdout.write(f"{problem.cue.number} is missing: {problem.sentence}")
        if problems:
            raise CommandError(f"{len(problems)} approved cues could not be packed; the reasons stand above.")

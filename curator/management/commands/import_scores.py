"""Scores from files and folders into the library."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator import jobs
from curator.domain.errors import DomainError
from curator.domain.library import ENDINGS, About, import_score
from curator.domain.rendering import RENDER_JOB, SOUND_JOB
from curator.models.jobs import Job
from curator.models.library import Origin, Rendering
from curator.notation.intake import MOST_UPLOAD


class Command(BaseCommand):
    """Import scores and say what became of each."""

    help = "Import .mxl, .musicxml, .xml and .abc files and folders of them into the library."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to import and what to say of it."""
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--composer", default="")
        parser.add_argument("--period", default="")
        parser.add_argument("--instrumentation", default="")
        parser.add_argument("--tag", action="append", default=[], dest="tags", metavar="TAG")
        parser.add_argument("--wait", action="store_true", help="also wait until all are engraved and sounded")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(
        self,
        *_args: Any,
        paths: list[Path],
        composer: str,
        period: str,
        instrumentation: str,
        tags: list[str],
        wait: bool,
        as_json: bool,
        **_options: Any,
    ) -> None:
        """Import one file after the other; the exit status is 1 when one was refused."""
        missing = [str(path) for path in paths if not path.exists()]
        if missing:
            raise CommandError(f"There is no file or folder {missing[0]}.")
        about = About(composer=composer, period=period, instrumentation=instrumentation, tags=tuple(tags))
        rows = []
        for path in _files(paths):
            row = _import(path, about)
            rows.append(row)
            if not as_json:
                self.stdout.write(_line(row))
        if wait:
            # Engraving a piece may leave its sound to a job of its own.
            while waiting := _renderings_of([row["piece"] for row in rows if row["piece"]]):
                for job in waiting:
                    jobs.wait_for(job)
        report = {
            "imported": sum(row["status"] == "imported" for row in rows),
            "duplicates": sum(row["status"] == "duplicate" for row in rows),
            "refused": sum(row["status"] == "refused" for row in rows),
        }
        if as_json:
            self.stdout.write(json.dumps({**report, "files": rows}, ensure_ascii=False))
        else:
            self.stdout.write(", ".join(f"{count} {what}" for what, count in report.items()))
        if report["refused"]:
            raise CommandError(f"{report['refused']} of {len(rows)} files were refused; the reasons stand above.")


def _renderings_of(pieces: list[str]) -> list[Job]:
    """The open jobs that draw and sound the pieces of these public ids."""
    engravings = Rendering.objects.filter(version__piece__public_id__in=pieces).values_list("pk", flat=True)
    return list(
        Job.objects.open().filter(kind__in=(RENDER_JOB, SOUND_JOB), arguments__engraving_id__in=list(engravings))
    )


def _files(paths: list[Path]) -> Iterator[Path]:
    """Named files as they are, of folders every score inside, in order of their names."""
    for path in paths:
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.is_file() and one.name.lower().endswith(ENDINGS))
        else:
            yield path


def _import(path: Path, about: About) -> dict[str, Any]:
    row: dict[str, Any] = {"file": str(path), "reason": "", "warnings": [], "piece": None, "like": None}
    try:
        if path.stat().st_size > MOST_UPLOAD:
            raise DomainError(f"The file is larger than {MOST_UPLOAD // 1_000_000} MB.")
        done = import_score(name=path.name, data=path.read_bytes(), about=about, origin=Origin.CORPUS)
    except DomainError as error:
        return row | {"status": "refused", "reason": str(error), "notes_in": None, "notes_out": None}
    except OSError as error:
        reason = f"The file cannot be read: {error.strerror}."
        return row | {"status": "refused", "reason": reason, "notes_in": None, "notes_out": None}
    return row | {
        "status": done.status,
        "warnings": list(done.warnings),
        "piece": done.piece.public_id,
        "like": {"piece": done.like.piece.public_id, "how": done.like.how} if done.like else None,
        "notes_in": done.notes_in,
        "notes_out": done.notes_out,
    }


def _line(row: dict[str, Any]) -> str:
    more = row["reason"] or " ".join(row["warnings"])
    return f"{row['status']:9} {row['file']}" + (f"\n          {more}" if more else "")

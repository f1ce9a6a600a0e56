"""Scores from files, folders and zip files into the library."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.library import ENDINGS, About, import_score
from curator.domain.sentences import say
from curator.domain.takes import put_up_pieces
from curator.management.import_rows import Row, finish, line_of, refused, row_of, wait_for_renderings
from curator.models.film import Cue
from curator.models.library import Origin
from curator.notation.errors import NotationError
from curator.notation.intake import MOST_UPLOAD
from curator.notation.parcel import Enclosed, is_parcel, open_parcel


class Command(BaseCommand):
    """Import scores and say what became of each."""

    help = "Import .mxl, .musicxml, .xml and .abc files, and folders and .zip files of them, into the library."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to import and what to say of it."""
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--composer", default="")
        parser.add_argument("--period", default="")
        parser.add_argument("--instrumentation", default="")
        parser.add_argument("--tag", action="append", default=[], dest="tags", metavar="TAG")
        take = parser.add_argument_group("putting them up as takes, such as a folder of old NotaGen outputs")
        take.add_argument("--film", default="", help="slug of the film")
        take.add_argument("--put-up", default="", metavar="CUE", help="number of the cue, such as 1m1")
        take.add_argument("--cohort", default="", help="what they are called together")
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
        film: str,
        put_up: str,
        cohort: str,
        wait: bool,
        as_json: bool,
        **_options: Any,
    ) -> None:
        """Import one file after the other; the exit status is 1 when one was refused."""
        missing = [str(path) for path in paths if not path.exists()]
        if missing:
            raise CommandError(f"There is no file or folder {missing[0]}.")
        about = About(composer=composer, period=period, instrumentation=instrumentation, tags=tuple(tags))
        cue = Cue.objects.filter(film__slug=film, number=put_up).select_related("film").first() if put_up else None
        if put_up and cue is None:
            raise CommandError(f"There is no cue {put_up} in a film called {film}.")
        rows: list[Row] = []
        others: list[str] = []
        for row in _rows(paths, about, others):
            rows.append(row)
            if cue is not None and row["piece"]:
                takes = put_up_pieces(cue=cue, pieces=[row["piece"]], cohort=cohort)
                row["take"] = takes[0].number if takes else None
            if not as_json:
                self.stdout.write(line_of(row))
        if others and not as_json:
            self.stdout.write(f"{len(others)} other files in zip files were passed over: {', '.join(others)[:500]}")
        if wait:
            wait_for_renderings(row["piece"] for row in rows if row["piece"])
        finish(rows, out=self.stdout, as_json=as_json, passed_over=others)


def _rows(paths: list[Path], about: About, others: list[str]) -> Iterator[Row]:
    """A row for every file; `others` takes the names of what is no score inside zip files."""
    for path in _files(paths):
        try:
            if is_parcel(path.name):
                with path.open("rb") as file:
                    scores, beside = open_parcel(file)
                    others += [f"{path}/{name}" for name in beside]
                    for score in scores:
                        yield _enclosed(path, score, about)
            elif path.stat().st_size > MOST_UPLOAD:
                yield refused(str(path), _("The file is larger than %(size)d MB.") % {"size": MOST_UPLOAD // 1_000_000})
            else:
                yield _import(str(path), path.name, path.read_bytes(), about)
        except NotationError as error:
            yield refused(str(path), say(error.sentence))
        except OSError as error:
            yield refused(str(path), _("The file cannot be read: %(reason)s.") % {"reason": error.strerror})


def _files(paths: list[Path]) -> Iterator[Path]:
    """Named files as they are, of folders every score and zip file inside, in order of their names."""
    for path in paths:
        if path.is_dir():
            wanted = (*ENDINGS, ".zip")
            yield from sorted(one for one in path.rglob("*") if one.is_file() and one.name.lower().endswith(wanted))
        else:
            yield path


def _enclosed(parcel: Path, score: Enclosed, about: About) -> Row:
    file = f"{parcel}/{score.name}"
    return refused(file, say(score.reason)) if score.reason else _import(file, score.name, score.data, about)


def _import(file: str, name: str, data: bytes, about: About) -> Row:
    try:
        return row_of(file, import_score(name=PurePosixPath(name).name, data=data, about=about, origin=Origin.CORPUS))
    except DomainError as error:
        return refused(file, str(error))

"""A file of the film team into a film."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator.domain.errors import DomainError
from curator.domain.films import create_film_of
from curator.domain.sentences import say
from curator.domain.storyboard import Saved, counts_of, keep_file, save_import
from curator.domain.storyboard_fates import Fate
from curator.film.textfile import MOST_BYTES
from curator.models.film import Film


class Command(BaseCommand):
    """Read a file, save it and say what became of every shot."""

    help = (
        "Read a storyboard breakdown (Markdown), a Fountain script, a shot list (CSV) or an edit list (EDL) into a "
        "film; a film that is not there yet is made."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which file, which film."""
        parser.add_argument("file", type=Path, help="the file; its content tells what it is")
        parser.add_argument("--film", required=True, help="slug of the film")
        parser.add_argument("--fps", default="24", help="frame rate of a film that is made now: 24, 25, 29.97, …")
        parser.add_argument("--remove-gone", action="store_true", help="remove shots that the file does not name")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(
        self, *_args: Any, file: Path, film: str, fps: str, remove_gone: bool, as_json: bool, **_options: Any
    ) -> None:
        """Save the file; one sentence on stderr and nothing changed where it cannot be read."""
        try:
            data = file.read_bytes() if file.stat().st_size <= MOST_BYTES else b"x" * (MOST_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        row = Film.objects.real().filter(slug=film).first()
        try:
            if row is None:
                kept = create_film_of(name=file.name, data=data, slug=film, fps=fps)
            else:
                kept = keep_file(film=row, name=file.name, data=data)
            saved = save_import(row=kept, remove_gone=remove_gone)
        except DomainError as error:
            raise CommandError(str(error)) from error
        told = _told(Film.objects.get(pk=kept.film_id), saved, row is None)
        self.stdout.write(json.dumps(told, ensure_ascii=False) if as_json else _summary(told))


def _told(film: Film, saved: Saved, made: bool) -> dict[str, Any]:
    plan = saved.plan
    counts = counts_of(plan.board)
    low_high = [film.runtime_low, film.runtime_high] if film.runtime_low is not None else None
    return {
        "film": film.slug,
        "film_made": made,
        **counts,
        "runtime_seconds": counts["runtime_seconds"] or low_high,
        "cues": film.cues.filter(practice=False, set_aside_at=None).count(),
        "new": plan.count(Fate.NEW),
        "changed": plan.count(Fate.CHANGED),
        "same": plan.count(Fate.SAME),
        "gone": plan.count(Fate.GONE),
        "removed": plan.count(Fate.REMOVED),
        "edits_kept": sum(bool(told.kept) for told in plan.shots),
        "new_cues": list(saved.new_cues),
        "moved_cues": list(saved.moved_cues),
        "seconds": round(float(film.length_frames / film.fps), 3),
        "frames": film.length_frames,
        "warnings": [_line(remark.line) + say(remark.sentence) for remark in plan.remarks],
    }


def _line(line: int) -> str:
    return f"Line {line}: " if line else ""


def _summary(told: dict[str, Any]) -> str:
    made = " (made now)" if told["film_made"] else ""
    lines = [
        "{kind}: {scenes} scenes, {shots} shots, {stages} stages, {audio} audio, {transitions} transitions.".format(
            **told
        ),
        f"Film {told['film']}{made}: "
        "{new} shots new, {changed} changed, {same} as before, {gone} not in the file, {removed} removed; "
        "{frames} frames, {seconds} s, {cues} cues.".format(**told),
    ]
    return "\n".join([*lines, *told["warnings"]])

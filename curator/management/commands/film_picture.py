"""Give a film its picture: a video of any size, from this machine."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator.domain.errors import DomainError
from curator.domain.pictures import remove_picture, set_picture
from curator.models.film import Film


class Command(BaseCommand):
    """Set or remove the video under which a film's cues are heard."""

    help = "Give a film its picture (MP4 or WebM, from the film's first frame on); without a file, take it away."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which film, which file."""
        parser.add_argument("film", help="slug of the film")
        parser.add_argument("video", nargs="?", type=Path, help="the video file")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(self, *_args: Any, film: str, video: Path | None, as_json: bool, **_options: Any) -> None:
        """Keep the file and name it in the film."""
        row = Film.objects.real().filter(slug=film).first()
        if row is None:
            raise CommandError(f"There is no film {film}.")
        if video is None:
            remove_picture(film=row)
        else:
            try:
                with video.open("rb") as file:
                    set_picture(film=row, file=file)
            except (DomainError, OSError) as error:
                raise CommandError(str(error)) from error
        said = {"film": row.slug, "picture": row.picture}
        self.stdout.write(json.dumps(said) if as_json else row.picture or "no picture")

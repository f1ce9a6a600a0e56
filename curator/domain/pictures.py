"""The locked cut of a film: the video under which its cues are heard."""

import hashlib
import shutil
import time
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.files import File
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.media import store_content
from curator.models.film import Film
from curator.models.library import MediaFile

PIECE = 1024 * 1024
FORGOTTEN = 3 * 24 * 3600
"""Seconds after which an upload that nobody goes on with is thrown away."""
SPARE = 2**30
"""Bytes that an upload leaves free on the disk; while it becomes the picture it needs its size twice."""


class PartMisplaced(DomainError):
    """A part of a video that does not follow what is there already, which ends at byte `there`."""

    def __init__(self, there: int) -> None:
        super().__init__(_("This part does not follow what is there already."))
        self.there = there


def picture_file(*, film: Film) -> MediaFile | None:
    """The video of a film; None without one, or where the storage's row is gone."""
    return MediaFile.objects.filter(sha256=film.picture).first() if film.picture else None


def set_picture(*, film: Film, file: IO[bytes]) -> MediaFile:
    """Keep a video as the film's picture; its first frame is the film's first. `file` can be read and rewound.

    Whatever its size, it is read in pieces. Raises DomainError for what is neither MP4 nor WebM.
    """
    suffix = _suffix(file.read(16))
    if not suffix:
        raise DomainError(_("This is neither an MP4 nor a WebM video."))
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while piece := file.read(PIECE):
        digest.update(piece)
        size += len(piece)

    def content() -> "File[bytes]":
        file.seek(0)
        return File(file)

    kept = store_content(sha256=digest.hexdigest(), size=size, suffix=suffix, content=content)
    Film.objects.filter(pk=film.pk).update(picture=kept.sha256)
    film.picture = kept.sha256
    return kept


def add_part(
    *, film: Film, upload: str, offset: int, total: int, part: IO[bytes] | None
) -> tuple[int, MediaFile | None]:
    """Add a part of a video that is sent in parts: how many bytes are there now, and the picture once all are.

    upload: hexadecimal, names the upload; the same name goes on where it stopped, after a restart too. Without a part
    it only tells how much is there. Raises PartMisplaced for a part that does not begin there, and DomainError where
    the disk has no room, or more comes than was told, or what came is no video.
    """
    folder = Path(settings.DATA) / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    _throw_away(folder)
    path = folder / f"{film.pk}-{hashlib.sha256(f'{upload} {total}'.encode()).hexdigest()[:32]}.part"
    there = path.stat().st_size if path.exists() else 0
    if part is None:
        return there, None
    if offset != there:
        raise PartMisplaced(there)
    if 2 * total - there + SPARE > shutil.disk_usage(folder).free:
        raise DomainError(_("There is not enough room on the disk for this video."))
    with path.open("ab") as file:
        shutil.copyfileobj(part, file, PIECE)
    there = path.stat().st_size
    if there < total:
        return there, None
    try:
        if there > total:
            raise DomainError(_("More has come than the video is long."))
        with path.open("rb") as file:
            return there, set_picture(film=film, file=file)
    finally:
        path.unlink()


def _throw_away(folder: Path) -> None:
    for path in folder.glob("*.part"):
        if time.time() - path.stat().st_mtime > FORGOTTEN:
            path.unlink(missing_ok=True)


def remove_picture(*, film: Film) -> None:
    """Hear the film without picture again; housekeeping removes the file in its time."""
    Film.objects.filter(pk=film.pk).update(picture="")
    film.picture = ""


def _suffix(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return ".mp4"
    return ".webm" if head.startswith(b"\x1a\x45\xdf\xa3") else ""

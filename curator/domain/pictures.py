"""The locked cut of a film: the video under which its cues are heard."""

import hashlib
from typing import IO

from django.core.files import File
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.media import CONTENT_TYPES
from curator.models.film import Film
from curator.models.library import MediaFile

PIECE = 1024 * 1024


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
    row = MediaFile(sha256=digest.hexdigest(), suffix=suffix, content_type=CONTENT_TYPES[suffix], size=size)
    if not default_storage.exists(row.name) or default_storage.size(row.name) != size:
        if default_storage.exists(row.name):
            default_storage.delete(row.name)  # cut short by a crash or a full disk
        file.seek(0)
        default_storage.save(row.name, File(file))
    kept, _created = MediaFile.objects.get_or_create(
        sha256=row.sha256, defaults={"suffix": suffix, "content_type": row.content_type, "size": size}
    )
    Film.objects.filter(pk=film.pk).update(picture=kept.sha256)
    film.picture = kept.sha256
    return kept


def remove_picture(*, film: Film) -> None:
    """Hear the film without picture again; the file stays in the storage, as all files do."""
    Film.objects.filter(pk=film.pk).update(picture="")
    film.picture = ""


def _suffix(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return ".mp4"
    return ".webm" if head.startswith(b"\x1a\x45\xdf\xa3") else ""

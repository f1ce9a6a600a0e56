"""Files of the storage, named by their content and never overwritten."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.utils import timezone

from curator.models.library import MediaFile

CONTENT_TYPES = {
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".mid": "audio/midi",
    ".opus": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".zip": "application/zip",
    ".musicxml": "application/vnd.recordare.musicxml+xml",
    ".abc": "text/vnd.abc",
    ".upload": "application/octet-stream",  # as it came in, whatever it is
}


def store_media(*, data: bytes, suffix: str) -> MediaFile:
    """Keep `data` under its SHA-256 and return its row; the same bytes give the same row. `suffix` as '.svg'."""
    return store_content(
        sha256=hashlib.sha256(data).hexdigest(), size=len(data), suffix=suffix, content=lambda: ContentFile(data)
    )


def store_content(*, sha256: str, size: int, suffix: str, content: "Callable[[], File[Any]]") -> MediaFile:
    """Keep what `content` reads from its start, `size` bytes of that SHA-256, and return its row."""
    known = MediaFile.objects.filter(sha256=sha256)
    # Young again, so that housekeeping (curator.domain.housekeeping) leaves it for whoever is about to refer to it.
    if not known.update(stored_at=timezone.now(), size=size):
        row = MediaFile(sha256=sha256, suffix=suffix, content_type=CONTENT_TYPES[suffix], size=size)
        # The file comes first: a row always has its file, also when this process dies in between.
        _write(row, content)
        MediaFile.objects.get_or_create(
            sha256=sha256, defaults={"suffix": suffix, "content_type": row.content_type, "size": size}
        )
    kept = known.get()
    _write(kept, content)  # lost or cut short by a power failure
    return kept


def _write(row: MediaFile, content: "Callable[[], File[Any]]") -> None:
    if not default_storage.exists(row.name) or default_storage.size(row.name) != row.size:
        default_storage.save(row.name, content())


def read_media(media: MediaFile) -> bytes:
    """The whole content of a small file. Raises FileNotFoundError when the storage lost it."""
    with default_storage.open(media.name) as file:
        return bytes(file.read())

"""Files of the storage, named by their content and never overwritten."""

import hashlib

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

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
    sha256 = hashlib.sha256(data).hexdigest()
    row = MediaFile(sha256=sha256, suffix=suffix, content_type=CONTENT_TYPES[suffix], size=len(data))
    # The file comes first: a row always has its file, also when this process dies in between.
    if not default_storage.exists(row.name) or default_storage.size(row.name) != len(data):
        if default_storage.exists(row.name):
            default_storage.delete(row.name)  # cut short by a crash or a full disk
        default_storage.save(row.name, ContentFile(data))
    kept, _created = MediaFile.objects.get_or_create(
        sha256=sha256,
        defaults={"suffix": suffix, "content_type": row.content_type, "size": row.size},
    )
    return kept


def read_media(media: MediaFile) -> bytes:
    """The whole content of a small file. Raises FileNotFoundError when the storage lost it."""
    with default_storage.open(media.name) as file:
        return bytes(file.read())

"""The storage of media files in a folder: whole or not there, also after a crash or on a full disk."""

import errno
import os
import secrets
import sqlite3
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

UNFINISHED = ".part"
_POSTGRESQL_DISK_FULL = "53100"


def disk_is_full(error: BaseException) -> bool:
    """Whether a file or the database could not be written for want of space; also where that is only the cause."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in {errno.ENOSPC, errno.EDQUOT}:
            return True
        if getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return True
        if getattr(cause, "sqlstate", None) == _POSTGRESQL_DISK_FULL:
            return True
        cause = cause.__cause__
    return False


class WholeFileStorage(FileSystemStorage):
    """Writes beside the name and renames: readers never meet half a file, and the same name is taken again."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:  # noqa: ARG002 (names are of one length)
        """`name` itself: names are hashes of the content."""
        return str(name)

    def _save(self, name: str, content: "File[Any]") -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{UNFINISHED}")
        try:
            with part.open("xb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        return name

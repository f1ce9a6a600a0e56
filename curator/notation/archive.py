"""Opens compressed MusicXML (.mxl) without trusting it."""

import io
import os
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from curator.notation.errors import NotationError, Sentence
from curator.notation.musicxml import parse_tree

MOST_ENTRIES = 64
MOST_UNPACKED = 30_000_000
MOST_DIRECTORY = 2_000_000  # bytes of the list of contents; 2000 long names have 800 kB
_TAIL = 22 + 0xFFFF  # the end record with the longest comment
_CONTAINER = "META-INF/container.xml"
_SCORE_ENDINGS = (".xml", ".musicxml")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The score inside, and what was odd about its packing."""

    data: bytes
    warnings: tuple[str, ...]


def is_zip(data: bytes) -> bool:
    """Whether the bytes begin like a zip file."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def unpack(data: bytes) -> Unpacked:
    """The score that the container names, or the only one there is. Nothing is written to disk."""
    file = io.BytesIO(data)
    try:
        bounded_directory(file)
        with zipfile.ZipFile(file) as archive:
            return _read(archive)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        if isinstance(error, NotationError):
            raise
        raise NotationError("The compressed file is damaged or cut off.") from None
    except (NotImplementedError, RuntimeError):
        raise NotationError("The compressed file is encrypted or packed in an unknown way.") from None


def bounded_directory(file: BinaryIO) -> None:
    """Refuse a zip file whose list of contents is so long that reading the list alone would fill the memory.

    Raises NotationError; leaves the file at its beginning.
    """
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - _TAIL))
    tail = file.read(_TAIL)
    file.seek(0)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < 22:
        raise NotationError("The compressed file is damaged or cut off.")
    size = int.from_bytes(tail[place + 12 : place + 16], "little")
    if size > MOST_DIRECTORY or b"PK\x06\x07" in tail[max(0, place - 20) : place]:
        raise NotationError("The compressed file has a list of contents that is too long.")


def names_outside(name: str) -> bool:
    """Whether a name in a zip file would lead out of the folder it is unpacked in."""
    plain = name.replace("\\", "/")
    return plain.startswith("/") or ".." in plain.split("/") or re.match(r"[A-Za-z]:", plain) is not None


def _read(archive: zipfile.ZipFile) -> Unpacked:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MOST_ENTRIES:
        raise NotationError("The compressed file holds %(files)d files; a score has a few.", files=len(entries))
    if sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise NotationError("The compressed file unpacks to more than %(size)d MB.", size=MOST_UNPACKED // 1_000_000)
    for entry in entries:
        if names_outside(entry.filename):
            raise NotationError("The compressed file names a path outside itself.")
    names = {entry.filename: entry for entry in entries}
    warnings: tuple[str, ...] = ()
    if _CONTAINER in names:
        wanted = _root_file(_bounded(archive, names[_CONTAINER]))
        if wanted not in names:
            raise NotationError("The compressed file does not hold the score that it names.")
    else:
        scores = [name for name in names if name.lower().endswith(_SCORE_ENDINGS)]
        if len(scores) != 1:
            raise NotationError(
                "The compressed file has no table of contents and %(scores)d scores.", scores=len(scores)
            )
        wanted = scores[0]
        warnings = (Sentence("The compressed file has no table of contents; its only score was taken."),)
    score = _bounded(archive, names[wanted])
    if is_zip(score):
        raise NotationError("The compressed file holds another compressed file instead of a score.")
    return Unpacked(score, warnings)


def _bounded(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """One file of the archive; the size is checked while unpacking, because the stated one may lie."""
    with archive.open(entry) as stream:
        data = stream.read(MOST_UNPACKED + 1)
    if len(data) > MOST_UNPACKED:
        raise NotationError("The compressed file unpacks to more than %(size)d MB.", size=MOST_UNPACKED // 1_000_000)
    return data


def _root_file(container: bytes) -> str:
    root = parse_tree(container)
    for element in root.iter("{*}rootfile"):
        kind = element.get("media-type", "")
        if kind in ("", "application/vnd.recordare.musicxml+xml", "application/vnd.recordare.musicxml"):
            return element.get("full-path", "")
    raise NotationError("The table of contents of the compressed file names no score.")

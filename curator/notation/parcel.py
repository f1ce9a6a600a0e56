"""Opens a .zip of many scores without trusting it: nothing is written to disk, names are labels and never paths."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from curator.notation.archive import bounded_directory, names_outside
from curator.notation.errors import NotationError
from curator.notation.intake import ENDINGS

MOST_FILES = 2000
MOST_EACH = 20_000_000  # as one upload may have
MOST_TOGETHER = 400_000_000
MOST_RATIO = 200  # of a file above a megabyte; MusicXML packs 20 to 40 times


@dataclass(frozen=True, slots=True)
class Enclosed:
    """One file of a parcel: its name as a plain line, and its bytes or the reason why there are none."""

    name: str
    data: bytes
    reason: str


def is_parcel(name: str) -> bool:
    """Whether a file of this name is a zip of scores."""
    return name.lower().endswith(".zip")


def open_parcel(file: BinaryIO) -> tuple[Iterator[Enclosed], tuple[str, ...]]:
    """The scores of a zip file, unpacked one after the other, and the names of the other files in it.

    Raises NotationError for what is no sound zip file or holds no score. A single file that is broken, a link, too
    large or a zip file itself costs itself only; what would go over the bound on all together is named, not unpacked.
    """
    try:
        bounded_directory(file)
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, ValueError, NotImplementedError) as error:
        if isinstance(error, NotationError):
            raise
        raise NotationError("The compressed file is damaged or cut off.") from None
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MOST_FILES:
        raise NotationError(
            "The zip file holds %(files)d files; at most %(most)d are taken.", files=len(entries), most=MOST_FILES
        )
    scores, others = [], []
    for entry in entries:
        steps = entry.filename.replace("\\", "/").split("/")
        if "__MACOSX" in steps or steps[-1].startswith("."):
            continue  # what systems add by themselves
        if entry.filename.lower().endswith((*ENDINGS, ".zip")):
            scores.append(entry)
        else:
            others.append(_label(entry.filename))
    if not scores:
        raise NotationError("The zip file holds no score.")
    return _unpacked(archive, scores), tuple(others)


def _unpacked(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> Iterator[Enclosed]:
    taken = 0
    with archive:
        for entry in entries:
            name = _label(entry.filename)
            try:
                if taken + entry.file_size > MOST_TOGETHER:
                    raise NotationError(
                        "The zip file unpacks to more than %(size)d MB.", size=MOST_TOGETHER // 1_000_000
                    )
                data = _read(archive, entry)
            except NotationError as error:
                yield Enclosed(name, b"", error.sentence)
            else:
                taken += len(data)
                yield Enclosed(name, data, "")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if is_parcel(entry.filename):
        raise NotationError("A zip file inside a zip file is not opened.")
    if names_outside(entry.filename):
        raise NotationError("The compressed file names a path outside itself.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise NotationError("This is a link, not a file.")
    if entry.file_size > MOST_EACH:
        raise NotationError("The file is larger than %(size)d MB.", size=MOST_EACH // 1_000_000)
    if entry.file_size > 1_000_000 and entry.file_size > MOST_RATIO * max(1, entry.compress_size):
        raise NotationError("The file is packed more tightly than any score.")
    try:
        with archive.open(entry) as stream:
            data = stream.read(MOST_EACH + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError):
        raise NotationError("The compressed file is damaged or cut off.") from None
    except (NotImplementedError, RuntimeError):
        raise NotationError("The compressed file is encrypted or packed in an unknown way.") from None
    if len(data) > MOST_EACH:
        raise NotationError("The file is larger than %(size)d MB.", size=MOST_EACH // 1_000_000)
    return data


def _label(name: str) -> str:
    plain = "".join(sign if sign.isprintable() else " " for sign in name.replace("\\", "/"))
    return " ".join(plain.split())[-300:]

"""Carries files between this house and a rented machine over links: presigned https addresses, or file:// in a folder.

Nothing but the standard library, because it runs on a bare machine before anything is installed. A large file travels
as chunks of a fixed size, each under a link of its own, so that a broken connection costs one chunk.
"""

import hashlib
import io
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, url2pathname, urlopen

CHUNK = 256 << 20
"""Bytes a link carries; far below the 5 GB that S3 takes at once, and a minute at 40 Mbit/s."""

TIMEOUT_SECONDS = 120.0
TRIES = 5
BLOCK = 1 << 20


class CarryError(Exception):
    """Something did not arrive. The message names no link, because links are keys."""


@dataclass(frozen=True)
class Parcel:
    """A file as it lies at the other end: its bytes in `links`, one a chunk of `chunk` bytes."""

    path: str
    size: int
    sha256: str
    links: tuple[str, ...]
    chunk: int = CHUNK

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Parcel":
        """From JSON."""
        return cls(said["path"], int(said["size"]), said["sha256"], tuple(said["links"]), int(said["chunk"]))

    def json(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def get(link: str, *, tries: int = TRIES) -> bytes | None:
    """What lies under a link, None where nothing does. Raises CarryError.

    S3 says 403, not 404, of a missing object to whoever may not list the bucket; so both mean nothing.
    """
    with io.BytesIO() as into:
        return into.getvalue() if _fetch(link, into, tries=tries) else None


def put(link: str, data: bytes, *, tries: int = TRIES) -> None:
    """Lay bytes under a link, over what was there. Raises CarryError."""
    _store(link, io.BytesIO(data), len(data), tries=tries)


def fetch(parcel: Parcel, target: Path) -> None:
    """Bring a file here, whole and checked by its hash, or raise CarryError. One that is here already stays."""
    if target.is_file() and target.stat().st_size == parcel.size and sha256(target) == parcel.sha256:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    with part.open("w+b") as into:
        for number, link in enumerate(parcel.links):
            into.seek(number * parcel.chunk)
            into.truncate()
            if number * parcel.chunk < max(parcel.size, 1) and not _fetch(link, into, tries=TRIES):
                raise CarryError(f"{parcel.path} is not there.")
    if part.stat().st_size != parcel.size or sha256(part) != parcel.sha256:
        part.unlink()
        raise CarryError(f"{parcel.path} arrived damaged.")
    part.replace(target)


def send(source: Path, name: str, links: Sequence[str], *, chunk: int = CHUNK) -> Parcel:
    """Lay a file under as many of these links as it needs. Raises CarryError; then what lies there is not whole."""
    size = source.stat().st_size
    needed = max(1, -(-size // chunk))
    if needed > len(links):
        raise CarryError(f"{name} is larger than was arranged for: {size} bytes.")
    with source.open("rb") as file:
        for number, link in enumerate(links[:needed]):
            _store(link, _Window(file, number * chunk, min(chunk, size - number * chunk)), None, tries=TRIES)
    return Parcel(name, size, sha256(source), tuple(links[:needed]), chunk)


def pack(folder: Path, names: Sequence[str], target: Path) -> None:
    """Put these files and folders into a tar file. What vanishes meanwhile is left out only if it is not named."""
    with tarfile.open(target, "w") as tar:
        for name in names:
            tar.add(folder / name, arcname=name)


def unpack(source: Path, folder: Path) -> None:
    """Take everything out of a tar file of `pack`; nothing leaves `folder`. Raises CarryError for any other file."""
    try:
        with tarfile.open(source) as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise CarryError(f"The packed files cannot be read: {error}.") from error


def sha256(path: Path) -> str:
    """Hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Window(io.RawIOBase):
    """So many bytes of a file from a place on, as a body that can be sent again."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self._file, self._start, self.size, self._at = file, start, size, 0

    def rewind(self) -> None:
        self._at = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        left = self.size - self._at
        self._file.seek(self._start + self._at)
        data = self._file.read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data


def _fetch(link: str, into: IO[bytes], *, tries: int) -> bool:
    """Copy what lies under a link; False where nothing does."""
    start = into.tell()
    if (file := _file(link)) is not None:
        if not file.is_file():
            return False
        into.write(file.read_bytes())
        return True
    for pause in _pauses(tries):
        into.seek(start)
        into.truncate()
        try:
            with urlopen(Request(link), timeout=TIMEOUT_SECONDS) as reply:  # noqa: S310 (https, or a test's own server)
                while block := reply.read(BLOCK):
                    into.write(block)
            return True
        except HTTPError as error:
            error.close()
            if error.code in (403, 404):
                return False
            _again(f"answer {error.code}", pause)
        except (URLError, HTTPException, OSError) as error:
            _again(type(error).__name__, pause)
    raise AssertionError("the last pause raises")


def _store(link: str, body: "io.BytesIO | _Window", size: int | None, *, tries: int) -> None:
    length = body.size if isinstance(body, _Window) else size or 0
    if (file := _file(link)) is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_name(f"{file.name}.part")
            part.write_bytes(body.read())
            part.replace(file)
        except OSError as error:
            raise CarryError(f"Nothing can be laid down: {error.strerror or error}.") from error
        return
    for pause in _pauses(tries):
        body.rewind() if isinstance(body, _Window) else body.seek(0)
        # without a type urllib would call it a form, and servers read forms otherwise
        headers = {"Content-Length": str(length), "Content-Type": "application/octet-stream"}
        request = Request(link, data=body, method="PUT", headers=headers)  # noqa: S310 (https, or a test's own server)
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310 (as above)
                return
        except HTTPError as error:
            error.close()
            if error.code in (400, 403, 404):
                raise CarryError(f"The storage refuses it: answer {error.code}. Its link may have run out.") from error
            _again(f"answer {error.code}", pause)
        except (URLError, HTTPException, OSError) as error:
            _again(type(error).__name__, pause)


def _pauses(tries: int) -> Iterator[float | None]:
    """Seconds before each further try; None behind the last one."""
    yield from (min(2.0**number, 30.0) for number in range(tries - 1))
    yield None


def _again(what: str, pause: float | None) -> None:
    if pause is None:
        raise CarryError(f"The storage cannot be reached: {what}.")
    time.sleep(pause)


def _file(link: str) -> Path | None:
    parts = urlsplit(link)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None

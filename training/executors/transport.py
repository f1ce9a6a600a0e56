"""Where files lie that travel between this house and a rented machine: a folder, or any S3-compatible storage.

Names are paths with slashes. A link is good for one name, one direction and a limited time; its holder needs no key.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

LONGEST_LINK_SECONDS = 7 * 24 * 3600
"""S3 signs no link for longer."""


class TransportError(Exception):
    """The storage refuses or cannot be reached. The message names no key."""


class Transport(Protocol):
    """One place. Every method raises TransportError."""

    def put(self, name: str, source: Path) -> None:
        """Lay a file there."""

    def get(self, name: str, target: Path) -> bool:
        """Bring a file here, whole or not at all; False where there is none."""

    def write(self, name: str, data: bytes) -> None:
        """Lay something small there."""

    def read(self, name: str) -> bytes | None:
        """Something small, None where there is nothing."""

    def size(self, name: str) -> int | None:
        """Bytes of a file, None where there is none."""

    def remove(self, prefix: str) -> None:
        """Take away everything whose name begins so."""

    def link_to_read(self, name: str, *, seconds: float) -> str:
        """A link under which the file can be read. There need be none yet."""

    def link_to_write(self, name: str, *, seconds: float) -> str:
        """A link under which a file can be laid there."""


class LocalFolder:
    """A folder that both sides see: a disk that is shared, or this machine itself."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, name: str, source: Path) -> None:
        """See Transport."""
        self._lay(name, lambda part: shutil.copyfile(source, part))

    def get(self, name: str, target: Path) -> bool:
        """See Transport."""
        source = self.root / name
        try:
            if not source.is_file():
                return False
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f"{target.name}.part")
            shutil.copyfile(source, part)
            part.replace(target)
        except OSError as error:
            raise _trouble(error) from error
        return True

    def write(self, name: str, data: bytes) -> None:
        """See Transport."""
        self._lay(name, lambda part: part.write_bytes(data))

    def read(self, name: str) -> bytes | None:
        """See Transport."""
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _trouble(error) from error

    def size(self, name: str) -> int | None:
        """See Transport."""
        source = self.root / name
        return source.stat().st_size if source.is_file() else None

    def remove(self, prefix: str) -> None:
        """See Transport."""
        try:
            for path in sorted(self.root.rglob("*"), reverse=True):
                if path.relative_to(self.root).as_posix().startswith(prefix):
                    path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        except OSError as error:
            raise _trouble(error) from error

    def link_to_read(self, name: str, *, seconds: float) -> str:  # noqa: ARG002 (a folder knows no time)
        """See Transport."""
        return (self.root / name).resolve().as_uri()

    def link_to_write(self, name: str, *, seconds: float) -> str:
        """See Transport."""
        return self.link_to_read(name, seconds=seconds)

    def _lay(self, name: str, write: Any) -> None:
        target = self.root / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f"{target.name}.part")
            write(part)
            part.replace(target)
        except OSError as error:
            raise _trouble(error) from error


class S3:
    """A bucket, or a part of one. Keys are read as boto3 reads them: from the environment or its own files."""

    def __init__(self, bucket: str, *, endpoint: str = "", prefix: str = "cuewright/") -> None:
        # boto3 comes with the extra `s3`, which run.py installs where a bucket is named.
        try:
            import boto3
            from boto3.exceptions import Boto3Error
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError as error:
            raise TransportError("boto3 is missing: `python run.py set-up` installs it for a bucket.") from error
        self._bucket, self._prefix = bucket, prefix
        self._trouble: tuple[type[Exception], ...] = (Boto3Error, BotoCoreError, ClientError, OSError)
        try:
            self._s3 = boto3.client(
                "s3",
                endpoint_url=endpoint or None,
                config=Config(
                    signature_version="s3v4",
                    retries={"max_attempts": 5, "mode": "standard"},
                    # Other storages than Amazon's do not all know its newer checksums.
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )
        except self._trouble as error:
            raise _trouble(error) from error

    def put(self, name: str, source: Path) -> None:
        """See Transport. Large files go up in parts."""
        try:
            self._s3.upload_file(str(source), self._bucket, self._prefix + name)
        except self._trouble as error:
            raise _trouble(error) from error

    def get(self, name: str, target: Path) -> bool:
        """See Transport."""
        if self.size(name) is None:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        try:
            self._s3.download_file(self._bucket, self._prefix + name, str(part))
        except self._trouble as error:
            raise _trouble(error) from error
        part.replace(target)
        return True

    def write(self, name: str, data: bytes) -> None:
        """See Transport."""
        try:
            self._s3.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=data)
        except self._trouble as error:
            raise _trouble(error) from error

    def read(self, name: str) -> bytes | None:
        """See Transport."""
        try:
            found: bytes = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
        except self._trouble as error:
            if _code(error) in ("404", "NoSuchKey", "NotFound"):
                return None
            raise _trouble(error) from error
        return found

    def size(self, name: str) -> int | None:
        """See Transport."""
        try:
            return int(self._s3.head_object(Bucket=self._bucket, Key=self._prefix + name)["ContentLength"])
        except self._trouble as error:
            if _code(error) in ("404", "NoSuchKey", "NotFound"):
                return None
            raise _trouble(error) from error

    def remove(self, prefix: str) -> None:
        """See Transport."""
        try:
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            keys: Iterable[str] = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
            for key in keys:
                self._s3.delete_object(Bucket=self._bucket, Key=key)
        except self._trouble as error:
            raise _trouble(error) from error

    def link_to_read(self, name: str, *, seconds: float) -> str:
        """See Transport."""
        return self._link("get_object", name, seconds)

    def link_to_write(self, name: str, *, seconds: float) -> str:
        """See Transport."""
        return self._link("put_object", name, seconds)

    def _link(self, what: str, name: str, seconds: float) -> str:
        try:
            return str(
                self._s3.generate_presigned_url(
                    what,
                    Params={"Bucket": self._bucket, "Key": self._prefix + name},
                    ExpiresIn=int(min(seconds, LONGEST_LINK_SECONDS)),
                )
            )
        except self._trouble as error:
            raise _trouble(error) from error


def _code(error: Exception) -> str:
    said: Any = getattr(error, "response", {})
    return str(said.get("Error", {}).get("Code", ""))


def _trouble(error: Exception) -> TransportError:
    words = _code(error) or getattr(error, "strerror", None) or type(error).__name__
    return TransportError(f"The storage cannot be used: {words}.")

"""What takes the room on the disk of the data folder, by kind, and how much is left."""

import contextlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from django.db.models import Case, CharField, Exists, Model, OuterRef, Sum, Value, When
from django.utils.translation import gettext as _

from curator.domain.housekeeping import NAMED_BY_HASH, references
from curator.models.delivery import Delivery
from curator.models.film import Film
from curator.models.library import MediaFile, RenderingFile
from curator.models.stills import Still

LOW_BYTES = 2_000_000_000
"""With less than this free there is no room for the next checkpoint, and soon none for a take."""


@dataclass(frozen=True)
class Use:
    """What one kind of thing takes in bytes. share: 0..1 of the largest; here: on the disk of the data folder."""

    kind: str
    label: str
    size: int
    share: float
    here: bool


@dataclass(frozen=True)
class DiskFacts:
    """The disk of the data folder in bytes, and the kinds that take something, the largest first."""

    total: int
    free: int
    uses: list[Use]

    @property
    def low(self) -> bool:
        """Whether there is too little room for the work that may come."""
        return self.free < LOW_BYTES

    @property
    def ours(self) -> int:
        """Bytes of this disk that Cuewright takes."""
        return sum(use.size for use in self.uses if use.here)

    @property
    def ours_part(self) -> float:
        """The same as a share of the disk, never too thin to be seen."""
        return max(self.ours / self.total, 0.004)

    @property
    def others(self) -> int:
        """Bytes of this disk that other things take."""
        return max(0, self.total - self.free - self.ours)

    @property
    def others_part(self) -> float:
        """The same as a share of the disk."""
        return self.others / self.total


def space_is_low() -> bool:
    """Whether the disk of the data folder is nearly full; False where that cannot be told."""
    try:
        return shutil.disk_usage(settings.DATA).free < LOW_BYTES
    except OSError:
        return False


def disk_facts() -> DiskFacts:
    """The disk as it is now. Raises OSError where the data folder cannot be read."""
    disk = shutil.disk_usage(settings.DATA)
    kept_here = _storage_is_here()
    found = [(kind, size, kept_here) for kind, size in _media()]
    found += [(kind, sum(_size(path) for path in paths), True) for kind, paths in _folders()]
    found.append(("database", *_database()))
    largest = max(size for _kind, size, _here in found)
    labels = _labels()
    uses = [Use(kind, labels[kind], size, size / largest, here) for kind, size, here in found if size]
    return DiskFacts(disk.total, disk.free, sorted(uses, key=lambda use: (-use.size, use.kind)))


def _storage_is_here() -> bool:
    """Whether the storage is a folder on the disk of the data folder."""
    if not isinstance(default_storage, FileSystemStorage):
        return False
    folder = Path(default_storage.location)
    while not folder.exists():
        folder = folder.parent  # nothing was stored yet
    return folder.stat().st_dev == Path(settings.DATA).stat().st_dev


def _labels() -> dict[str, str]:
    return {
        "renderings": _("Engraved pages and sound"),
        "pictures": _("Stills and film"),
        "deliveries": _("Packages handed over"),
        "sets": _("Training files"),
        "left": _("Uploads, and what is no longer needed"),
        "weights": _("Checkpoints"),
        "runs": _("Training rounds"),
        "backups": _("Backups"),
        "working": _("Queue, logs and uploads under way"),
        "database": _("Database"),
    }


def _media() -> Iterable[tuple[str, int]]:
    """Bytes of the storage by kind, in one query; a file of several kinds counts as the first."""
    pictures = [(model, field) for model, field in NAMED_BY_HASH if model in (Still, Film)]
    keys = {RenderingFile: "renderings", Delivery: "deliveries"}
    named: list[tuple[type[Model], str, str, str]] = [
        (one.model, one.name, "pk", keys.get(one.model, "sets")) for one in references(MediaFile)
    ]
    named += [(model, field, "sha256", "pictures") for model, field in pictures]
    cases = [
        When(Exists(model._base_manager.filter(**{field: OuterRef(key)})), then=Value(kind))
        for model, field, key, kind in named
    ]
    kind = Case(*cases, default=Value("left"), output_field=CharField())
    rows = MediaFile.objects.annotate(kind=kind).values("kind").annotate(bytes=Sum("size")).order_by("kind")
    return [(row["kind"], row["bytes"]) for row in rows]


def _folders() -> Iterable[tuple[str, list[Path]]]:
    data = Path(settings.DATA)
    return [
        ("weights", [Path(settings.WEIGHTS)]),
        ("runs", [Path(settings.RUNS)]),
        ("backups", [data / "backups"]),
        ("working", [data / "broker", data / "logs", data / "uploads"]),
    ]


def _size(folder: Path) -> int:
    """Bytes of all files below a folder; 0 where there is none."""
    total = 0
    for path, _folders, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # gone meanwhile
                total += os.stat(os.path.join(path, name), follow_symlinks=False).st_size
    return total


def _database() -> tuple[int, bool]:
    """Bytes of the database, and whether it lies in the data folder."""
    if connection.vendor != "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("select pg_database_size(current_database())")
            return int(cursor.fetchone()[0]), False
    file = Path(str(settings.DATABASES["default"]["NAME"]))
    return sum(path.stat().st_size for path in file.parent.glob(f"{file.name}*")), True

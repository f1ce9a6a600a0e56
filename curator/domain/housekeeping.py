"""What nobody needs any more is removed: renderings whose place was taken, files that nothing refers to.

Both wait for a while, so that nothing goes that is just being made or that somebody is about to refer to; and both
can be made again from the scores. Safe beside any other work, and beside itself on another machine.
"""

import json
import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from curator.domain.library import IMPORT_JOBS
from curator.domain.media import CONTENT_TYPES
from curator.models.film import Film
from curator.models.jobs import Job, JobState
from curator.models.library import MediaFile, PieceVersion, Rendering, RenderingFile, RenderingState
from curator.models.ranking import Take
from curator.models.stills import Still
from curator.rendering.version import RENDERER
from curator.storage import UNFINISHED

log = logging.getLogger(__name__)

GRACE = timedelta(days=1)

NAMED_BY_HASH: tuple[tuple[type[models.Model], str], ...] = (
    (Still, "large"),
    (Still, "tile"),
    (Film, "picture"),
    (PieceVersion, "original_sha256"),
)
"""Columns that refer to a file by its SHA-256; all others are foreign keys."""

_FOLDER = re.compile(r"[0-9a-f]{2}")
_OURS = re.compile(r"([0-9a-f]{64})(\.[0-9a-z]+)")
_LEFT_OVER = re.compile(rf"[0-9a-f]{{64}}(_\w{{7}}\.[0-9a-z]+|\.[0-9a-z]+\.[0-9a-f]+{re.escape(UNFINISHED)})")
"""Names that a broken-off write leaves, or that a storage gives where a name was taken."""


@dataclass(frozen=True)
class Tidied:
    """How many renderings and files went, and how many bytes these had."""

    renderings: int
    files: int
    size: int


def tidy(*, grace: timedelta = GRACE, most: int | None = None, strays: bool = True) -> Tidied:
    """Remove what was not needed for the time of `grace`, at most `most` files; the rest goes next time.

    strays: the storage is searched for files without a row, which takes a while where there are many.
    """
    before = timezone.now() - grace
    renderings = sum(_remove_rendering(row) for group in _outdated(before) for row in group)
    files = size = 0
    if strays:
        for name in _strays(before):
            size += _remove_stray(name)
            files += 1
    for orphan in orphans(before).order_by("pk")[:most]:
        if _remove_file(orphan, before):
            files += 1
            size += orphan.size
    if renderings or files:
        log.info("housekeeping: %d renderings and %d files removed, %d bytes", renderings, files, size)
    return Tidied(renderings, files, size)


def orphans(before: datetime) -> models.QuerySet[MediaFile]:
    """Files that nothing refers to, last stored before that time."""
    found = MediaFile.objects.filter(stored_at__lt=before).exclude(pk__in=_uploads_at_work())
    for field in references(MediaFile):
        found = found.filter(~Exists(field.model._base_manager.filter(**{field.name: OuterRef("pk")})))
    for model, column in NAMED_BY_HASH:
        found = found.filter(~Exists(model._base_manager.filter(**{column: OuterRef("sha256")})))
    return found


def references(model: type[models.Model]) -> list["models.ForeignKey[Any, Any]"]:
    """Every foreign key to a model, also those of the apps above and those that have no name backwards."""
    found = (field for field in model._meta.get_fields(include_hidden=True) if field.auto_created)
    return [field.field for field in found if isinstance(field, models.ManyToOneRel)]


def _uploads_at_work() -> set[int]:
    """Uploads that are still to be read, or that may be tried again."""
    rows = Job.objects.filter(kind__in=IMPORT_JOBS).exclude(state=JobState.CANCELLED)
    told = rows.values_list("arguments", "state", "result")
    return {said["media"] for said, state, result in told if state != JobState.DONE or result.get("left")}


def _remove_file(orphan: MediaFile, before: datetime) -> bool:
    """Remove a row and its file; False where somebody has come to need it meanwhile."""
    try:
        with transaction.atomic():
            # Locked, then looked at again: whoever stores the same content now waits, and then writes it anew.
            row = MediaFile.objects.select_for_update().filter(pk=orphan.pk, stored_at__lt=before).first()
            if row is None or not orphans(before).filter(pk=row.pk).exists():
                return False
            row.delete()
            default_storage.delete(row.name)
    except OSError as error:
        log.warning("%s is not removed, tried again later: %s", orphan.name, error)
        return False
    return True


def _strays(before: datetime) -> Iterator[str]:
    """Left-overs of broken-off writes in the storage. Whole files without a row get one, so that they are orphans."""
    suffixes = dict(MediaFile.objects.values_list("sha256", "suffix"))
    for folder in filter(_FOLDER.fullmatch, _listed("")[0]):
        for name in _listed(folder)[1]:
            ours = _OURS.fullmatch(name)
            if ours and suffixes.get(ours[1]) == ours[2]:
                continue
            path = f"{folder}/{name}"
            if not ours and not _LEFT_OVER.fullmatch(name):
                continue
            try:
                changed, size = default_storage.get_modified_time(path), default_storage.size(path)
            except OSError:
                continue  # gone meanwhile
            if changed >= before:
                continue
            if ours and ours[2] not in CONTENT_TYPES:
                continue
            if ours and ours[1] not in suffixes:
                values = {"suffix": ours[2], "content_type": CONTENT_TYPES[ours[2]], "size": size, "stored_at": changed}
                MediaFile.objects.get_or_create(sha256=ours[1], defaults=values)
            else:
                yield path


def _listed(folder: str) -> tuple[list[str], list[str]]:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []  # nothing was stored yet
    return sorted(folders), sorted(files)


def _remove_stray(path: str) -> int:
    try:
        size = default_storage.size(path)
        default_storage.delete(path)
    except OSError as error:
        log.warning("%s is not removed, tried again later: %s", PurePosixPath(path).name, error)
        return 0
    return int(size)


def _outdated(before: datetime) -> Iterator[list[Rendering]]:
    """Renderings together, pages and sound: at a tempo map that no cue has any more, or of an older renderer.

    Only once all that is asked for of their version today has been there since `before`.
    """
    rows = Rendering.objects.only("pk", "version", "target", "tempo_map", "renderer", "state", "finished_at")
    by_version: dict[int, list[Rendering]] = defaultdict(list)
    for row in rows.filter(version__in=rows.exclude(renderer=RENDERER, tempo_map=[]).values("version")):
        by_version[row.version_id].append(row)
    maps: dict[int, set[str]] = defaultdict(set)
    for version, tempo_map in Take.objects.values_list("version", "cue__tempo_map"):
        maps[version].add(json.dumps(tempo_map))
    kept = _in_use()
    for version, mine in by_version.items():
        wanted = maps.get(version) or {json.dumps([])}
        ready = {
            (json.dumps(row.tempo_map), row.target)
            for row in mine
            if row.renderer == RENDERER and row.state == RenderingState.READY and _over(row, before)
        }
        groups: dict[tuple[str, str], list[Rendering]] = defaultdict(list)
        for row in mine:
            groups[json.dumps(row.tempo_map), row.renderer].append(row)
        for (tempo_map, renderer), group in groups.items():
            if renderer == RENDERER and tempo_map in wanted | {json.dumps([])}:
                continue
            replaced = all((one, row.target) in ready for one in wanted for row in group)
            if replaced and all(_over(row, before) and row.pk not in kept for row in group):
                yield group


def _over(row: Rendering, before: datetime) -> bool:
    return row.state != RenderingState.PENDING and row.finished_at is not None and row.finished_at < before


def _in_use() -> set[int]:
    """Renderings that a judgement or a pair was heard on, and those that a job is at."""
    kept: set[int] = set()
    for field in references(Rendering):
        if field.model is not RenderingFile:
            rows = field.model._base_manager.filter(**{f"{field.name}__isnull": False})
            kept.update(rows.values_list(field.attname, flat=True))
    for said in Job.objects.open().filter(queue="cpu").values_list("arguments", flat=True):
        kept.update(_ids(said.get(name) for name in ("engraving_id", "sound_id", "strip_id")))
    return kept


def _ids(values: Iterable[object]) -> set[int]:
    return {value for value in values if isinstance(value, int)}


def _remove_rendering(row: Rendering) -> int:
    """1 where it is gone; 0 where somebody has come to refer to it meanwhile."""
    try:
        with transaction.atomic():
            held = Rendering.objects.select_for_update().filter(pk=row.pk, state=row.state).first()
            if held is None:
                return 0
            held.delete()
    except models.ProtectedError:
        return 0
    return 1

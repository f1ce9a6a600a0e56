"""Backup and restore of what cannot be made again: texts, judgements, approvals, films, settings of rounds.

A backup is a .zip of `manifest.json`, `rows.jsonl` (one row a line, in the order in which rows need each other) and
`media/` (the stills of shots and the files that were handed over, named by their content).
Left out: jobs and workers (they end with the process), sign-in links, tokens and sessions (secrets), rendered media,
sketches, courses and measures of the music (made again when they are needed), uploads as they came in (their music is
in the rows), the cut of a film and weights (large; the film and each checkpoint row name their SHA-256).
"""

import contextlib
import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from django.apps import apps
from django.core import serializers
from django.core.exceptions import FieldDoesNotExist
from django.core.management.color import no_style
from django.core.serializers.base import DeserializationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DataError, IntegrityError, connection, models, transaction
from django.utils.translation import gettext as _

from curator.domain.cues import refresh_cue_state
from curator.domain.errors import DomainError
from curator.domain.media import CONTENT_TYPES, read_media, store_media
from curator.domain.shelving import shelve_pieces
from curator.models.accounts import SignInLink
from curator.models.courses import Course
from curator.models.delivery import ApiToken, Delivery
from curator.models.film import Cue
from curator.models.jobs import Job, Pause, Turn, Worker
from curator.models.library import MediaFile, Piece, Rendering, RenderingFile, RenderingState
from curator.models.measures import TakeMeasure, Trace
from curator.models.stills import Still
from curator.models.themes import ThemeUse
from curator.models.twins import Resemblance, Sketch, SketchBand

FORMAT = 1
_APPS = ("curator", "generation", "training")
_LEFT_OUT: tuple[type[models.Model], ...] = (
    Turn,
    Pause,
    Job,
    Worker,
    SignInLink,
    ApiToken,
    MediaFile,
    RenderingFile,
    Resemblance,
    SketchBand,
    Sketch,
    Course,
    Trace,
    TakeMeasure,
)
# Of these a restore leaves what is there: workers may be running, and the files in the storage stay too.
_STAY: tuple[type[models.Model], ...] = (Worker, MediaFile)
_STOPPED = {"state": "failed", "reason": "The work was stopped before this take was written."}


class _Encoder(DjangoJSONEncoder):
    """Django's cuts times to milliseconds; a backup must not."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def _models() -> list[type[models.Model]]:
    configs = [(apps.get_app_config(label), None) for label in _APPS]
    ordered = serializers.sort_dependencies(configs, allow_cycles=True)
    return [model for model in ordered if model not in _LEFT_OUT]


def write_backup(*, path: Path) -> str:
    """Write a backup to `path`, whole or not at all. Returns its SHA-256. Raises DomainError where it cannot."""
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        _write(unfinished)
        os.replace(unfinished, path)
    except OSError as error:
        raise DomainError(
            _("%(name)s cannot be written: %(reason)s.") % {"name": path, "reason": error.strerror}
        ) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(unfinished: Path) -> None:
    counts: dict[str, int] = {}
    digest = hashlib.sha256()
    with transaction.atomic(), zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("rows.jsonl", "w", force_zip64=True) as file:
            for line in _rows(counts):
                data = line.encode()
                digest.update(data)
                file.write(data)
        manifest = {
            "format": FORMAT,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "rows": counts,
            "sha256": digest.hexdigest(),
        }
        stills = Still.objects.values("large").union(Still.objects.values("tile"))
        kept = models.Q(pk__in=Delivery.objects.values("media")) | models.Q(sha256__in=stills)
        for media in MediaFile.objects.filter(kept):
            with contextlib.suppress(FileNotFoundError):  # lost before; its row still proves what it was
                archive.writestr(f"media/{media.name}", read_media(media))
        archive.writestr("manifest.json", json.dumps(manifest, indent=1, sort_keys=True))


def _rows(counts: dict[str, int]) -> Iterator[str]:
    for model in _models():
        label = model._meta.label
        counts[label] = 0
        rows = model._default_manager.order_by("pk").iterator(chunk_size=200)
        for row in serializers.serialize("python", rows):
            for field in model._meta.concrete_fields:
                if field.related_model in _LEFT_OUT:
                    row["fields"][field.name] = None
            if model is Rendering:
                row["fields"]["state"] = RenderingState.PENDING
            if label == "generation.Candidate" and row["fields"]["state"] in ("waiting", "writing"):
                row["fields"] |= _STOPPED  # the job that would have written it is left out
            counts[label] += 1
            # in ASCII: half characters, which JSON from a browser may hold, have no UTF-8
            yield json.dumps(row, cls=_Encoder) + "\n"


def read_backup(*, path: Path) -> list[dict[str, Any]]:
    """The rows of a backup, checked against its manifest. Raises DomainError when it is not whole."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            data = archive.read("rows.jsonl")
    except FileNotFoundError as error:
        raise DomainError(_("There is no file %(name)s.") % {"name": path}) from error
    except OSError as error:
        raise DomainError(
            _("%(name)s cannot be read: %(reason)s.") % {"name": path, "reason": error.strerror}
        ) from error
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise DomainError(_("%(name)s is not a whole Cuewright backup.") % {"name": path.name}) from error
    if manifest.get("format") != FORMAT:
        raise DomainError(_("%(name)s was made by another version of Cuewright.") % {"name": path.name})
    if hashlib.sha256(data).hexdigest() != manifest.get("sha256"):
        raise DomainError(_("%(name)s is damaged: its content does not match its hash.") % {"name": path.name})
    return list(_brought_up(json.loads(line) for line in data.splitlines()))


def _brought_up(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows of older backups as they would be written today: a cue had one theme, and a theme could have a parent."""
    uses = []
    for row in rows:
        model, fields = row.get("model"), row.get("fields", {})
        if model == "curator.cue" and (theme := fields.pop("theme", None)) is not None:
            uses.append({"cue": row["pk"], "theme": theme, "how": ThemeUse.STATEMENT.value, "bar": 1})
        if model == "curator.theme":
            for gone in ("parent", "relation"):
                fields.pop(gone, None)
        yield row
    for number, use in enumerate(uses, start=1):
        yield {"model": "curator.cuetheme", "pk": number, "fields": use}


def has_work() -> bool:
    """True when this installation holds rows that a restore would replace."""
    return any(
        apps.get_model(label)._default_manager.exists()
        for label in ("curator.Film", "curator.Piece", "curator.Judgement", "generation.Checkpoint")
    )


def restore_backup(*, path: Path) -> dict[str, int]:
    """Replace all rows by those of the backup, in one transaction. Returns rows a model.

    Raises DomainError and changes nothing when the file is not whole or does not fit.
    """
    rows = read_backup(path=path)
    counts: dict[str, int] = {}
    try:
        with transaction.atomic():
            for model in reversed([*_LEFT_OUT, *_models()]):
                if model not in _STAY:
                    _raw_delete(model)
            for restored in serializers.deserialize("python", rows):
                restored.save()
                label = restored.object._meta.label
                counts[label] = counts.get(label, 0) + 1
            _reset_sequences()
            connection.check_constraints()
            _restore_media(path)
            for cue in Cue.objects.all():
                refresh_cue_state(cue=cue)  # nothing is being written any more
            shelve_pieces(pieces=Piece.objects.filter(words=""))  # a backup from before there was a shelf
    except (DeserializationError, FieldDoesNotExist, models.ProtectedError, IntegrityError, DataError) as error:
        raise DomainError(_("%(name)s does not fit this version of Cuewright.") % {"name": path.name}) from error
    return counts


def _restore_media(path: Path) -> None:
    """Take the files of a backup into the storage, and tie what was handed over to its file again."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            part = PurePosixPath(name)
            if part.parts[0] != "media" or name.endswith("/"):
                continue
            try:
                data = archive.read(name)
            except zipfile.BadZipFile:
                data = b""
            if hashlib.sha256(data).hexdigest() != part.stem or part.suffix not in CONTENT_TYPES:
                raise DomainError(_("%(name)s is damaged: its content does not match its hash.") % {"name": path.name})
            store_media(data=data, suffix=part.suffix)
    kept = MediaFile.objects.filter(sha256=models.OuterRef("sha256")).values("pk")
    Delivery.objects.update(media=models.Subquery(kept))


def _raw_delete(model: type[models.Model]) -> None:
    # PROTECT guards users, not a restore; foreign keys are checked at the end of the transaction.
    for many in model._meta.local_many_to_many:
        through = getattr(model, many.name).through
        through._default_manager.all()._raw_delete(through._default_manager.db)
    model._default_manager.all()._raw_delete(model._default_manager.db)


def _reset_sequences() -> None:
    statements = connection.ops.sequence_reset_sql(no_style(), _models())
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)

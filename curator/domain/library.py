"""Files become pieces: read, checked, converted, counted, and told apart from what is already there."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.media import read_media, store_media
from curator.domain.rendering import request_rendering
from curator.domain.sentences import say
from curator.domain.shelving import shelve_pieces
from curator.domain.sketches import sketch_version
from curator.domain.takes import put_up_take
from curator.jobs import Run, enqueue
from curator.models.accounts import User
from curator.models.film import Cue
from curator.models.jobs import Job, JobState
from curator.models.library import MediaFile, Origin, Piece, PieceVersion, Source, Tag
from curator.models.twins import Resemblance
from curator.notation.abc import parse
from curator.notation.arrival import receive
from curator.notation.errors import NotationError
from curator.notation.facts import facts_of
from curator.notation.intake import MOST_UPLOAD

IMPORT_JOB, PARCEL_JOB, MANIFEST_JOB = "library.import", "library.parcel", "library.manifest"
IMPORT_JOBS = (
    IMPORT_JOB,
    PARCEL_JOB,
    MANIFEST_JOB,
)  # a score; a zip file and a list of addresses, curator.domain.parcels
ENDINGS = (".mxl", ".musicxml", ".xml", ".abc")


@dataclass(frozen=True)
class About:
    """What the user says of the files he adds; the files' own title and composer are taken where this is empty."""

    title: str = ""
    composer: str = ""
    period: str = ""
    instrumentation: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class PutUp:
    """The cue that what is imported is put up for as a take, and the cohort it then belongs to."""

    cue: Cue
    cohort: str

    @property
    def words(self) -> dict[str, Any]:
        """As a job keeps it."""
        return {"to": self.cue.pk, "cohort": self.cohort}


def read_put_up(told: Mapping[str, Any] | None) -> PutUp | None:
    """What `PutUp.words` kept; None for nothing and for a cue that is gone."""
    cue = Cue.objects.filter(pk=told["to"]).first() if told else None
    return PutUp(cue, str(told["cohort"])) if cue is not None and told else None


@dataclass(frozen=True)
class Like:
    """The piece that a file repeats, and how: the same file, the same notes, transposed, nearly the same notes."""

    piece: Piece
    how: str

    @property
    def duplicate(self) -> bool:
        """Whether it is that piece; else it only resembles it, and the owner decides (curator.domain.twins)."""
        return self.how in ("same file", "same notes")


@dataclass(frozen=True)
class Imported:
    """What became of one file. A duplicate makes no new piece; `piece` is then the one that is there."""

    piece: Piece
    version: PieceVersion
    like: Like | None
    warnings: tuple[str, ...]
    notes_in: int
    notes_out: int

    @property
    def status(self) -> str:
        """imported or duplicate."""
        return "duplicate" if self.like and self.like.duplicate else "imported"


def import_score(
    *,
    name: str,
    data: bytes,
    about: About | None = None,
    source: Source | None = None,
    origin: str = Origin.UPLOADED,
    created_by: User | None = None,
    run: Run | None = None,
) -> Imported:
    """Make a piece of the file `name`, and ask for its engraving and sound.

    Raises DomainError with the reason when the file is no piano score or would lose a note. With `run`, the
    piece is written only while the lease is held.
    """
    about = about or About()
    # a disk or a browser may name files in bytes that are no text
    name = " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())
    sha256 = hashlib.sha256(data).hexdigest()
    known = _known(original_sha256=sha256)
    if known is not None:
        notes = int(known.facts.get("notes", 0))
        return Imported(_stays(known.piece), known, Like(_stays(known.piece), "same file"), (), notes, notes)
    try:
        arrival = receive(name, data) if run is None else receive(name, data, tell=run.progress)
    except NotationError as error:
        raise DomainError(say(error.sentence)) from error
    intake = arrival.intake
    warnings = [say(warning) for warning in arrival.warnings]
    title = about.title or intake.title
    if not title:
        title = _title_from(name)
        warnings.append(_("The file names no title; its file name stands for it."))
    with run.commit() if run is not None else transaction.atomic():
        known = _known(fingerprint=intake.fingerprint)
        if known is not None:
            like = Like(_stays(known.piece), "same notes")
            return Imported(like.piece, known, like, tuple(warnings), intake.notes, arrival.notes)
        piece = Piece.objects.create(
            title=title[:200],
            composer=(about.composer or intake.composer)[:200],
            period=about.period[:60],
            instrumentation=about.instrumentation[:60],
            origin=origin,
            source=source,
            created_by=created_by,
        )
        piece.tags.set([Tag.objects.get_or_create(kind="", name=tag[:60])[0] for tag in about.tags])
        version = PieceVersion.objects.create(
            piece=piece,
            abc=arrival.text,
            musicxml=intake.musicxml.decode(),
            sha256=hashlib.sha256(arrival.text.encode()).hexdigest(),
            fingerprint=intake.fingerprint,
            original_name=name[-255:],
            original_sha256=sha256,
            converter=f"abctoolkit {version_of('abctoolkit')}",
            warnings=warnings,
            facts={**facts_of(parse(arrival.text)), "count": arrival.count},
            created_by=created_by,
        )
        shelve_pieces(pieces=[piece])
        alike = _alike(version)
        request_rendering(version=version, created_by=created_by)
    if alike is not None:
        words = _("It has the notes of %(title)s in another key or in other note values.")
        words = words if alike.how == Resemblance.MOVED else _("It has nearly the same notes as %(title)s.")
        warnings.append(words % {"title": alike.piece.title})
    return Imported(piece, version, alike, tuple(warnings), intake.notes, arrival.notes)


def _known(**fields: str) -> PieceVersion | None:
    """A version with this fingerprint or this original, in the library or of a piece that was merged into one there."""
    merged = Q(piece__merged_into__isnull=False, piece__merged_into__archived_at__isnull=True)
    found = PieceVersion.objects.filter(Q(piece__archived_at__isnull=True) | merged, **fields)
    return found.select_related("piece__merged_into").order_by("pk").first()


def _stays(piece: Piece) -> Piece:
    return piece.merged_into or piece


def _alike(version: PieceVersion) -> Like | None:
    """The piece of the library that a new version is most like."""
    for pair in sketch_version(version=version):
        other = pair.second if pair.first_id == version.piece_id else pair.first
        if other.archived_at is None:
            return Like(other, pair.kind)
    return None


def _title_from(name: str) -> str:
    last = PurePath(name.replace("\\", "/")).name
    stem = next((last[: -len(ending)] for ending in ENDINGS if last.lower().endswith(ending)), last)
    return " ".join(stem.replace("_", " ").split()) or _("Untitled")


# --- uploads --------------------------------------------------------------------------------------


def upload_score(
    *,
    name: str,
    data: bytes,
    about: About | None = None,
    put_up: PutUp | None = None,
    created_by: User | None = None,
) -> Job:
    """Keep the file and have a worker import it, and put it up. Raises DomainError for what needs no worker to be
    refused."""
    if not name.lower().endswith(ENDINGS):
        raise DomainError(_("The file name has none of the endings .musicxml, .mxl, .xml and .abc."))
    most = min(MOST_UPLOAD, settings.MAX_UPLOAD_MB * 1_000_000)
    if len(data) > most:
        raise DomainError(_("The file is larger than %(size)d MB.") % {"size": most // 1_000_000})
    if not data:
        raise DomainError(_("The file is empty."))
    about = about or About()
    media = store_media(data=data, suffix=".upload")
    arguments: dict[str, Any] = {"media": media.pk, "name": name[-255:], "user": created_by.pk if created_by else None}
    arguments["language"] = get_language()
    arguments["about"] = {
        "title": about.title,
        "composer": about.composer,
        "period": about.period,
        "instrumentation": about.instrumentation,
        "tags": list(about.tags),
    }
    if put_up is not None:
        arguments["put_up"] = put_up.words
    return enqueue(
        kind=IMPORT_JOB,
        queue="cpu",
        arguments=arguments,
        key=f"import:{media.sha256}" + (f":{put_up.cue.pk}" if put_up else ""),
        priority=5,
        created_by=created_by,
    )


def import_upload(
    *,
    media: int,
    name: str,
    about: dict[str, Any],
    user: int | None = None,
    language: str | None = None,
    put_up: Mapping[str, Any] | None = None,
    run: Run | None = None,
) -> dict[str, Any]:
    """Import a kept upload; what the job keeps as its result. Raises DomainError as `import_score`.

    A refusal and the warnings are written in `language`, that of the page the file was added on.
    """
    with override(language):
        return _import_upload(media, name, about, user, read_put_up(put_up), run)


def _import_upload(
    media: int, name: str, about: dict[str, Any], user: int | None, put_up: PutUp | None, run: Run | None
) -> dict[str, Any]:
    row = MediaFile.objects.get(pk=media)
    try:
        data = read_media(row)
    except FileNotFoundError as error:
        raise DomainError(_("The uploaded file is gone from the storage; add it again.")) from error
    done = import_score(
        name=name,
        data=data,
        about=About(**{**about, "tags": tuple(about.get("tags", ()))}),
        created_by=User.objects.filter(pk=user).first() if user else None,
        run=run,
    )
    take = None if put_up is None else put_up_take(cue=put_up.cue, version=done.version, cohort=put_up.cohort)
    return {
        "status": done.status,
        "take": take.number if take else None,
        "piece": done.piece.public_id,
        "title": done.piece.title,
        "how": done.like.how if done.like else "",
        "warnings": list(done.warnings),
    }


def retry_import(*, job: Job) -> Job:
    """Import a refused upload again, with the same words; the refusal goes."""
    if job.kind not in IMPORT_JOBS or job.is_open:
        raise DomainError(_("This file is already being read."))
    again = enqueue(
        kind=job.kind,
        queue="cpu",
        arguments=job.arguments,
        key=job.key,
        priority=job.priority,
        created_by=job.created_by,
    )
    job.delete()
    return again


def forget_import(*, job: Job) -> None:
    """Take a refused upload off the list. What became a piece stays."""
    if job.kind not in IMPORT_JOBS or job.is_open:
        raise DomainError(_("This file is still being read."))
    job.delete()


def recent_imports(*, most: int = 30) -> Sequence[Job]:
    """Uploads being read or done with, the last `most` of them, and of the refused ones as many more; newest first."""
    found = Job.objects.filter(kind__in=IMPORT_JOBS).exclude(state=JobState.CANCELLED).order_by("-created_at", "-pk")
    rows = {job.pk: job for job in (*found[:most], *found.filter(state=JobState.FAILED)[:most])}
    return sorted(rows.values(), key=lambda job: (job.created_at, job.pk), reverse=True)


def count_imports() -> tuple[int, int]:
    """How many uploads wait or are being read, and how many were refused and not yet taken off the list."""
    found = Job.objects.filter(kind__in=IMPORT_JOBS)
    return found.open().count(), found.filter(state=JobState.FAILED).count()

"""Sketches of versions, and which of other pieces' versions they are much like. All of it can be made anew."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet

from curator.domain.traces import trace_version
from curator.jobs import Run, enqueue
from curator.models.jobs import Job
from curator.models.library import Origin, Piece, PieceVersion
from curator.models.twins import Resemblance, Sketch, SketchBand
from curator.notation.errors import NotationError
from curator.notation.likeness import ALIKE, FEWEST, SCHEME, Likeness, likeness, print_of, sketch
from curator.notation.sounding import Sounding, sounding

SKETCH_JOB = "library.sketch"
MOST_COMPARED = 300
"""At most so many versions are compared with one, those that share most bands first."""


def sketch_version(*, version: PieceVersion) -> list[Resemblance]:
    """Keep sketch and trace of a version and what it is like; returns the resemblances, the closest first.

    A version without MusicXML, or with one that cannot be read, gets an empty sketch, which is like nothing.
    """
    heard = _heard(version)
    made = sketch(heard)
    music = print_of(heard)
    with transaction.atomic():
        Resemblance.objects.filter(first_version=version).delete()
        Resemblance.objects.filter(second_version=version).delete()
        Sketch.objects.filter(version=version).delete()
        if music and music != version.fingerprint:
            PieceVersion.objects.filter(pk=version.pk).update(fingerprint=music)
            version.fingerprint = music
        values = "".join(f"{value:016x}" for value in made.values)
        row = Sketch.objects.create(
            version=version, scheme=SCHEME, tune=made.tune, shingles=made.shingles, values=values
        )
        SketchBand.objects.bulk_create(SketchBand(sketch=row, band=band) for band in made.bands)
        found = [pair for other in _candidates(row) if (pair := _compare(row, made, other)) is not None]
        Resemblance.objects.bulk_create(found)
        if version.piece.origin != Origin.GENERATED:
            trace_version(version=version)
    return sorted(found, key=lambda pair: -pair.likeness)


def unsketched(pieces: QuerySet[Piece] | None = None) -> QuerySet[PieceVersion]:
    """The newest versions of these pieces, or of all in the library, that have no sketch of the present kind."""
    rows = Piece.objects.filter(archived_at__isnull=True) if pieces is None else pieces
    later = PieceVersion.objects.filter(piece=OuterRef("piece"), number__gt=OuterRef("number"))
    known = Sketch.objects.filter(version=OuterRef("pk"), scheme=SCHEME)
    found = PieceVersion.objects.filter(piece__in=rows.order_by().values("pk"))
    return found.filter(~Exists(later), ~Exists(known)).order_by("pk")


def sketch_missing(*, pieces: QuerySet[Piece] | None = None, run: Run | None = None) -> int:
    """Sketch every version that `unsketched` names; returns how many. About 50 ms each."""
    keys = list(unsketched(pieces).values_list("pk", flat=True))
    for done, key in enumerate(keys):
        if run is not None:
            run.progress(done, len(keys))
        sketch_version(version=PieceVersion.objects.get(pk=key))
    return len(keys)


def request_sketches() -> Job | None:
    """Have a worker sketch what is not yet sketched; None where nothing is missing."""
    if not unsketched().exists():
        return None
    return enqueue(kind=SKETCH_JOB, queue="cpu", arguments={}, key="sketches", priority=3)


def sketch_all(*, run: Run) -> dict[str, Any]:
    """The work of that job."""
    return {"sketched": sketch_missing(run=run)}


def _heard(version: PieceVersion) -> Sounding:
    try:
        return sounding(version.musicxml.encode())
    except NotationError:
        return Sounding((), Fraction(1))


def _candidates(row: Sketch) -> list[Sketch]:
    """Sketches of other pieces that may be like this one: they share a band, the tune or the fingerprint."""
    others = Sketch.objects.filter(scheme=SCHEME).exclude(version__piece=row.version.piece_id)
    bands = list(row.bands.values_list("band", flat=True))
    shared = (
        SketchBand.objects.filter(band__in=bands, sketch__in=others.values("pk"))
        .values_list("sketch")
        .annotate(shared=Count("pk"))
        .order_by("-shared", "sketch")[:MOST_COMPARED]
    )
    keys = {sketch for sketch, _shared in shared}
    if row.tune:
        keys |= set(others.filter(tune=row.tune).values_list("pk", flat=True)[:MOST_COMPARED])
    return list(Sketch.objects.filter(pk__in=keys).select_related("version").defer("version__abc", "version__musicxml"))


def _compare(row: Sketch, made: Likeness, other: Sketch) -> Resemblance | None:
    one, two = row.version, other.version
    long_enough = min(row.shingles, other.shingles) >= FEWEST
    if one.fingerprint and one.fingerprint == two.fingerprint:
        kind, share = Resemblance.SAME, 1.0
    elif not long_enough:
        return None
    elif row.tune == other.tune:
        kind, share = Resemblance.MOVED, 1.0
    else:
        kind, share = Resemblance.NEAR, likeness(made, read_sketch(other))
        if share < ALIKE:
            return None
    first, second = sorted((one, two), key=lambda version: version.piece_id)
    return Resemblance(
        first_id=first.piece_id,
        second_id=second.piece_id,
        first_version=first,
        second_version=second,
        kind=kind,
        likeness=round(share, 3),
    )


def read_sketch(row: Sketch) -> Likeness:
    """The sketch that a row keeps."""
    values = tuple(int(row.values[place : place + 16], 16) for place in range(0, len(row.values), 16))
    return Likeness(row.tune, row.shingles, values)


def known_sketches(*, pieces: QuerySet[Piece]) -> Iterator[Likeness]:
    """The sketches of the newest versions of these pieces, as far as they were made."""
    later = PieceVersion.objects.filter(piece=OuterRef("version__piece"), number__gt=OuterRef("version__number"))
    rows = Sketch.objects.filter(scheme=SCHEME, version__piece__in=pieces.order_by().values("pk"))
    for row in rows.filter(~Exists(later)).order_by("pk").iterator():
        yield read_sketch(row)


def newest_only(rows: QuerySet[Resemblance]) -> QuerySet[Resemblance]:
    """Those between versions that nothing newer has replaced."""
    for side in ("first", "second"):
        later = PieceVersion.objects.filter(piece=OuterRef(side), number__gt=OuterRef(f"{side}_version__number"))
        rows = rows.filter(~Exists(later))
    return rows


def resemblances_among(pieces: QuerySet[Piece]) -> QuerySet[Resemblance]:
    """What the newest versions of these pieces are like among themselves."""
    keys = pieces.order_by().values("pk")
    return newest_only(Resemblance.objects.filter(first__in=keys, second__in=keys))

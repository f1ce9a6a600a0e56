"""The steps of the library's versions, and the longest run that a version shares with any of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from django.db.models import Max, QuerySet

from curator.jobs import Run as JobRun
from curator.models.library import Origin, PieceVersion
from curator.models.measures import Trace
from curator.notation.abc import Score, parse
from curator.notation.errors import NotationError
from curator.notation.runs import SCHEME, Shelf, Steps, steps_of, told

AT_ONCE = 200
_STEPS, _BARS = np.dtype("<u8"), np.dtype("<u2")


class _Library:
    """Every traced version of the library in memory, for the jobs that look for runs; read anew when one is added."""

    def __init__(self, state: tuple[object, ...]) -> None:
        self.state = state
        rows = list(_library().order_by("version_id").values_list("version_id", "version__piece_id", "steps"))
        self.versions = [version for version, _piece, _steps in rows]
        self.pieces = np.array([piece for _version, piece, _steps in rows], dtype=np.int64)
        self.shelf = Shelf([np.frombuffer(bytes(steps), dtype=_STEPS) for _version, _piece, steps in rows])

    def of_piece(self, piece: int) -> frozenset[int]:
        """The places of a piece's versions."""
        return frozenset(np.flatnonzero(self.pieces == piece).tolist())


_read: _Library | None = None


def _library() -> QuerySet[Trace]:
    """Traces of what people wrote; what a model wrote is no piece of the library."""
    rows = Trace.objects.filter(scheme=SCHEME, version__piece__archived_at__isnull=True)
    return rows.exclude(version__piece__origin=Origin.GENERATED)


def trace_version(*, version: PieceVersion) -> None:
    """Keep the steps of a version; of a text that cannot be read there are none. About 5 ms."""
    Trace.objects.update_or_create(version=version, defaults=_fields(version.abc))


def trace_missing(*, run: JobRun | None = None) -> int:
    """Trace every version of the library that has no trace of the present kind; returns how many."""
    rows = PieceVersion.objects.filter(piece__archived_at__isnull=True).exclude(piece__origin=Origin.GENERATED)
    missing = rows.exclude(trace__scheme=SCHEME).order_by("pk")
    keys = list(missing.values_list("pk", flat=True))
    for start in range(0, len(keys), AT_ONCE):
        if run is not None:
            run.progress(start, len(keys))
        some = PieceVersion.objects.filter(pk__in=keys[start : start + AT_ONCE])
        made = [Trace(version_id=key, **_fields(abc)) for key, abc in some.values_list("pk", "abc")]
        Trace.objects.bulk_create(
            made, update_conflicts=True, update_fields=["scheme", "steps", "bars"], unique_fields=["version"]
        )
    return len(keys)


def longest_shared(*, score: Score, piece: int) -> tuple[dict[str, Any], int | None]:
    """The longest run that a score shares with another piece of the library, as a dict, and the version it is in.

    piece: the key of the score's own piece, which does not count. ({}, None) where nothing is shared.
    """
    library = _read_library()
    mine = steps_of(score)
    found = library.shelf.longest(mine.values, without=library.of_piece(piece))
    if found is None:
        return {}, None
    length, start, position = found
    place = int(library.shelf.place_of(np.array([position]))[0])
    version = library.versions[place]
    bars = np.frombuffer(bytes(Trace.objects.values_list("bars", flat=True).get(version=version)), dtype=_BARS)
    run = told(mine, length, start, bars.tolist(), position - int(library.shelf.starts[place]), place)
    fields = asdict(run)
    del fields["place"]
    return {**fields, "mine": list(run.mine), "theirs": list(run.theirs), "piece_bars": _last(bars)}, version


def _last(bars: "np.ndarray[Any, np.dtype[np.uint16]]") -> int:
    return int(bars[-1]) if len(bars) else 0


def _read_library() -> _Library:
    """The library as it is now; what is unchanged since the last job is not read again."""
    global _read
    rows = _library()
    newest = rows.aggregate(newest=Max("pk"))["newest"]
    # Which versions there are, not only how many: one may be archived while another comes.
    keys = np.array(list(rows.order_by("version_id").values_list("version_id", flat=True)), dtype=np.int64)
    state = (newest, len(keys), hashlib.sha256(keys.tobytes()).hexdigest())
    if _read is None or _read.state != state:
        _read = _Library(state)
    return _read


def _fields(abc: str) -> dict[str, Any]:
    steps = _steps(abc)
    return {
        "scheme": SCHEME,
        "steps": steps.values.astype(_STEPS).tobytes(),
        "bars": _numbers(steps.bars).tobytes(),
    }


def _numbers(bars: Sequence[int]) -> "np.ndarray[Any, np.dtype[np.uint16]]":
    return np.minimum(np.array(bars, dtype=np.int64), 65535).astype(_BARS)


def _steps(abc: str) -> Steps:
    try:
        return steps_of(parse(abc))
    except NotationError:
        return Steps(np.zeros(0, np.uint64), (), ())

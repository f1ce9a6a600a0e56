"""Takes that are near copies of what is in the library: the verdict that desk and delivery read."""

from collections.abc import Iterable
from dataclasses import dataclass

from curator.models.library import Origin, Piece
from curator.models.measures import TakeMeasure
from curator.models.ranking import Take
from curator.models.twins import Resemblance
from curator.notation.runs import COPIED

RUN = "run"


@dataclass(frozen=True)
class NearCopy:
    """A take that is much like a piece of the library, or holds a part of it.

    how: a kind of Resemblance, or RUN. share: 0 to 1, for a run the share of the take's bars that it covers.
    mine, theirs: first and last bar of the longest shared run in take and piece; None where it lies elsewhere.
    """

    piece: Piece
    how: str
    share: float
    mine: tuple[int, int] | None = None
    theirs: tuple[int, int] | None = None


def near_copies(*, takes: Iterable[Take]) -> dict[int, NearCopy]:
    """Which of these takes are near copies of pieces of the library, by their keys; in two queries.

    A take is one if its version resembles a piece that no model wrote, or shares with one a run of COPIED different
    steps. What was put up from the library itself is no copy. A take that is not measured yet is one only if it
    resembles a piece.
    """
    written = {take.pk: take for take in takes}
    measures = TakeMeasure.objects.filter(take__in=written).exclude(run={}).select_related("run_with__piece")
    runs = {row.take_id: row for row in measures if row.run_with is not None}
    found = {key: copy for key, row in runs.items() if (copy := _run(row)) is not None}
    for key, like in _resemblances(list(written.values())).items():
        row = runs.get(key)
        here = row if row is not None and row.run_with is not None and row.run_with.piece_id == like.piece.pk else None
        found[key] = NearCopy(like.piece, like.how, like.share, *(_bars(here) if here else (None, None)))
    return found


def _run(row: TakeMeasure) -> NearCopy | None:
    if row.run_with is None or row.run["kinds"] < COPIED:
        return None
    mine, theirs = _bars(row)
    bars = row.facts.get("bars") or mine[1]
    return NearCopy(row.run_with.piece, RUN, round((mine[1] - mine[0] + 1) / bars, 3), mine, theirs)


def _bars(row: TakeMeasure) -> tuple[tuple[int, int], tuple[int, int]]:
    (first, last), (their_first, their_last) = row.run["mine"], row.run["theirs"]
    return (first, last), (their_first, their_last)


def _resemblances(takes: list[Take]) -> dict[int, NearCopy]:
    """The closest piece of the library that the version of each take resembles."""
    versions = {take.version_id: take.pk for take in takes}
    found: dict[int, NearCopy] = {}
    for side, other in (("first", "second"), ("second", "first")):
        rows = Resemblance.objects.filter(**{f"{side}_version__in": versions})
        rows = rows.filter(**{f"{other}__archived_at__isnull": True}).exclude(**{f"{other}__origin": Origin.GENERATED})
        for row in rows.exclude(**{f"{side}__origin__in": (Origin.CORPUS, Origin.UPLOADED)}).select_related(other):
            key = versions[getattr(row, f"{side}_version_id")]
            if key not in found or found[key].share < row.likeness:
                found[key] = NearCopy(getattr(row, other), row.kind, row.likeness)
    return found

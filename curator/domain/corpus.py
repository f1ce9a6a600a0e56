"""How a piece lies among the others: four of its numbers, each on the line of all pieces."""

from dataclasses import dataclass
from math import ceil

from django.db.models import F
from django.db.models.functions import Mod

from curator.domain.wanted import shelf
from curator.models.library import Piece

MOST_STROKES = 300
"""More strokes than this on a line are a smear; of larger libraries every second, third ... piece is drawn."""

AXES = ("per_second", "register", "major", "repetition")


@dataclass(frozen=True)
class Axis:
    """One number of a piece between those of the others. `others` and `place` lie between 0 and 1 from low to high."""

    name: str
    value: float
    low: float
    high: float
    place: float
    others: tuple[float, ...]


def read_axes(*, piece: Piece) -> list[Axis]:
    """The axes on which `piece` has a number, in two queries whatever the size of the library."""
    step = max(1, ceil(shelf().count() / MOST_STROKES))
    sampled = shelf().exclude(pk=piece.pk)
    if step > 1:
        sampled = sampled.annotate(turn=Mod(F("pk"), step)).filter(turn=0)
    rows = list(sampled.values_list(*AXES))
    axes = []
    for index, name in enumerate(AXES):
        value: float | None = getattr(piece, name)
        if value is not None:
            axes.append(_axis(name, value, sorted(row[index] for row in rows if row[index] is not None)))
    return axes


def _axis(name: str, value: float, others: list[float]) -> Axis:
    low, high = min([value, *others[:1]]), max([value, *others[-1:]])
    width = high - low or 1.0
    middle = 0.5 if high == low else 0.0

    def place(number: float) -> float:
        return round((number - low) / width + middle, 3)

    return Axis(name, value, low, high, place(value), tuple(dict.fromkeys(place(number) for number in others)))

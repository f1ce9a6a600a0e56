"""Whether music lands on the hits of a picture: each hit against what is struck nearest to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from curator.film.ruler import Hit

HARD_FRAMES = 2
"""So many frames a hard hit may miss the downbeat, as in practice (one or two)."""
SOFT_SECONDS = 0.125
"""So far a soft hit may lie from a stroke; Digital Director itself moves notes by 95 to 125 ms."""


@dataclass(frozen=True)
class Stroke:
    """A moment at which keys are struck, seconds from the start of the music; `first`: it opens a bar."""

    seconds: float
    bar: int
    first: bool


@dataclass(frozen=True)
class Landing:
    """A hit and the stroke nearest to it: a downbeat for a hard one, any stroke for a soft one.

    `off`: seconds by which the stroke comes after the hit, None where nothing is struck; `bar`: its bar, 0 then.
    """

    label: str
    hard: bool
    off: float | None
    bar: int
    lands: bool


def landings(*, strokes: Sequence[Stroke], hits: Sequence[Hit], fps: Fraction) -> list[Landing]:
    """Each hit with the nearest stroke that counts for it, in the order of the hits."""
    found = []
    for hit in hits:
        near = min(
            (stroke for stroke in strokes if stroke.first or not hit.hard),
            key=lambda stroke: abs(stroke.seconds - hit.seconds),
            default=None,
        )
        most = HARD_FRAMES / float(fps) if hit.hard else SOFT_SECONDS
        if near is None:
            found.append(Landing(hit.label, hit.hard, None, 0, False))
            continue
        off = near.seconds - hit.seconds
        found.append(Landing(hit.label, hit.hard, round(off, 3), near.bar, abs(off) <= most + 1e-9))
    return found

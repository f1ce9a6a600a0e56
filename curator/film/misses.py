"""How far a plan misses its hits, as a drawing: each hit a tick on a line of milliseconds. No words of a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from curator.film.fitting import Landing

WIDTH = 320.0
"""Units of the drawing; near its size in pixels."""
REACH = 0.15
"""Seconds to each side that are drawn at least; what lies beyond stands at the edge."""
DIRECTOR = (-0.087, 0.093)
"""Seconds by which Digital Director moved notes of the right hand in its standard setting (balanced, 10 %), measured at
66 quarter notes a minute: 32 bars, spec/digital-director.md. A hit missed by less drowns in what it does anyway."""
DIRECTOR_SMALL = (-0.053, 0.015)
"""The same in its smallest setting (minimalistic, 5 %)."""


class Verdict(StrEnum):
    """How good a landing is."""

    FRAME = "frame"  # within one frame
    TWO = "two"  # within two
    MOVED = "moved"  # within what Digital Director moves notes by
    OFF = "off"


@dataclass(frozen=True)
class Miss:
    """A hit as drawn. ms, frames: the beat comes so much after the hit, before it below zero. beyond: -1 or 1 where
    the tick stands at the edge because the miss is larger than the drawing."""

    x: float
    label: str
    hard: bool
    place: str
    ms: int
    frames: float
    verdict: Verdict
    beyond: int


@dataclass(frozen=True)
class Band:
    """A stretch of the line."""

    x: float
    width: float


@dataclass(frozen=True)
class Misses:
    """The drawing: zero in the middle, bands of one frame, two frames and of Digital Director's shift, ticks."""

    width: float
    zero: float
    one: Band
    two: Band
    director: Band
    marks: tuple[Miss, ...]


def draw_misses(landings: Sequence[Landing], labels: Sequence[str], fps: Fraction) -> Misses:
    """The drawing of what a plan does to its hits; `labels` names them in the same order."""
    frame = 1 / float(fps)
    reach = max(REACH, 2.5 * frame)

    def x(seconds: float) -> float:
        return round(WIDTH / 2 * (1 + min(max(seconds / reach, -1), 1)), 1)

    def band(low: float, high: float) -> Band:
        return Band(x(low), round(x(high) - x(low), 1))

    marks = []
    for landing, label in zip(landings, labels, strict=True):
        miss = float(landing.miss)
        marks.append(
            Miss(
                x(miss),
                label,
                landing.aim.hard,
                str(landing.place),
                round(1000 * miss),
                round(miss / frame, 1) + 0.0,
                verdict_of(landing.miss, fps),
                0 if abs(miss) <= reach else (1 if miss > 0 else -1),
            )
        )
    return Misses(WIDTH, WIDTH / 2, band(-frame, frame), band(-2 * frame, 2 * frame), band(*DIRECTOR), tuple(marks))


def verdict_of(miss: Fraction, fps: Fraction) -> Verdict:
    """How good a miss of so many seconds is."""
    if abs(miss) * fps <= 1:
        return Verdict.FRAME
    if abs(miss) * fps <= 2:
        return Verdict.TWO
    return Verdict.MOVED if DIRECTOR[0] <= miss <= DIRECTOR[1] else Verdict.OFF

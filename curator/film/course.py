"""What chosen music does under a film over time: density, loudness, register and mode, and the intensity they make.

Everything is put on scales from 0 to 1 that are the same for every cue and film, so that curves can be compared.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from math import log2, log10
from typing import NamedTuple

SOFTEST, LOUDEST = -24.0, 3.0
"""Decibels that are drawn as 0 and 1: one soft note (pp) a second, and four strong ones (ff) a second."""
SPARSEST, DENSEST = 0.5, 12.0
"""Struck notes a second that are drawn as 0 and 1; in between each doubling is a step of one size."""
LOWEST, HIGHEST = 40.0, 80.0
"""MIDI numbers of a register that are drawn as 0 and 1: twenty semitones below and above middle C."""
CLEAREST = 0.4
"""By so much a clear major key fits better than the best minor one (or the other way round): drawn as 1 (or 0)."""
SHARES = {"loudness": 0.45, "density": 0.35, "register": 0.2}
"""What intensity is made of. That such cues add up is the finding of Eerola, Friberg and Bresin, "Emotional expression
in music", Frontiers in Psychology 4:487 (2013); how much each of them weighs is our choice."""


class Heard(NamedTuple):
    """A played bar of music without tempo: its written number, quarters, struck notes, energy, register, mode."""

    bar: int
    quarters: float
    struck: int
    energy: float
    register: float | None
    mode: float | None


class Moment(NamedTuple):
    """A stretch of music under the film, seconds, with levels from 0 to 1. None: nothing sounds that could say it.

    Of mode, 0.5 is neither major nor minor.
    """

    start: float
    end: float
    density: float
    loudness: float
    register: float | None
    mode: float | None

    @property
    def middle(self) -> float:
        """Where its levels are drawn."""
        return (self.start + self.end) / 2

    @property
    def intensity(self) -> float:
        """How intense it is, 0 to 1; silence is 0."""
        register = self.register or 0.0
        return SHARES["loudness"] * self.loudness + SHARES["density"] * self.density + SHARES["register"] * register


def lay_under(bars: Iterable[Heard], tempo_map: Sequence[Sequence[float]], start: float) -> list[Moment]:
    """The moments of music whose bar 1 starts at `start` seconds, at tempi [[written bar, quarters a minute], ...]."""
    entries = sorted((int(bar), float(tempo)) for bar, tempo in tempo_map) or [(1, 60.0)]
    firsts = [bar for bar, _tempo in entries]
    moments = []
    for heard in bars:
        tempo = entries[max(0, bisect_right(firsts, heard.bar) - 1)][1]
        seconds = heard.quarters * 60 / tempo
        if seconds <= 0:
            continue
        moments.append(
            Moment(
                start=start,
                end=start + seconds,
                density=_density(heard.struck / seconds),
                loudness=_loudness(heard.energy / seconds),
                register=None if heard.register is None else _scaled(heard.register, LOWEST, HIGHEST),
                mode=None if heard.mode is None else _scaled(heard.mode, -CLEAREST, CLEAREST),
            )
        )
        start += seconds
    return moments


def smooth(values: Sequence[float | None]) -> list[float | None]:
    """Each value with a quarter of both its neighbours: what is felt of a bar is never the bar alone. None stays."""
    out: list[float | None] = []
    for before, value, after in zip((None, *values), values, (*values[1:], None), strict=False):
        if value is None:
            out.append(None)
            continue
        total, weight = 2 * value, 2
        for other in (before, after):
            if other is not None:
                total, weight = total + other, weight + 1
        out.append(total / weight)
    return out


def _density(rate: float) -> float:
    return _scaled(log2(rate), log2(SPARSEST), log2(DENSEST)) if rate > 0 else 0.0


def _loudness(power: float) -> float:
    return _scaled(10 * log10(power), SOFTEST, LOUDEST) if power > 0 else 0.0


def _scaled(value: float, low: float, high: float) -> float:
    return _within((value - low) / (high - low))


def _within(level: float) -> float:
    return 0.0 if level < 0 else 1.0 if level > 1 else level  # a page asks thousands of times

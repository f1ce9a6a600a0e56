"""Bars and beats <-> quarter notes <-> seconds <-> frames: one family of functions over a tempo map.

All positions are exact. Quarter notes from the start of the music are the ruler in the middle: a bar has
4 * numerator / denominator of them, and a tempo is given in quarter notes a minute (in 6/8 with a dotted
beat of 60 that is 90). A beat of a bar is one note of the metre's denominator, counted from 1, as in Cubase.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from curator.film.timecode import Clock


class TempoError(ValueError):
    """A tempo map or a place in it that cannot be; the text is a sentence for the reader."""


@dataclass(frozen=True)
class Metre:
    """A time signature, e.g. Metre(3, 4)."""

    beats: int
    unit: int

    def __post_init__(self) -> None:
        if self.beats < 1 or self.unit not in (1, 2, 4, 8, 16, 32, 64, 128):
            raise TempoError(f"{self.beats}/{self.unit} is not a metre.")

    @property
    def quarters(self) -> Fraction:
        """The length of a bar in quarter notes."""
        return Fraction(4 * self.beats, self.unit)

    @property
    def pulse(self) -> Fraction:
        """The felt beat in quarter notes: a dotted note in 6/8, 9/8, 12/8, else one note of the denominator."""
        compound = self.unit >= 8 and self.beats > 3 and self.beats % 3 == 0
        return Fraction(12 if compound else 4, self.unit)

    def __str__(self) -> str:
        return f"{self.beats}/{self.unit}"


@dataclass(frozen=True)
class Section:
    """From bar `bar` (1 is the first) on: this metre and this tempo in quarter notes a minute."""

    bar: int
    metre: Metre
    tempo: Fraction


@dataclass(frozen=True)
class Place:
    """A place in the score: bar (from 1; 0 and below lie before the music) and beat (from 1, exact)."""

    bar: int
    beat: Fraction

    def __str__(self) -> str:
        """ "18.4": the bar and the beat that has begun."""
        return f"{self.bar}.{self.beat.__floor__()}"


@dataclass(frozen=True)
class TempoMap:
    """Sections in the order of their bars, from bar 1. Before and after, the outer ones hold."""

    sections: tuple[Section, ...]

    def __post_init__(self) -> None:
        if not self.sections or self.sections[0].bar != 1:
            raise TempoError("A tempo map begins at bar 1.")
        if any(before.bar >= after.bar for before, after in pairwise(self.sections)):
            raise TempoError("The sections of a tempo map follow one another by bar.")
        if any(section.tempo <= 0 for section in self.sections):
            raise TempoError("A tempo is above zero.")

    @classmethod
    def steady(cls, metre: Metre, tempo: Fraction | int) -> "TempoMap":
        """One metre and one tempo (quarter notes a minute) for the whole cue."""
        return cls((Section(1, metre, Fraction(tempo)),))

    def quarters(self, place: Place) -> Fraction:
        """Quarter notes from the start of bar 1 to a place; a beat past the bar's end runs on."""
        index = max(0, bisect_right([section.bar for section in self.sections], place.bar) - 1)
        section = self.sections[index]
        within = (place.bar - section.bar) * section.metre.quarters
        return self._starts[index][0] + within + (place.beat - 1) * Fraction(4, section.metre.unit)

    def place(self, quarters: Fraction | int) -> Place:
        """The bar and beat at a count of quarter notes from the start of bar 1."""
        index = self._index(0, Fraction(quarters))
        section = self.sections[index]
        bars, rest = divmod(quarters - self._starts[index][0], section.metre.quarters)
        return Place(section.bar + int(bars), 1 + rest * Fraction(section.metre.unit, 4))

    def seconds(self, quarters: Fraction | int) -> Fraction:
        """Seconds from the start of bar 1 at a count of quarter notes."""
        index = self._index(0, Fraction(quarters))
        start, seconds = self._starts[index]
        return seconds + (quarters - start) * 60 / self.sections[index].tempo

    def quarters_at(self, seconds: Fraction | int) -> Fraction:
        """Quarter notes from the start of bar 1 at a moment; the inverse of `seconds`."""
        index = self._index(1, Fraction(seconds))
        start, begin = self._starts[index]
        return start + (seconds - begin) * self.sections[index].tempo / 60

    def seconds_of(self, place: Place) -> Fraction:
        """Seconds from the start of bar 1 to a place."""
        return self.seconds(self.quarters(place))

    def place_at(self, seconds: Fraction | int) -> Place:
        """The bar and beat that sounds at a moment after the start of bar 1."""
        return self.place(self.quarters_at(seconds))

    def frame_of(self, place: Place, clock: Clock, *, cue_in: int) -> int:
        """The frame of the film nearest to a place, for music whose bar 1 starts with frame `cue_in`."""
        return clock.nearest_frame(clock.seconds(cue_in) + self.seconds_of(place))

    def place_of_frame(self, frame: int, clock: Clock, *, cue_in: int) -> Place:
        """The bar and beat that sounds when a frame of the film begins."""
        return self.place_at(clock.seconds(frame) - clock.seconds(cue_in))

    def nearest_bar(self, seconds: Fraction | int) -> Place:
        """The start of a bar that is nearest to a moment; the later one in the middle."""
        bar = self.place_at(seconds).bar
        before, after = Place(bar, Fraction(1)), Place(bar + 1, Fraction(1))
        return before if seconds - self.seconds_of(before) < self.seconds_of(after) - seconds else after

    def nearest_beat(self, seconds: Fraction | int) -> Place:
        """The felt beat (Metre.pulse) that is nearest to a moment; the later one in the middle."""
        place = self.place_at(seconds)
        metre = self.sections[max(0, bisect_right([section.bar for section in self.sections], place.bar) - 1)].metre
        step = metre.pulse * Fraction(metre.unit, 4)
        passed = ((place.beat - 1) / step).__floor__()
        before = Place(place.bar, 1 + passed * step)
        after = self.place(min(self.quarters(before) + metre.pulse, self.quarters(Place(place.bar + 1, Fraction(1)))))
        return before if seconds - self.seconds_of(before) < self.seconds_of(after) - seconds else after

    def length(self, bars: int) -> Fraction:
        """Seconds that the first `bars` bars last."""
        return self.seconds_of(Place(bars + 1, Fraction(1)))

    def _index(self, column: int, value: Fraction) -> int:
        starts = [start[column] for start in self._starts]
        return max(0, bisect_right(starts, value) - 1)

    @cached_property
    def _starts(self) -> list[tuple[Fraction, Fraction]]:
        """Quarter notes and seconds at which each section begins."""
        starts = [(Fraction(0), Fraction(0))]
        for before, after in pairwise(self.sections):
            quarters = (after.bar - before.bar) * before.metre.quarters
            starts.append((starts[-1][0] + quarters, starts[-1][1] + quarters * 60 / before.tempo))
        return starts


def metre_of(text: str) -> Metre:
    """The metre of "3/4". Raises TempoError for a text that is none."""
    beats, slash, unit = text.strip().partition("/")
    if not slash or not (beats.isascii() and beats.isdecimal() and unit.isascii() and unit.isdecimal()):
        raise TempoError(f"{text!r} is not a metre; write it like 3/4.")
    return Metre(int(beats), int(unit))


def tempo_map_of(entries: Sequence[Sequence[float]], metre: str) -> TempoMap:
    """The tempo map of [[bar, quarters a minute], ...] in one metre such as 3/4; 60 where there is no entry."""
    rows = [(int(bar), Fraction(str(tempo))) for bar, tempo in entries] or [(1, Fraction(60))]
    return TempoMap(tuple(Section(bar, metre_of(metre), tempo) for bar, tempo in rows))


def tempo_for(seconds: Fraction | int, *, bars: int, metre: Metre) -> Fraction:
    """The steady tempo (quarter notes a minute) at which `bars` bars last `seconds`."""
    if seconds <= 0 or bars < 1:
        raise TempoError("A cue has a length and at least one bar.")
    return bars * metre.quarters * 60 / Fraction(seconds)


def bars_for(seconds: Fraction | int, *, tempo: Fraction | int, metre: Metre) -> int:
    """The whole number of bars (at least 1) that comes nearest to `seconds` at a steady tempo."""
    if tempo <= 0:
        raise TempoError("A tempo is above zero.")
    exact = Fraction(seconds) * Fraction(tempo) / 60 / metre.quarters
    return max(1, (exact + Fraction(1, 2)).__floor__())

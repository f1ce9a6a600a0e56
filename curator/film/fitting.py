"""Which tempo and metre make a cue of this length land on its hits, in whole bars.

A hard hit is to be met by the start of a bar, a soft one by any felt beat. Every plan that is offered ends within one
frame of the cue's end (or of a tail after it) and has tempi of at most two decimals in quarter notes a minute, as
MusicXML is delivered. The search is done in floating point, what is told of a plan comes from its TempoMap, exact.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curator.film.tempo import Metre, Place, Section, TempoMap

Numbers = NDArray[np.float64]

LOW, HIGH, STEP = 50.0, 90.0, 0.1
"""Felt beats a minute that are tried where nothing else is asked."""
METRES = (Metre(3, 4), Metre(4, 4), Metre(6, 8))
BEST = 5
BEST_MAPS = 3
CHANGE = 0.06
"""Most that a tempo map changes from section to section, as a share of the tempo before."""
SOFT = 0.25
"""How much the miss of a soft hit counts beside that of a hard one of the same weight."""
APART = 0.02
"""Plans of one metre whose tempi differ by less are neighbours; the better one stands for both."""
ROUGH = 0.002
"""Seconds of average miss that a tempo of hundredths must gain over one of the grid's steps."""
LONG_TAIL = 0.02
"""Seconds of average miss that a second of tail must gain."""
ONE_MORE = 0.01
"""Seconds of average miss that one more section of a tempo map must gain."""
OFF_MIDDLE = 1e-5
"""Seconds of average miss for each beat a minute away from the middle of the range: decides between equals."""
FINE = 100
"""Tempi are whole hundredths."""


@dataclass(frozen=True)
class Aim:
    """A hit: where it is, in seconds from the start of the music."""

    seconds: Fraction
    hard: bool = True
    weight: float = 1.0


@dataclass(frozen=True)
class Landing:
    """Where the music meets a hit. `miss`: seconds that the beat comes after the hit; below zero it comes before."""

    aim: Aim
    place: Place
    miss: Fraction


@dataclass(frozen=True)
class Fit:
    """A plan. cost: weighted average of the misses in seconds. end: seconds that the music ends after the cue's end."""

    tempo_map: TempoMap
    bars: int
    cost: float
    landings: tuple[Landing, ...]
    end: Fraction

    @property
    def metre(self) -> Metre:
        """The metre of all its bars."""
        return self.tempo_map.sections[0].metre

    def holds(self, within: Fraction | float) -> bool:
        """Whether every hard hit is met within so many seconds."""
        return all(abs(landing.miss) <= within for landing in self.landings if landing.aim.hard)


@dataclass(frozen=True)
class Fits:
    """The best plans, best first: of one tempo, and where none of these holds every hard hit to the frame, maps."""

    steady: tuple[Fit, ...]
    maps: tuple[Fit, ...] = ()


def fit(
    length: Fraction,
    aims: Sequence[Aim],
    *,
    frame: Fraction,
    low: float = LOW,
    high: float = HIGH,
    step: float = STEP,
    metres: Sequence[Metre] = METRES,
    tail: Fraction = Fraction(0),
) -> Fits:
    """The best plans for a cue of `length` seconds.

    frame: seconds of one frame. low, high, step: felt beats a minute. tail: seconds that the music may last after
    the cue. Empty where no whole number of bars fills the length in this range.
    """
    if length <= 0 or not metres or not 0 < low <= high or step <= 0:
        return Fits(())
    search = _Search(length, aims, frame, low, high, step, tail)

    def best(plans: Callable[[Metre], Iterator[_Plan]], most: int) -> tuple[Fit, ...]:
        found = _best((plan for metre in metres for plan in plans(metre)), most)
        return tuple(judge(plan.tempo_map, plan.bars, length, aims) for plan in found)

    steady = best(search.steady, BEST)
    if not aims or any(plan.holds(frame) for plan in steady):
        return Fits(steady)
    least = min((plan.cost for plan in steady), default=math.inf)
    return Fits(steady, tuple(plan for plan in best(search.maps, BEST_MAPS) if plan.cost < least))


def judge(tempo_map: TempoMap, bars: int, length: Fraction, aims: Sequence[Aim]) -> Fit:
    """What becomes of the hits under any plan, exact."""
    landings = []
    for aim in aims:
        place = tempo_map.nearest_bar(aim.seconds) if aim.hard else tempo_map.nearest_beat(aim.seconds)
        landings.append(Landing(aim, place, tempo_map.seconds_of(place) - aim.seconds))
    weights = [aim.weight * (1 if aim.hard else SOFT) for aim in aims]
    missed = sum(weight * abs(float(landing.miss)) for weight, landing in zip(weights, landings, strict=True))
    cost = missed / sum(weights) if weights else 0.0
    return Fit(tempo_map, bars, cost, tuple(landings), tempo_map.length(bars) - length)


@dataclass(frozen=True)
class _Plan:
    """A plan that the search found; `cost` is a measured miss with what speaks against the plan otherwise."""

    cost: float
    tempo_map: TempoMap
    bars: int


class _Search:
    """One search: what is common to all metres, as arrays of one number a hit."""

    def __init__(
        self,
        length: Fraction,
        aims: Sequence[Aim],
        frame: Fraction,
        low: float,
        high: float,
        step: float,
        tail: Fraction,
    ) -> None:
        self.length, self.frame, self.tail = length, frame, tail
        self.aims, self.low, self.high, self.step = aims, low, high, step
        self.at: Numbers = np.array([float(aim.seconds) for aim in aims])
        self.hard = np.array([aim.hard for aim in aims], dtype=bool)
        weights: Numbers = np.array([aim.weight * (1 if aim.hard else SOFT) for aim in aims])
        self.weights: Numbers = weights / weights.sum() if len(aims) else weights

    def steady(self, metre: Metre) -> Iterator[_Plan]:
        """The best tempo for each number of bars of this metre."""
        quarters, pulse, end = float(metre.quarters), float(metre.pulse), float(self.length)
        frame, tail = float(self.frame), float(self.tail)
        bottom, top = self.low * pulse, self.high * pulse
        most = int(top * (end + tail + frame) / 60 / quarters)
        counts: Numbers = np.arange(1, most + 1, dtype=float)
        slowest = np.maximum(counts * quarters * 60 / (end + frame + tail), bottom)
        fastest = np.minimum(counts * quarters * 60 / max(end - frame, 1e-6), top)
        first = np.ceil(slowest * FINE - 1e-6).astype(int)
        last = np.floor(fastest * FINE + 1e-6).astype(int)
        size = np.maximum(last - first + 1, 0)
        if not size.sum():
            return
        bars = np.repeat(counts, size)
        starts = np.repeat(np.cumsum(size) - size, size)
        hundredths = np.repeat(first, size) + np.arange(size.sum()) - starts
        tempi = hundredths / FINE
        after = bars * quarters * 60 / tempi - end
        steps = (tempi / pulse - self.low) / self.step
        rough = np.abs(steps - np.round(steps)) * self.step * pulse > 0.5 / FINE
        cost = (
            self._missed(np.zeros((len(tempi), 1)), (60 / tempi)[:, None], metre)
            + ROUGH * rough
            + LONG_TAIL * np.maximum(after - frame, 0)
            + OFF_MIDDLE * np.abs(tempi / pulse - (self.low + self.high) / 2)
        )
        order = np.lexsort((cost, bars))
        best = order[np.r_[True, np.diff(bars[order]) > 0]]
        for index in best:
            tempo, count = Fraction(int(hundredths[index]), FINE), int(bars[index])
            if -self.frame <= count * metre.quarters * 60 / tempo - self.length <= self.frame + self.tail:
                yield _Plan(float(cost[index]), TempoMap.steady(metre, tempo), count)

    def maps(self, metre: Metre) -> Iterator[_Plan]:
        """Maps of two and three sections; each change of tempo lies on a hard hit."""
        borders = sorted({aim.seconds for aim in self.aims if aim.hard and 0 < aim.seconds < self.length})
        rough: list[tuple[float, tuple[Fraction, ...], list[int]]] = []
        for inner in (*combinations(borders, 1), *combinations(borders, 2)):
            times = (Fraction(0), *inner, self.length)
            at: Numbers = np.array([float(time) for time in times])
            counts = self._counts(np.diff(at), metre)
            starts = np.broadcast_to(at[:-1], counts.shape)
            cost = self._missed(starts, np.diff(at) / (counts * float(metre.quarters)), metre)
            near = np.argsort(cost, kind="stable")[:2]
            more = ONE_MORE * len(inner)
            rough += [(float(cost[index]) + more, times, [int(count) for count in counts[index]]) for index in near]
        for dearness, times, bars in sorted(rough, key=lambda entry: entry[0])[: 3 * BEST]:
            tempo_map = self._map(times, bars, metre)
            if tempo_map is not None:
                yield _Plan(dearness, tempo_map, sum(bars))

    def _counts(self, spans: Numbers, metre: Metre) -> Numbers:
        """Bars of each section (rows of as many as there are spans) whose tempi are in range and near each other."""
        seconds = 60 * float(metre.quarters)
        low, high = self.low * float(metre.pulse), self.high * float(metre.pulse)
        rows: Numbers = np.zeros((1, 0))
        for place, span in enumerate(spans):
            choices: Numbers = np.arange(np.ceil(low * span / seconds), np.floor(high * span / seconds) + 1)
            choices = choices[choices >= 1]
            grown = np.concatenate(
                [np.repeat(rows, len(choices), axis=0), np.tile(choices, len(rows))[:, None]], axis=1
            )
            if place:
                # a little less than allowed, because tempi are rounded afterwards
                ratio = (grown[:, -1] / span) / (grown[:, -2] / spans[place - 1])
                grown = grown[np.abs(ratio - 1) <= CHANGE - 0.001]
            rows = grown
        return rows

    def _map(self, times: Sequence[Fraction], counts: Sequence[int], metre: Metre) -> TempoMap | None:
        """The map in hundredths: each section makes up for what rounding did to the one before."""
        sections: list[Section] = []
        reached, bar = Fraction(0), 1
        for goal, count in zip(times[1:], counts, strict=True):
            exact = count * metre.quarters * 60 / (goal - reached)
            tempo = Fraction(round(exact * FINE), FINE)
            sections.append(Section(bar, metre, tempo))
            reached += count * metre.quarters * 60 / tempo
            bar += count
        steady = all(section.tempo == sections[0].tempo for section in sections)
        return None if steady or abs(reached - self.length) > self.frame else TempoMap(tuple(sections))

    def _missed(self, starts: Any, quarter: Any, metre: Metre) -> Numbers:
        """Weighted average miss of each candidate. starts, quarter: (candidates, sections), seconds; a section
        begins with a bar, and `quarter` is the length of a quarter note in it."""
        if not len(self.aims):
            return np.zeros(len(starts))
        section = np.maximum((starts[:, :, None] <= self.at).sum(axis=1) - 1, 0)  # (candidates, hits)
        rows = np.arange(len(starts))[:, None]
        unit = (
            np.where(self.hard, float(metre.quarters), float(metre.pulse))
            * np.broadcast_to(quarter, starts.shape)[rows, section]
        )
        within = (self.at - starts[rows, section]) / unit
        missed: Numbers = np.abs(within - np.round(within)) * unit @ self.weights
        return missed


def _best(plans: Iterable[_Plan], most: int) -> list[_Plan]:
    """At most so many of the best ones, best first, none the neighbour of a better one."""
    chosen: list[_Plan] = []
    for plan in sorted(plans, key=lambda plan: plan.cost):
        if not any(_neighbours(plan, other) for other in chosen):
            chosen.append(plan)
        if len(chosen) == most:
            break
    return chosen


def _neighbours(one: _Plan, other: _Plan) -> bool:
    mine, theirs = one.tempo_map.sections, other.tempo_map.sections
    if mine[0].metre != theirs[0].metre or [at.bar for at in mine] != [at.bar for at in theirs]:
        return False
    return all(abs(here.tempo / there.tempo - 1) < APART for here, there in zip(mine, theirs, strict=True))

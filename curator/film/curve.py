"""The intended emotional curve: a smooth line through the values that each stage of the arc gives."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot

FLAT = 1e-12
"""Less rise a second than this is none: no screen shows it, and ratios with it overflow."""


@dataclass(frozen=True)
class Curve:
    """A monotone cubic through knots (seconds, level 0..1), seconds strictly rising, with the slope at each.

    Slopes by Fritsch and Carlson, SIAM J. Numer. Anal. 17 (1980) 238-246: between two knots the line never leaves
    the range of their values, so that a stage is never drawn darker or brighter than it was said to be.
    """

    seconds: tuple[float, ...]
    levels: tuple[float, ...]
    slopes: tuple[float, ...]

    def at(self, second: float) -> float:
        """The level at this second; before the first and after the last knot it stays."""
        if second <= self.seconds[0]:
            return self.levels[0]
        if second >= self.seconds[-1]:
            return self.levels[-1]
        i = bisect_right(self.seconds, second) - 1
        width = self.seconds[i + 1] - self.seconds[i]
        t = (second - self.seconds[i]) / width
        return (
            (1 + 2 * t) * (1 - t) ** 2 * self.levels[i]
            + t * (1 - t) ** 2 * width * self.slopes[i]
            + t**2 * (3 - 2 * t) * self.levels[i + 1]
            + t**2 * (t - 1) * width * self.slopes[i + 1]
        )


def through(knots: Sequence[tuple[float, float]]) -> Curve | None:
    """The curve through these knots; None without any. Levels are kept within 0..1."""
    if not knots:
        return None
    seconds = tuple(second for second, _ in knots)
    levels = tuple(min(max(level, 0.0), 1.0) for _, level in knots)
    steps = [(b - a) / (t - s) for (s, t), (a, b) in zip(pairwise(seconds), pairwise(levels), strict=True)]
    if not steps:
        return Curve(seconds, levels, (0.0,))
    slopes = [steps[0], *((a + b) / 2 if a * b > 0 else 0.0 for a, b in pairwise(steps)), steps[-1]]
    for i, step in enumerate(steps):
        if abs(step) < FLAT:
            slopes[i] = slopes[i + 1] = 0.0
            continue
        size = hypot(slopes[i] / step, slopes[i + 1] / step)
        if size > 3:
            slopes[i], slopes[i + 1] = 3 * slopes[i] / size, 3 * slopes[i + 1] / size
    return Curve(seconds, levels, tuple(slopes))


def level_at(curve: Curve | None, second: float) -> float:
    """The level of a curve, half way up where there is none."""
    return curve.at(second) if curve else 0.5


def knots_of(stages: Sequence[tuple[float, float, Sequence[float]]]) -> list[tuple[float, float]]:
    """Knots of stages (start, end, values), seconds; the stages follow one another.

    Values lie at even steps from the start to the end of their stage, a single one in its middle. Where two stages
    meet, both have their say: the mean of the last and the first value.
    """
    knots: list[tuple[float, float]] = []
    for start, end, values in stages:
        if end <= start or not values:
            continue
        if len(values) == 1:
            knots.append(((start + end) / 2, float(values[0])))
            continue
        step = (end - start) / (len(values) - 1)
        for i, value in enumerate(values):
            second = start + i * step
            if knots and second - knots[-1][0] < 1e-6:
                knots[-1] = (knots[-1][0], (knots[-1][1] + float(value)) / 2)
            else:
                knots.append((second, float(value)))
    return knots

"""The curves of a round as drawings: positions for SVG, made from the rows that the run wrote."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 400, 150
LEFT, TOP, BOTTOM = 44.0, 12.0, 128.0
"""The drawing's box: names of the levels stand left of LEFT, the steps below BOTTOM."""

MOST_POINTS = 180
SMOOTH = 0.85
"""Share that a smoothed value keeps of the one before in a long run; in a short one less, see `smoothing`."""
UNSMOOTHED = 20
"""Up to so many steps each is drawn as it is."""


@dataclass(frozen=True)
class Level:
    """A horizontal line with what it stands for."""

    y: float
    value: float
    decimals: int


@dataclass(frozen=True)
class Curve:
    """One drawing. name: of the value in a row. raw, smooth, measured: path data; dots: of the held-out values.

    last: the newest value, smoothed; held_out: the newest held-out value, None where there is none.
    """

    name: str
    levels: tuple[Level, ...]
    raw: str
    smooth: str
    measured: str
    dots: tuple[tuple[float, float], ...]
    end: tuple[float, float] | None
    last: float | None
    held_out: float | None
    decimals: int
    steps: int


SHOWN = {"sft": ("loss", "learning_rate"), "dpo": ("loss", "accuracy", "margin", "chosen", "rejected", "kl")}
"""Which values of a recipe are drawn, in this order."""


def curves(*, recipe: str, rows: Iterable[Mapping[str, Any]], steps: int) -> list[Curve]:
    """The drawings of a round that has so many steps in all. Values that nobody wrote have no drawing."""
    rows = list(rows)
    made = []
    for name in SHOWN[recipe]:
        points = _points(rows, name)
        held = _points(rows, f"eval_{name}")
        if points or held:
            last = max([steps, *(int(step) for step, _value in (*points, *held))])
            made.append(_curve(name, points, held, last))
    return made


def smoothing(steps: int) -> float:
    """The share for a run of so many steps: a mean over a twentieth of them at most, or the end would lag behind."""
    return min(SMOOTH, max(0.0, 1 - UNSMOOTHED / max(1, steps)))


def _points(rows: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(float(row["step"]), float(row[name])) for row in rows if row.get(name) is not None]


def _curve(name: str, points: list[tuple[float, float]], held: list[tuple[float, float]], steps: int) -> Curve:
    smooth = _smoothed(points, smoothing(steps))
    raw = _thin(points)
    shown = [value for _step, value in (*raw, *held)]
    low, high, unit = _range(min(shown), max(shown))
    decimals = max(0, -math.floor(math.log10(unit) + 1e-9))

    def place(step: float, value: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - 8) * step / max(1, steps)
        return round(x, 1), round(BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low), 1)

    def path(drawn: list[tuple[float, float]]) -> str:
        return "".join(f"{'L' if at else 'M'}{x} {y}" for at, (x, y) in enumerate(place(*one) for one in drawn))

    count = round((high - low) / unit)
    levels = [Level(place(0, low + unit * at)[1], low + unit * at, decimals) for at in range(count + 1)]
    return Curve(
        name=name,
        levels=tuple(levels),
        raw=path(raw),
        smooth=path(_thin(smooth)),
        measured=path(held) if len(held) > 1 else "",
        dots=tuple(place(*one) for one in held),
        end=place(*smooth[-1]) if smooth else None,
        last=smooth[-1][1] if smooth else None,
        held_out=held[-1][1] if held else None,
        decimals=decimals + 1,
        steps=steps,
    )


def _smoothed(points: Sequence[tuple[float, float]], share: float) -> list[tuple[float, float]]:
    """A running mean; the first values count as much as they should."""
    made, total, weight = [], 0.0, 0.0
    for step, value in points:
        total, weight = share * total + value, share * weight + 1
        made.append((step, total / weight))
    return made


def _thin(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most MOST_POINTS: neighbours as their mean, the last one always as it is."""
    if len(points) <= MOST_POINTS:
        return list(points)
    size = math.ceil(len(points) / (MOST_POINTS - 1))
    groups = [points[start : start + size] for start in range(0, len(points) - 1, size)]
    means = [(group[len(group) // 2][0], sum(value for _step, value in group) / len(group)) for group in groups]
    return [*means, points[-1]]


def _range(low: float, high: float) -> tuple[float, float, float]:
    """A range of round numbers that holds both values, and the distance of its two or three to five levels."""
    spread = max(high - low, abs(high) * 0.02, 1e-9)
    raw = spread / 3
    unit = 10.0 ** math.floor(math.log10(raw))
    unit = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw * 0.999)
    bottom = unit * math.floor(low / unit + 1e-9)
    top = unit * math.ceil(high / unit - 1e-9)
    return bottom, top if top > bottom else bottom + unit, unit

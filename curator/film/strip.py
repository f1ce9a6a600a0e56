"""The arc as one thin line with the cues on it: what is lit, what is still missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from curator.film.curve import Curve, knots_of, through
from curator.film.spans import CueSpan, StageSpan

WIDTH = 1312.0
"""The drawing in units of its box, near its size in pixels on a wide screen; the numbers stand below it."""
_STEP = 6.0
_TOP, _ROOM = 20.0, 70.0


@dataclass(frozen=True)
class SpanDrawn:
    """The part of the line that one cue covers, and the place of its light."""

    key: str
    line: str
    x: float
    y: float


@dataclass(frozen=True)
class Strip:
    """The whole line, and the parts of it that lie under cues."""

    line: str
    spans: tuple[SpanDrawn, ...]


def draw_strip(*, seconds: float, stages: Sequence[StageSpan], cues: Sequence[CueSpan]) -> Strip:
    """The strip of a film of `seconds` > 0; without a curve the line is straight."""
    curve = through(knots_of([(stage.start, stage.end, stage.values) for stage in stages]))
    spans = []
    for cue in cues:
        middle = (cue.start + cue.end) / 2
        spans.append(SpanDrawn(cue.key, _line(curve, cue.start, cue.end, seconds), *_point(curve, middle, seconds)))
    return Strip(_line(curve, 0.0, seconds, seconds), tuple(spans))


def _point(curve: Curve | None, second: float, seconds: float) -> tuple[float, float]:
    level = curve.at(second) if curve else 0.5
    return round(WIDTH * second / seconds, 1), round(_TOP + _ROOM * (1 - level), 1)


def _line(curve: Curve | None, start: float, end: float, seconds: float) -> str:
    count = max(1, round(WIDTH * (end - start) / seconds / _STEP))
    points = [_point(curve, start + (end - start) * i / count, seconds) for i in range(count + 1)]
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)

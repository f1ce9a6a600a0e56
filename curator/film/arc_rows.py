"""The arc of narrow windows, standing up: one row a cue, joined by the curve."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from curator.film.curve import Curve, level_at
from curator.film.spans import CueSpan, StageSpan


@dataclass(frozen=True)
class Row:
    """The curve beside one row of the narrow arc, which runs downwards: box 76 x 100, light in the middle."""

    key: str
    colour: int
    line: str
    area: str
    light_x: float


def draw_rows(
    cues: Sequence[CueSpan], stages: Sequence[StageSpan], curve: Curve | None, seconds: float
) -> tuple[Row, ...]:
    """One row a cue (a stage, where there is no cue yet), from the middle of one gap to the middle of the next."""
    spans = [(cue.key, cue.start, cue.end) for cue in cues] or [
        (stage.name, stage.start, stage.end) for stage in stages
    ]
    borders = [0.0, *((left[2] + right[1]) / 2 for left, right in pairwise(spans)), seconds]
    rows = []
    for (key, start, end), (top, bottom) in zip(spans, pairwise(borders), strict=False):
        middle = (start + end) / 2
        colour = next((stage.colour for stage in stages if stage.start <= middle < stage.end), 0)
        points = [(_across(level_at(curve, top + (bottom - top) * i / 12)), 100 * i / 12) for i in range(13)]
        line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        at = _across(level_at(curve, (top + bottom) / 2))
        rows.append(Row(key, colour, line, f"{line}L0 100L0 0z", round(at, 1)))
    return tuple(rows)


def _across(level: float) -> float:
    return 8.0 + level * 58.0

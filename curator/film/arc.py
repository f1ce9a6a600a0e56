"""Geometry of the arc timeline: where stages, curve, cues, shots and the ruler are drawn.

Horizontal positions are percent of the drawing's width (so that type keeps its size at any width), vertical ones
pixels. The curve is drawn in a box of BOX x CURVE_HEIGHT units that is stretched to the full width.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from curator.film.curve import Curve, knots_of, through

BOX = 1000.0
CURVE_TOP = 40.0
CURVE_HEIGHT = 208.0
HEADROOM = 14.0
"""Pixels between the highest level and the top of the curve's box, and half of that at the bottom."""
BLOCKS_TOP = 264.0
LANE_GAP = 8.0
STRIP_HEIGHT = 58.0
NARROWEST = 960.0
"""Width in pixels at which texts must still fit: the narrowest window that shows the arc lying down."""
LETTER = 7.6
"""Mean width in pixels of a letter of a cue's title, 14 px Instrument Sans, with a little to spare."""
SMALL_LETTER = 5.7
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)
"""Seconds between two labels of the ruler."""


@dataclass(frozen=True)
class StageSpan:
    """A stage as told: `values` are levels 0..1 at even steps between its start and its end, seconds."""

    name: str
    colour: int
    start: float
    end: float
    values: Sequence[float]


@dataclass(frozen=True)
class CueSpan:
    """A cue as told. The first of `plans` that fits is drawn ("3/4 · 60 · 24 bars", "24 bars").

    Hits are (second, hard, label).
    """

    key: str
    title: str
    plans: Sequence[str]
    start: float
    end: float
    hits: Sequence[tuple[float, bool, str]] = ()


@dataclass(frozen=True)
class ShotSpan:
    """A shot as told, seconds."""

    code: str
    start: float
    end: float
    spoken: bool
    estimated: bool


@dataclass(frozen=True)
class StageDrawn:
    """A stage: its left edge and width, and its part of the area under the curve in box units."""

    name: str
    colour: int
    x: float
    width: float
    area: str
    first: bool
    named: bool


@dataclass(frozen=True)
class HitDrawn:
    """A hit on the edge of its block."""

    x: float
    y: float
    hard: bool
    label: str


@dataclass(frozen=True)
class CueDrawn:
    """A cue's block, the light on the curve above its middle, and the texts that fit into the block."""

    key: str
    x: float
    width: float
    y: float
    height: float
    light_x: float
    light_y: float
    lines: tuple[tuple[float, str], ...]
    plan: str
    plan_y: float
    shows_light: bool
    shows_number: bool
    hits: tuple[HitDrawn, ...]

    @property
    def edge(self) -> float:
        """Height of the coloured edge."""
        return self.height - 16.0


@dataclass(frozen=True)
class ShotDrawn:
    """A tile of the strip: a small landscape whose land begins at `land_y` and follows the curve."""

    code: str
    colour: int
    x: float
    width: float
    land_y: float
    named: bool
    spoken: bool
    estimated: bool
    start: float
    seconds: float


@dataclass(frozen=True)
class Tick:
    """A stroke of the ruler; `seconds` is None for a small one."""

    x: float
    seconds: float | None


@dataclass(frozen=True)
class Row:
    """The curve beside one row of the narrow arc, which runs downwards: box 76 x 100, light in the middle."""

    key: str
    colour: int
    line: str
    area: str
    light_x: float


@dataclass(frozen=True)
class Arc:
    """The whole drawing, lying down (stages, cues, ...) and standing up (rows)."""

    seconds: float
    height: float
    dialogue_y: float
    strip_y: float
    ruler_y: float
    line: str
    stages: tuple[StageDrawn, ...]
    cues: tuple[CueDrawn, ...]
    shots: tuple[ShotDrawn, ...]
    ticks: tuple[Tick, ...]
    rows: tuple[Row, ...]


def draw(*, seconds: float, stages: Sequence[StageSpan], cues: Sequence[CueSpan], shots: Sequence[ShotSpan]) -> Arc:
    """The arc of a film of `seconds` > 0; stages, cues and shots in order of time."""
    curve = through(knots_of([(stage.start, stage.end, stage.values) for stage in stages]))
    lanes = _lanes(cues)
    titles = [_title_lines(cue, seconds) for cue in cues]
    block = 66.0 + 18.0 * max([len(lines) for lines in titles], default=1)
    bottom = BLOCKS_TOP + (block + LANE_GAP) * (max(lanes, default=0) + 1)
    strip = bottom + 12.0
    ruler = strip + STRIP_HEIGHT + 8.0
    return Arc(
        seconds=seconds,
        height=ruler + 40.0,
        dialogue_y=bottom - 1.0,
        strip_y=strip,
        ruler_y=ruler,
        line=_path(curve, 0.0, seconds, seconds) if curve else "",
        stages=tuple(_stage(stage, curve, seconds, i == 0) for i, stage in enumerate(stages)),
        cues=tuple(
            _cue(cue, curve, seconds, BLOCKS_TOP + lane * (block + LANE_GAP), block, lines)
            for cue, lane, lines in zip(cues, lanes, titles, strict=True)
        ),
        shots=tuple(_shot(shot, stages, curve, seconds) for shot in shots),
        ticks=_ticks(seconds),
        rows=_rows(cues, stages, curve, seconds),
    )


def _percent(part: float, whole: float) -> float:
    return round(100.0 * part / whole, 3)


def _y(level: float) -> float:
    return CURVE_HEIGHT - HEADROOM / 2 - level * (CURVE_HEIGHT - 1.5 * HEADROOM)


def _level(curve: Curve | None, second: float) -> float:
    return curve.at(second) if curve else 0.5


def _path(curve: Curve, start: float, end: float, seconds: float) -> str:
    """The curve between two seconds as an SVG path in box units: exact cubics between its knots."""
    stops = [start, *(knot for knot in curve.seconds if start < knot < end), end]
    parts = [f"M{_unit(start, seconds)} {_y(curve.at(start)):.1f}"]
    for left, right in pairwise(stops):
        third = (right - left) / 3
        rise, fall = _slope(curve, left, right), _slope(curve, right, left)
        parts.append(
            f"C{_unit(left + third, seconds)} {_y(curve.at(left) + third * rise):.1f}"
            f" {_unit(right - third, seconds)} {_y(curve.at(right) - third * fall):.1f}"
            f" {_unit(right, seconds)} {_y(curve.at(right)):.1f}"
        )
    return "".join(parts)


def _unit(second: float, seconds: float) -> str:
    return f"{BOX * second / seconds:.1f}"


def _slope(curve: Curve, at: float, towards: float) -> float:
    """The slope at one end of a piece, from inside it (at a knot both sides agree, outside the knots it is 0)."""
    small = (towards - at) * 1e-4
    return (curve.at(at + small) - curve.at(at)) / small


def _stage(stage: StageSpan, curve: Curve | None, seconds: float, first: bool) -> StageDrawn:
    width = _percent(stage.end - stage.start, seconds)
    area = ""
    if curve and stage.end > stage.start:
        left, right = _unit(stage.start, seconds), _unit(stage.end, seconds)
        top = _path(curve, stage.start, stage.end, seconds)
        area = f"{top}L{right} {CURVE_HEIGHT:g}L{left} {CURVE_HEIGHT:g}z"
    room = width / 100 * NARROWEST - 36
    named = room >= len(stage.name) * LETTER
    return StageDrawn(stage.name, stage.colour, _percent(stage.start, seconds), width, area, first, named)


def _lanes(cues: Sequence[CueSpan]) -> list[int]:
    """The lowest free lane of each cue, so that cues that overlap do not cover one another."""
    ends: list[float] = []
    lanes = []
    for cue in cues:
        lane = next((i for i, end in enumerate(ends) if end <= cue.start), len(ends))
        ends[lane:] = [cue.end, *ends[lane + 1 :]]
        lanes.append(lane)
    return lanes


def _room(cue: CueSpan, seconds: float) -> float:
    return (cue.end - cue.start) / seconds * NARROWEST


def _title_lines(cue: CueSpan, seconds: float) -> tuple[str, ...]:
    """The title in at most three lines, never cut; nothing where a word is wider than the block."""
    letters = int((_room(cue, seconds) - 24) / LETTER)
    if letters < 4:
        return ()
    lines = textwrap.wrap(cue.title, letters, break_long_words=False, break_on_hyphens=True)
    return tuple(lines) if len(lines) <= 3 and all(len(line) <= letters for line in lines) else ()


def _cue(
    cue: CueSpan, curve: Curve | None, seconds: float, y: float, height: float, lines: tuple[str, ...]
) -> CueDrawn:
    middle = (cue.start + cue.end) / 2
    room = _room(cue, seconds)
    return CueDrawn(
        key=cue.key,
        x=_percent(cue.start, seconds),
        width=_percent(cue.end - cue.start, seconds),
        y=y,
        height=height,
        light_x=_percent(middle, seconds),
        light_y=round(CURVE_TOP + _y(_level(curve, middle)), 1),
        lines=tuple((44.0 + 18.0 * i, line) for i, line in enumerate(lines)),
        plan=next((plan for plan in cue.plans if room - 24 >= len(plan) * SMALL_LETTER), ""),
        plan_y=height - 16.0,
        shows_light=room >= 84,
        shows_number=room >= 46,
        hits=tuple(HitDrawn(_percent(second, seconds), y - 5.5, hard, label) for second, hard, label in cue.hits),
    )


def _shot(shot: ShotSpan, stages: Sequence[StageSpan], curve: Curve | None, seconds: float) -> ShotDrawn:
    middle = (shot.start + shot.end) / 2
    colour = next((stage.colour for stage in stages if stage.start <= middle < stage.end), 0)
    width = _percent(shot.end - shot.start, seconds)
    return ShotDrawn(
        code=shot.code,
        colour=colour,
        x=_percent(shot.start, seconds),
        width=width,
        land_y=round(STRIP_HEIGHT - 8 - _level(curve, middle) * (STRIP_HEIGHT - 38), 1),
        named=width / 100 * NARROWEST >= len(shot.code) * SMALL_LETTER + 14,
        spoken=shot.spoken,
        estimated=shot.estimated,
        start=shot.start,
        seconds=shot.end - shot.start,
    )


def _ticks(seconds: float) -> tuple[Tick, ...]:
    """At most ten labels, a small stroke between two; the end has its own label and keeps its neighbours away."""
    step = next((step for step in STEPS if seconds / step <= 10), STEPS[-1])
    ticks = []
    for i in range(int(2 * seconds / step) + 1):
        second = i * step / 2
        label = i % 2 == 0 and (seconds - second) / seconds > 0.045
        if label or i % 2:
            ticks.append(Tick(_percent(second, seconds), second if label else None))
    return tuple(ticks)


def _rows(cues: Sequence[CueSpan], stages: Sequence[StageSpan], curve: Curve | None, seconds: float) -> tuple[Row, ...]:
    """One row a cue (a stage, where there is no cue yet), from the middle of one gap to the middle of the next."""
    spans = [(cue.key, cue.start, cue.end) for cue in cues] or [
        (stage.name, stage.start, stage.end) for stage in stages
    ]
    borders = [0.0, *((left[2] + right[1]) / 2 for left, right in pairwise(spans)), seconds]
    rows = []
    for (key, start, end), (top, bottom) in zip(spans, pairwise(borders), strict=False):
        middle = (start + end) / 2
        colour = next((stage.colour for stage in stages if stage.start <= middle < stage.end), 0)
        points = [(_across(_level(curve, top + (bottom - top) * i / 12)), 100 * i / 12) for i in range(13)]
        line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        at = _across(_level(curve, (top + bottom) / 2))
        rows.append(Row(key, colour, line, f"{line}L0 100L0 0z", round(at, 1)))
    return tuple(rows)


def _across(level: float) -> float:
    return 8.0 + level * 58.0

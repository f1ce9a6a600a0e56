"""Geometry of the arc timeline: where stages, curve, cues, shots and the ruler are drawn.

Horizontal positions are percent of the drawing's width (so that type keeps its size at any width), vertical ones
pixels. The curve is drawn in a box of BOX x CURVE_HEIGHT units that is stretched to the full width.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from curator.film.arc_rows import Row, draw_rows
from curator.film.course import smooth
from curator.film.curve import Curve, knots_of, level_at, through
from curator.film.spans import CueSpan, MusicSpan, ShotSpan, StageSpan, ThemeSpan
from curator.film.theme_lines import THEME_HEIGHT, ThemeLine, draw_theme_lines
from curator.film.tiles import STRIP_HEIGHT, Tiles, draw_tiles
from curator.film.trait_rows import TRAIT_HEIGHT, TraitRow, draw_line, draw_traits

BOX = 1000.0
CURVE_TOP = 40.0
CURVE_HEIGHT = 208.0
HEADROOM = 14.0
"""Pixels between the highest level and the top of the curve's box, and half of that at the bottom."""
BLOCKS_TOP = 264.0
LANE_GAP = 8.0
NARROWEST = 960.0
"""Width in pixels at which texts must still fit: the narrowest window that shows the arc lying down, and a page."""
LETTER = 7.6
"""Mean width in pixels of a letter of a cue's title, 14 px Instrument Sans, with a little to spare."""
SMALL_LETTER = 5.7
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)
"""Seconds between two labels of the ruler."""
ZOOMS = (1, 2, 4, 8, 16)
"""How many times the width of the page the arc may be drawn."""


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
    """A cue's block, the light on the curve above its middle, and the texts that fit into the block.

    tight: they fit only because the arc is drawn larger than a printed page.
    """

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
    tight: bool
    hits: tuple[HitDrawn, ...]

    @property
    def edge(self) -> float:
        """Height of the coloured edge."""
        return self.height - 16.0


@dataclass(frozen=True)
class Tick:
    """A stroke of the ruler; `seconds` is None for a small one."""

    x: float
    seconds: float | None


@dataclass(frozen=True)
class Arc:
    """The whole drawing, lying down (stages, cues, ...) and standing up (rows).

    `zoom` times the width of the page. doing, leading: what the music of approved cues does, and of those that lead,
    as lines in the box of the curve. The playhead reaches down to `foot`.
    """

    seconds: float
    zoom: float
    height: float
    foot: float
    dialogue_y: float
    strip_y: float
    ruler_y: float
    line: str
    doing: str
    leading: str
    stages: tuple[StageDrawn, ...]
    cues: tuple[CueDrawn, ...]
    themes: tuple[ThemeLine, ...]
    tiles: Tiles
    ticks: tuple[Tick, ...]
    traits: tuple[TraitRow, ...]
    rows: tuple[Row, ...]


def draw(
    *,
    seconds: float,
    stages: Sequence[StageSpan],
    cues: Sequence[CueSpan],
    shots: Sequence[ShotSpan],
    themes: Sequence[ThemeSpan] = (),
    music: Sequence[MusicSpan] = (),
    zoom: float = 1,
) -> Arc:
    """The arc of a film of `seconds` > 0, `zoom` times as wide as the page; everything in order of time."""
    curve = through(knots_of([(stage.start, stage.end, stage.values) for stage in stages]))
    lanes = _lanes(cues)
    played = tuple(music)
    room = NARROWEST * zoom
    titles = [_title_lines(cue, seconds, room) for cue in cues]
    block = 66.0 + 18.0 * max([len(lines) for lines in titles], default=1)
    bottom = BLOCKS_TOP + (block + LANE_GAP) * (max(lanes, default=0) + 1)
    heard = [theme for theme in themes if theme.heard]
    spoken = bottom + len(heard) * THEME_HEIGHT
    strip = spoken + 12.0
    ruler = strip + STRIP_HEIGHT + 8.0
    traits = draw_traits(played, seconds=seconds, top=ruler + 58.0, room=room)
    return Arc(
        seconds=seconds,
        zoom=zoom,
        height=ruler + 40.0 + len(traits) * TRAIT_HEIGHT + (8.0 if traits else 0.0),
        foot=strip + STRIP_HEIGHT,
        dialogue_y=spoken - 1.0,
        strip_y=strip,
        ruler_y=ruler,
        line=_path(curve, 0.0, seconds, seconds) if curve else "",
        doing=_doing(played, True, seconds, room),
        leading=_doing(played, False, seconds, room),
        stages=tuple(_stage(stage, curve, seconds, room, i == 0) for i, stage in enumerate(stages)),
        cues=tuple(
            _cue(cue, curve, seconds, room, BLOCKS_TOP + lane * (block + LANE_GAP), block, lines)
            for cue, lane, lines in zip(cues, lanes, titles, strict=True)
        ),
        themes=draw_theme_lines(heard, seconds=seconds, top=bottom + 2.0, room=room),
        tiles=draw_tiles(shots, stages, curve, seconds=seconds, room=room),
        ticks=_ticks(seconds, zoom),
        traits=traits,
        rows=draw_rows(cues, stages, curve, seconds),
    )


@lru_cache(maxsize=16)
def _doing(music: tuple[MusicSpan, ...], chosen: bool, seconds: float, room: float) -> str:
    """The intensity of approved music, or of what only leads, as a line in the box of the intended curve."""
    lines = []
    for span in music:
        if span.chosen == chosen:
            levels = smooth([moment.intensity for moment in span.moments])
            lines.append(draw_line([m.middle for m in span.moments], levels, seconds=seconds, room=room, y=_y))
    return "".join(lines)


def _percent(part: float, whole: float) -> float:
    return round(100.0 * part / whole, 3)


def _y(level: float) -> float:
    return CURVE_HEIGHT - HEADROOM / 2 - level * (CURVE_HEIGHT - 1.5 * HEADROOM)


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
    return f"{BOX * second / seconds:.2f}"


def _slope(curve: Curve, at: float, towards: float) -> float:
    """The slope at one end of a piece, from inside it (at a knot both sides agree, outside the knots it is 0)."""
    small = (towards - at) * 1e-4
    return (curve.at(at + small) - curve.at(at)) / small


def _stage(stage: StageSpan, curve: Curve | None, seconds: float, room: float, first: bool) -> StageDrawn:
    width = _percent(stage.end - stage.start, seconds)
    area = ""
    if curve and stage.end > stage.start:
        left, right = _unit(stage.start, seconds), _unit(stage.end, seconds)
        top = _path(curve, stage.start, stage.end, seconds)
        area = f"{top}L{right} {CURVE_HEIGHT:g}L{left} {CURVE_HEIGHT:g}z"
    named = width / 100 * room - 36 >= len(stage.name) * LETTER
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


def _title_lines(cue: CueSpan, seconds: float, room: float) -> tuple[str, ...]:
    """The title in at most three lines, never cut; nothing where a word is wider than the block."""
    letters = int(((cue.end - cue.start) / seconds * room - 24) / LETTER)
    if letters < 4:
        return ()
    lines = textwrap.wrap(cue.title, letters, break_long_words=False, break_on_hyphens=True)
    return tuple(lines) if len(lines) <= 3 and all(len(line) <= letters for line in lines) else ()


def _cue(
    cue: CueSpan,
    curve: Curve | None,
    seconds: float,
    whole: float,
    y: float,
    height: float,
    lines: tuple[str, ...],
) -> CueDrawn:
    middle = (cue.start + cue.end) / 2
    room = (cue.end - cue.start) / seconds * whole
    plan = next((plan for plan in cue.plans if room - 24 >= len(plan) * SMALL_LETTER), "")
    printed = room * NARROWEST / whole
    return CueDrawn(
        key=cue.key,
        x=_percent(cue.start, seconds),
        width=_percent(cue.end - cue.start, seconds),
        y=y,
        height=height,
        light_x=_percent(middle, seconds),
        light_y=round(CURVE_TOP + _y(level_at(curve, middle)), 1),
        lines=tuple((44.0 + 18.0 * i, line) for i, line in enumerate(lines)),
        plan=plan,
        plan_y=height - 18.0,
        shows_light=room >= 84,
        shows_number=room >= 46,
        tight=printed - 24 < max([46.0, len(plan) * SMALL_LETTER, *(len(line) * LETTER for line in lines)]),
        hits=tuple(HitDrawn(_percent(second, seconds), y - 5.5, hard, label) for second, hard, label in cue.hits),
    )


def _ticks(seconds: float, zoom: float) -> tuple[Tick, ...]:
    """At most ten labels a page, a small stroke between two; the end's own label keeps its neighbours away."""
    step = next((step for step in STEPS if seconds / step <= 10 * zoom), STEPS[-1])
    ticks = []
    for i in range(int(2 * seconds / step) + 1):
        second = i * step / 2
        label = i % 2 == 0 and (seconds - second) / seconds > 0.045 / zoom
        if label or i % 2:
            ticks.append(Tick(_percent(second, seconds), second if label else None))
    return tuple(ticks)

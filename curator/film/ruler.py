"""The bars of a cue as a ruler, with its hits and its dialogue: numbers for a drawing, no words of a page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from curator.film.tempo import TempoMap

WIDTH = 1312.0
"""Units of the drawing; at the widest page one is a pixel."""
LETTER = 7.2
"""Units a letter of a hit's label takes at most."""
NUMBERED = 4
"""Every so many bars the number stands over the tick."""


@dataclass(frozen=True)
class Hit:
    """A frame where the music must land, seconds from the cue's start."""

    seconds: float
    label: str
    hard: bool


@dataclass(frozen=True)
class Line:
    """Words spoken from `start` to `end`, seconds from the cue's start."""

    start: float
    end: float
    words: str


@dataclass(frozen=True)
class Tick:
    """The start of a bar."""

    x: float
    bar: int
    long: bool


@dataclass(frozen=True)
class HitMark:
    """A hit as drawn. beat: the nearest one, as 18.4; off: milliseconds of the hit after it. label: what there is
    room for; whole: all of it. flip: the label stands at the left of the mark."""

    x: float
    label: str
    whole: str
    hard: bool
    beat: str
    off: int
    flip: bool


@dataclass(frozen=True)
class LineMark:
    """Dialogue as drawn; `words` is what there is room for."""

    x: float
    width: float
    words: str


@dataclass(frozen=True)
class Ruler:
    """A drawn ruler, WIDTH units wide. `end` is where the picture ends, for music that is longer."""

    width: float
    end: float
    ticks: tuple[Tick, ...]
    hits: tuple[HitMark, ...]
    lines: tuple[LineMark, ...]


def draw_ruler(
    *, tempo_map: TempoMap, bars: int, seconds: float, hits: Sequence[Hit] = (), lines: Sequence[Line] = ()
) -> Ruler:
    """The ruler of a cue of `bars` bars under a picture of `seconds`."""
    starts = [float(tempo_map.length(bar)) for bar in range(bars + 1)]
    whole = max(seconds, starts[-1]) or 1.0

    def x(moment: float) -> float:
        return round(WIDTH * min(max(moment, 0.0), whole) / whole, 1)

    ticks = tuple(Tick(x(start), bar + 1, bar % NUMBERED == 0 or bar == bars) for bar, start in enumerate(starts))
    return Ruler(
        width=WIDTH,
        end=x(seconds),
        ticks=ticks,
        hits=tuple(_hit_marks(sorted(hits, key=lambda hit: hit.seconds), tempo_map, x)),
        lines=tuple(_line_mark(line, x) for line in lines),
    )


def _hit_marks(hits: Sequence[Hit], tempo_map: TempoMap, x: Callable[[float], float]) -> list[HitMark]:
    marks = []
    for number, hit in enumerate(hits):
        here = x(hit.seconds)
        room = (x(hits[number + 1].seconds) if number + 1 < len(hits) else WIDTH) - here - 18
        before = here - (x(hits[number - 1].seconds) if number else 0.0) - 18
        flip = room < LETTER * len(hit.label) and number == len(hits) - 1 and before > room
        beat, off = _nearest_beat(tempo_map, hit.seconds)
        label = _fit(hit.label, before if flip else room)
        marks.append(HitMark(here, label, hit.label, hit.hard, beat, off, flip))
    return marks


def _nearest_beat(tempo_map: TempoMap, seconds: float) -> tuple[str, int]:
    moment = Fraction(seconds).limit_denominator(1_000_000)
    nearest = tempo_map.nearest_beat(moment)
    return str(nearest), round(1000 * (moment - tempo_map.seconds_of(nearest)))


def _line_mark(line: Line, x: Callable[[float], float]) -> LineMark:
    start, end = x(line.start), x(line.end)
    return LineMark(start, max(round(end - start, 1), 3.0), _fit(line.words, WIDTH - start))


def _fit(text: str, room: float) -> str:
    most = int(room / LETTER)
    if len(text) <= most:
        return text
    return text[: most - 1].rstrip() + "\u2026" if most > 3 else ""

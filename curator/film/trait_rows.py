"""What the music does, as small curves under the timeline: density, loudness, register, mode."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from curator.film.course import Moment, smooth
from curator.film.spans import MusicSpan

BOX = 1000.0
TRAIT_HEIGHT = 54.0
TRAIT_ROOM = 32.0
"""Height of a curve in its row; the rest is air and the row's name."""
NEAREST = 3.0
"""Pixels between two points of a line at least."""
LEAST_RANGE = 0.3
"""A row shows at least so much of its scale, so that small unrest is not drawn as a storm."""

TRAITS: dict[str, Callable[[Moment], float | None]] = {
    "density": lambda moment: moment.density,
    "loudness": lambda moment: moment.loudness,
    "register": lambda moment: moment.register,
    "mode": lambda moment: moment.mode,
}


@dataclass(frozen=True)
class TraitRow:
    """One row: paths in a box of BOX x TRAIT_ROOM units whose top is at `y`. chosen: of approved music; leading: of
    music that only leads. middle: half height means something (of mode: neither major nor minor). Of each row
    the part of its scale is drawn that the film's music uses, the same for all cues."""

    key: str
    y: float
    chosen: str
    leading: str
    middle: bool


@lru_cache(maxsize=8)
def draw_traits(music: tuple[MusicSpan, ...], *, seconds: float, top: float, room: float) -> tuple[TraitRow, ...]:
    """The rows from `top` down; none where no music is known."""
    if not any(span.moments for span in music):
        return ()

    rows = []
    for place, (key, trait) in enumerate(TRAITS.items()):
        felt = [smooth([trait(moment) for moment in span.moments]) for span in music]
        y = _scale([level for levels in felt for level in levels if level is not None], centred=key == "mode")
        lines = {True: "", False: ""}
        for span, levels in zip(music, felt, strict=True):
            at = [moment.middle for moment in span.moments]
            lines[span.chosen] += draw_line(at, levels, seconds=seconds, room=room, y=y)
        rows.append(TraitRow(key, top + place * TRAIT_HEIGHT, lines[True], lines[False], key == "mode"))
    return tuple(rows)


def _scale(levels: Sequence[float], *, centred: bool) -> Callable[[float], float]:
    """Where a level is drawn, so that the row is filled by what lies between the lowest and the highest."""
    low, high = min(levels, default=0.0), max(levels, default=1.0)
    middle = 0.5 if centred else (low + high) / 2
    reach = max(LEAST_RANGE / 2, high - middle, middle - low)

    def y(level: float) -> float:
        return 1.5 + (TRAIT_ROOM - 3.0) * (0.5 - (level - middle) / reach / 2)

    return y


def draw_line(
    at: Sequence[float],
    levels: Sequence[float | None],
    *,
    seconds: float,
    room: float,
    y: Callable[[float], float],
) -> str:
    """Levels at seconds of a film of `seconds` as a path; it breaks where there is no level.

    Points that would lie nearer to each other than a few pixels become one, their mean.
    """
    apart = NEAREST * seconds / room
    parts: list[str] = []
    sign = "M"
    times = values = first = 0.0
    count = 0
    for second, level in zip(at, levels, strict=True):
        if count and (level is None or second - first >= apart):
            parts.append(f"{sign}{BOX * times / count / seconds:.2f} {y(values / count):.1f}")
            sign, count = "L", 0
        if level is None:
            sign = "M"
        elif second <= seconds:
            if not count:
                times = values = 0.0
                first = second
            times, values, count = times + second, values + level, count + 1
    if count:
        parts.append(f"{sign}{BOX * times / count / seconds:.2f} {y(values / count):.1f}")
    return "".join(parts)

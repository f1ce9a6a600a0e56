"""What the music does, as small curves under the timeline: density, loudness, register, mode."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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


def draw_traits(music: Sequence[MusicSpan], *, seconds: float, top: float, room: float) -> tuple[TraitRow, ...]:
    """The rows from `top` down; none where no music is known."""
    if not any(span.moments for span in music):
        return ()

    rows = []
    for place, (key, trait) in enumerate(TRAITS.items()):
        felt = [level for span in music for level in smooth([trait(moment) for moment in span.moments])]
        y = _scale([level for level in felt if level is not None], centred=key == "mode")
        lines = {True: "", False: ""}
        for span in music:
            levels = [(moment.middle, trait(moment)) for moment in span.moments]
            lines[span.chosen] += draw_line(levels, seconds=seconds, room=room, y=y)
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
    levels: Sequence[tuple[float, float | None]], *, seconds: float, room: float, y: Callable[[float], float]
) -> str:
    """Levels at seconds as a path, each felt with its neighbours; it breaks where there is none.

    Points that would lie nearer to each other than a few pixels become one, their mean.
    """
    parts: list[str] = []
    begun = False
    held: list[tuple[float, float]] = []

    def put() -> None:
        nonlocal begun
        if held:
            x = BOX * sum(second for second, _level in held) / len(held) / seconds
            level = sum(level for _second, level in held) / len(held)
            parts.append(f"{'L' if begun else 'M'}{x:.2f} {y(level):.1f}")
            begun = True
            held.clear()

    for (second, _level), level in zip(levels, smooth([level for _second, level in levels]), strict=True):
        if held and (level is None or (second - held[0][0]) / seconds * room >= NEAREST):
            put()
        if level is None:
            begun = False
        elif second <= seconds:
            held.append((second, level))
    put()
    return "".join(parts)

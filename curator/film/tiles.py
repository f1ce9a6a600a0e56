"""The film strip: every shot a tile, a small landscape whose land follows the curve, or its still.

What all tiles have in common is one path each, however many shots there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from curator.film.curve import Curve, level_at
from curator.film.spans import ShotSpan, StageSpan

BOX = 1000.0
"""Paths lie in a box of BOX x STRIP_HEIGHT units that is stretched to the full width."""
STRIP_HEIGHT = 58.0
SMALL_LETTER = 5.7
STILL_FROM = 20.0
"""A tile narrower than this, in pixels, shows no still."""
TOLD_FROM = 4.0
"""A tile narrower than this is too small to be pointed at: nothing is said of it."""
HAIR_BELOW = 12.0
"""Where tiles are narrower on average than this, the cuts between them are hairs."""


@dataclass(frozen=True)
class Tile:
    """One shot. x and width as they are written, percent. code: "" without room for it; still: key of its picture."""

    x: str
    width: str
    code: str
    label: str
    still: str


@dataclass(frozen=True)
class Tiles:
    """The strip. lands: (stage colour, path) of the land under each stage's shots; spoken: (x, width) of dialogue,
    percent, neighbours joined; fine: cuts are hairs."""

    tiles: tuple[Tile, ...]
    lands: tuple[tuple[int, str], ...]
    cuts: str
    fine: bool
    spoken: tuple[tuple[float, float], ...]


def draw_tiles(
    shots: Sequence[ShotSpan], stages: Sequence[StageSpan], curve: Curve | None, *, seconds: float, room: float
) -> Tiles:
    """The strip of a film of `seconds`, drawn `room` pixels wide at least."""
    tiles, cuts = [], []
    spoken: list[tuple[float, float]] = []
    lands: dict[int, list[str]] = {}
    for shot in shots:
        middle = (shot.start + shot.end) / 2
        colour = next((stage.colour for stage in stages if stage.start <= middle < stage.end), 0)
        top = STRIP_HEIGHT - 8 - level_at(curve, middle) * (STRIP_HEIGHT - 38)
        left, right = BOX * shot.start / seconds, BOX * shot.end / seconds
        lands.setdefault(colour, []).append(f"M{left:.2f} {top:.1f}H{right:.2f}V{STRIP_HEIGHT:g}H{left:.2f}z")
        cuts.append(f"M{right:.2f} 0V{STRIP_HEIGHT:g}")
        width = (shot.end - shot.start) / seconds
        if width * room >= TOLD_FROM:
            code = shot.code if width * room >= len(shot.code) * SMALL_LETTER + 14 else ""
            still = shot.still if width * room >= STILL_FROM else ""
            tiles.append(Tile(f"{left / 10:.3f}%", f"{100 * width:.3f}%", code, shot.label, still))
        if shot.spoken:
            if spoken and abs(spoken[-1][1] - shot.start) < 1e-6:
                spoken[-1] = (spoken[-1][0], shot.end)
            else:
                spoken.append((shot.start, shot.end))
    return Tiles(
        tiles=tuple(tiles),
        lands=tuple((colour, "".join(parts)) for colour, parts in sorted(lands.items())),
        cuts="".join(cuts),
        fine=bool(shots) and room / len(shots) < HAIR_BELOW,
        spoken=tuple(
            (round(100 * start / seconds, 3), round(100 * (end - start) / seconds, 3)) for start, end in spoken
        ),
    )

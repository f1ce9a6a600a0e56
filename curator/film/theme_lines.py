"""Where themes recur: one thin line a theme with a mark for every time it is heard."""

from collections.abc import Sequence
from dataclasses import dataclass

from curator.film.spans import ThemeSpan

THEME_HEIGHT = 18.0
LETTER = 6.2
"""Mean width in pixels of a letter of a theme's name, 12.5 px Newsreader italic, with a little to spare."""


@dataclass(frozen=True)
class ThemeMark:
    """One time that a theme is heard; x is percent of the width."""

    x: float
    how: str


@dataclass(frozen=True)
class ThemeLine:
    """A theme: its line from the first mark to the last one, and its name where there is most room beside marks.

    Places are percent; the name stands right of name_x or, with `before`, left of it. "" where there is no room.
    """

    key: str
    y: float
    start: float
    end: float
    marks: tuple[ThemeMark, ...]
    name: str
    name_x: float
    before: bool


def draw_theme_lines(themes: Sequence[ThemeSpan], *, seconds: float, top: float, room: float) -> tuple[ThemeLine, ...]:
    """The lines of themes that are heard at least once, one below the other from `top`."""
    lines = []
    for place, theme in enumerate(themes):
        marks = tuple(ThemeMark(round(100 * second / seconds, 3), how) for second, how in theme.heard)
        after, ahead = 100 - marks[-1].x, marks[0].x
        before = ahead > after
        needed = len(theme.name) * LETTER + 20
        lines.append(
            ThemeLine(
                key=theme.key,
                y=top + THEME_HEIGHT * place + THEME_HEIGHT / 2,
                start=marks[0].x,
                end=marks[-1].x,
                marks=marks,
                name=theme.name if max(after, ahead) / 100 * room >= needed else "",
                name_x=marks[0].x if before else marks[-1].x,
                before=before,
            )
        )
    return tuple(lines)

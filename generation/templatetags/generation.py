"""How the desk draws and names what is on a card."""

import re
from dataclasses import dataclass

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from curator.models.film import Cue
from generation.domain.desk import TakeCard
from generation.models.requests import Candidate

register = template.Library()

LINE = 104.3
"""Where the cue's end stands on the line of a length, of 122 units."""


# What the engine can say of a line that it gave up, by the guard's words.
GIVEN_UP = {
    "add up": _noop("Bar %(bar)s would not add up."),
    "be readable": _noop("Bar %(bar)s would not be readable."),
    "be plain text": _noop("Bar %(bar)s would not be plain text."),
    "come to its end": _noop("Bar %(bar)s would not come to its end."),
    "keep to the two staves": _noop("Bar %(bar)s would not keep to the two staves."),
    "keep its metre and tempo": _noop("Bar %(bar)s would not keep its metre and tempo."),
    "change key on both staves": _noop("Bar %(bar)s would not change key on both staves."),
    "close with one barline": _noop("Bar %(bar)s would not close with one barline."),
    "stay on the keyboard": _noop("Bar %(bar)s would not stay on the keyboard."),
    "stay in its register": _noop("Bar %(bar)s would not stay in its register."),
    "stay as sparse as asked": _noop("Bar %(bar)s would not stay as sparse as asked."),
    "lie under two hands": _noop("Bar %(bar)s would not lie under two hands."),
    "end on the tonic": _noop("Bar %(bar)s would not end on the tonic."),
    "keep the voice that stays": _noop("Bar %(bar)s would not keep the voice that stays."),
}


@dataclass(frozen=True)
class FitLine:
    """The length of a take against its cue, drawn and in words."""

    goal: float
    x: float
    words: str


@register.simple_tag
def fit_line(card: TakeCard, cue: Cue) -> FitLine | None:
    """The line of a take's length; None while its length is not known."""
    if card.fit is None:
        return None
    x = min(LINE * (cue.seconds + card.fit) / cue.seconds, 121.5)
    if card.fits or card.fitting_tempo is None:
        return FitLine(LINE, round(x, 1), _("fits"))
    sign = "+" if card.fit > 0 else "\u2212"
    values = {"seconds": f"{sign}{number_format(abs(card.fit), 1)}", "tempo": number_format(card.fitting_tempo, 0)}
    return FitLine(LINE, round(x, 1), _("%(seconds)s s, or %(tempo)s bpm") % values)


@register.simple_tag
def density_path(card: TakeCard) -> str:
    """The path of struck notes a bar, in a field of 120 by 20."""
    most = max(card.density, default=0) or 1
    step = 120 / max(len(card.density) - 1, 1)
    points = [f"{i * step:.1f} {18 - 16 * notes / most:.1f}" for i, notes in enumerate(card.density)]
    return "M" + " L".join(points) if len(points) > 1 else f"M0 {points[0].split()[1]}H120" if points else ""


@register.filter
def play_key(card: TakeCard) -> str:
    """The key that plays this take: its number, for the first nine."""
    return str(card.number) if card.number < 10 else ""


@register.filter
def why_failed(candidate: Candidate) -> str:
    """Why a candidate is no take, in the reader's language where the engine said it."""
    found = re.fullmatch(r"Bar (\d+) would not (.+)\.", candidate.reason)
    if found and found[2] in GIVEN_UP:
        return _(GIVEN_UP[found[2]]) % {"bar": found[1]}
    return _(candidate.reason) if candidate.reason else _("This take could not be written.")

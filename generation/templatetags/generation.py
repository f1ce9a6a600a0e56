"""How the desk draws and names what is on a card."""

from dataclasses import dataclass

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from curator.models.film import Cue
from generation.domain.desk import TakeCard
from generation.models.requests import Candidate

register = template.Library()

LINE = 104.3
"""Where the cue's end stands on the line of a length, of 122 units."""


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
    return _(candidate.reason) if candidate.reason else _("This take could not be written.")

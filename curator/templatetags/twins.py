"""How two pieces are alike, in words."""

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from curator.domain.rights import training_bar
from curator.domain.twins import Suspects, twins_of, undecided
from curator.models.library import Piece, PieceVersion
from curator.models.twins import Resemblance

register = template.Library()


@register.filter
def how_alike(pair: Suspects) -> str:
    """The same notes; the second three semitones higher; nearly the same."""
    if pair.found.kind == Resemblance.SAME:
        return _("The same notes")
    if pair.found.kind == Resemblance.MOVED:
        steps = pair.semitones
        if not steps:
            return _("The same in other note values")
        words = ngettext("%(n)d semitone", "%(n)d semitones", abs(steps)) % {"n": abs(steps)}
        return (_("The second lies %(step)s higher") if steps > 0 else _("The second lies %(step)s lower")) % {
            "step": words
        }
    return _("Nearly the same notes: %(share)d of 100 places are alike") % {"share": round(pair.found.likeness * 100)}


@register.filter
def piece_facts(version: PieceVersion) -> list[str]:
    """Bars and notes of a version, for a look at what differs."""
    facts = version.facts
    shown = []
    if facts.get("bars"):
        shown.append(ngettext("%(n)d bar", "%(n)d bars", facts["bars"]) % {"n": facts["bars"]})
    if facts.get("notes"):
        shown.append(ngettext("%(n)d note", "%(n)d notes", facts["notes"]) % {"n": facts["notes"]})
    return shown


@register.simple_tag
def open_twins() -> int:
    """How many pairs wait for the owner's word."""
    return undecided().count()


@register.simple_tag
def twins_beside(piece: Piece) -> list[tuple[str, Piece]]:
    """What other pieces this one is like, in words, for its page."""
    words = {
        Resemblance.SAME: _("Same notes as"),
        Resemblance.MOVED: _("The same in another key or other note values:"),
        Resemblance.NEAR: _("Nearly the same notes as"),
    }
    return [(words[row.kind], other) for row, other in twins_of(piece)]


@register.simple_tag
def why_not_trained(piece: Piece) -> str:
    """Why a piece does not train; "" when it does."""
    return training_bar(piece)

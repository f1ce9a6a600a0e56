"""How the place of a piece among the others is named and drawn."""

from django import template
from django.utils.translation import gettext as _

from curator.domain.corpus import Axis
from curator.templatetags.look import percent, plain
from curator.templatetags.score import pitch_name

register = template.Library()

WIDTH = 280
"""Units of the drawing, near one pixel each."""


@register.filter
def axis_title(name: str) -> str:
    """What an axis is called."""
    return {
        "per_second": _("Notes a second"),
        "register": _("Register"),
        "major": _("Minor to major"),
        "repetition": _("Bars heard before"),
    }[name]


@register.filter
def axis_value(axis: Axis) -> str:
    """The piece's own number in words."""
    if axis.name == "register":
        return pitch_name(round(axis.value))
    if axis.name == "major":
        return _("major") if axis.value > 0 else _("minor")
    return percent(axis.value) if axis.name == "repetition" else plain(axis.value)


@register.filter
def axis_ends(name: str) -> tuple[str, str]:
    """The words at the low and the high end."""
    return {
        "per_second": (_("sparse"), _("dense")),
        "register": (_("low"), _("high")),
        "major": (_("minor"), _("major")),
        "repetition": (_("free"), _("ostinato")),
    }[name]


@register.filter
def axis_x(place: float) -> float:
    """A place between 0 and 1 on the drawn line, whose ends leave room for the dot."""
    return round(6 + place * (WIDTH - 12), 1)


@register.filter
def axis_strokes(axis: Axis) -> str:
    """A stroke for each of the others, as the path of an SVG."""
    return "".join(f"M{axis_x(place)} 4V14" for place in axis.others)


@register.filter
def axis_words(axis: Axis) -> str:
    """The drawing for those who listen to the page: how many of the others lie below."""
    if not axis.others:
        return _("There is no other piece to compare with.")
    below = sum(place < axis.place for place in axis.others) / len(axis.others)
    return _("higher than %(share)s of the library") % {"share": percent(below)}

"""How the library names and draws the ways to narrow it."""

from dataclasses import dataclass

from django import template
from django.utils.translation import gettext as _

from curator.domain.facets import Bin, Spread
from curator.models.library import Origin, Rights
from curator.templatetags.library import key_name, metre_name
from curator.templatetags.look import clock, plain

register = template.Library()

WIDTH, HEIGHT = 216, 36
"""Units of a spread's drawing: the width of the rail, near one pixel each."""
_GAP = 2


@register.filter
def facet_title(name: str) -> str:
    """What a facet or a spread is called."""
    titles = {
        "composer": _("Composer"),
        "origin": _("Origin"),
        "tag": _("Tags"),
        "key": _("Key"),
        "metre": _("Metre"),
        "source": _("Source"),
        "rights": _("Rights"),
        "tempo": _("Tempo"),
        "length": _("Length"),
        "density": _("Notes a second"),
    }
    return titles[name]


@register.filter
def option_name(value: str, facet: str) -> str:
    """A value of a facet in words."""
    if facet == "origin":
        return str(Origin(value).label)
    if facet == "rights":
        return str(Rights(value).label)
    if facet == "key":
        return key_name(value)
    return metre_name(value) if facet == "metre" else value


@register.filter
def measured(value: float, name: str) -> str:
    """A tempo, a length or a density as a reader writes it."""
    return clock(value) if name == "length" else plain(value)


@dataclass(frozen=True)
class Column:
    """One drawn bar of a spread."""

    x: float
    y: float
    width: float
    height: float
    inside: bool


@register.filter
def spread_columns(spread: Spread) -> list[Column]:
    """The bars of a spread, as high as their counts; where there is a piece at least one unit."""
    step = WIDTH / len(spread.bins)
    most = max(spread.most, 1)
    columns = []
    for place, one in enumerate(spread.bins):
        height = max(round(one.count / most * HEIGHT, 1), 1.0) if one.count else 0.0
        columns.append(Column(round(place * step, 1), HEIGHT - height, round(step - _GAP, 1), height, one.inside))
    return columns


@register.filter
def spread_words(spread: Spread) -> str:
    """The drawing for those who listen to the page: every bar that has pieces, and how many."""
    return "; ".join(f"{_range(one, spread.name)}: {one.count}" for one in spread.bins if one.count)


def _range(one: Bin, name: str) -> str:
    low = "" if one.low is None else measured(one.low, name)
    high = "" if one.high is None else measured(one.high, name)
    if not low:
        return _("below %(high)s") % {"high": high}
    return f"{low}\u2013{high}" if high else _("from %(low)s") % {"low": low}

"""What narrows the library and how it is sorted, in words, each with the address it leads to."""

from django.utils.translation import gettext as _

from curator.domain.wanted import Span, Wanted
from curator.filters import LISTS, SPANS, address_of
from curator.templatetags.shelf import facet_title, measured, option_name


def sorts() -> list[tuple[str, str]]:
    """The ways to sort the library."""
    return [
        ("new", _("newest")),
        ("title", _("title")),
        ("composer", _("composer")),
        ("length", _("length")),
        ("tempo", _("tempo")),
        ("density", _("density")),
    ]


def chips(wanted: Wanted) -> list[tuple[str, str]]:
    """What narrows the list, each with the address without it."""
    found = []
    if wanted.words:
        found.append((f"\u201c{wanted.words}\u201d", address_of(wanted, q="")))
    for name, field in LISTS.items():
        values: tuple[str, ...] = getattr(wanted, field)
        for value in values:
            rest = tuple(other for other in values if other != value)
            found.append((option_name(value, name), address_of(wanted, **{name: rest})))
    for name in SPANS:
        span: Span = getattr(wanted, name)
        if span:
            words = f"{facet_title(name)} {_span(span, name)}"
            found.append((words, address_of(wanted, **{f"{name}_from": "", f"{name}_to": ""})))
    return found


def _span(span: Span, name: str) -> str:
    low = "" if span.low is None else measured(span.low, name)
    high = "" if span.high is None else measured(span.high, name)
    if low and high:
        return f"{low}\u2013{high}"
    return _("from %(low)s") % {"low": low} if low else _("up to %(high)s") % {"high": high}

"""What a page's address asks for, read with patience: what makes no sense asks for nothing."""

import math
import re

from django.http import QueryDict

from curator.domain.wanted import SORTS, VIEWS, Span, Wanted
from curator.models.library import Origin, Rights

_MOST = 20
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2})", re.ASCII)

LISTS = {
    "composer": "composers", "origin": "origins", "tag": "tags", "key": "keys", "metre": "metres",
    "source": "sources", "rights": "rights",
}  # fmt: skip
"""Name in the address, field of Wanted."""
SPANS = ("tempo", "length", "density")
"""In the address they are two: tempo_from and tempo_to."""


def wanted_from(query: QueryDict) -> Wanted:
    """What the library's address asks for."""
    page = query.get("page", "1")
    sort, view = query.get("sort", ""), query.get("view", "")
    return Wanted(
        words=" ".join(query.get("q", "").replace("\0", " ").split())[:200],
        composers=_values(query, "composer"),
        origins=tuple(value for value in _values(query, "origin") if value in Origin.values),
        tags=_values(query, "tag"),
        keys=_values(query, "key"),
        metres=_values(query, "metre"),
        sources=_values(query, "source"),
        rights=tuple(value for value in _values(query, "rights") if value in Rights.values),
        tempo=_span(query, "tempo"),
        length=_span(query, "length"),
        density=_span(query, "density"),
        sort=sort if sort in SORTS else SORTS[0],
        view=view if view in VIEWS else VIEWS[0],
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def address_of(wanted: Wanted, **changes: object) -> str:
    """The address of what `wanted` asks for, with `changes`; always from the first page unless one is named."""
    query = QueryDict(mutable=True)
    values: dict[str, object] = {"q": wanted.words}
    values |= {name: getattr(wanted, field) for name, field in LISTS.items()}
    for name in SPANS:
        span: Span = getattr(wanted, name)
        values |= {f"{name}_from": plain_number(span.low), f"{name}_to": plain_number(span.high)}
    values |= {
        "sort": "" if wanted.sort == SORTS[0] else wanted.sort,
        "view": "" if wanted.view == VIEWS[0] else wanted.view,
        "page": "",
    }
    for name, value in (values | changes).items():
        if isinstance(value, tuple):
            query.setlist(name, [str(one) for one in value])
        elif value:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else "?"


def plain_number(value: float | None) -> str:
    """A number as it stands in an address: 54, 0.5, nothing."""
    return "" if value is None else f"{value:g}"


def _values(query: QueryDict, name: str) -> tuple[str, ...]:
    values = (value.strip()[:200] for value in query.getlist(name)[:_MOST])
    return tuple(dict.fromkeys(value for value in values if value and "\0" not in value))


def _span(query: QueryDict, name: str) -> Span:
    return Span(_number(query, f"{name}_from"), _number(query, f"{name}_to"))


def _number(query: QueryDict, name: str) -> float | None:
    """A number not below zero, with point or comma; a length may be said as 1:30."""
    text = query.get(name, "").strip()
    if found := _CLOCK.fullmatch(text):
        return float(int(found[1] or 0) * 3600 + int(found[2]) * 60 + int(found[3]))
    try:
        number = float(text[:12].replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number < 1_000_000 else None

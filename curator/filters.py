"""What a page's address asks for, read with patience: what makes no sense asks for nothing."""

from django.http import QueryDict

from curator.domain.catalogue import SORTS, Wanted
from curator.models.library import Origin

_MOST = 20


def wanted_from(query: QueryDict) -> Wanted:
    """What the library's address asks for."""
    page = query.get("page", "1")
    sort = query.get("sort", "")
    return Wanted(
        words=" ".join(query.get("q", "").replace("\0", " ").split())[:200],
        composers=_values(query, "composer"),
        origins=tuple(value for value in _values(query, "origin") if value in Origin.values),
        tags=_values(query, "tag"),
        sort=sort if sort in SORTS else SORTS[0],
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def address_of(wanted: Wanted, **changes: object) -> str:
    """The address of what `wanted` asks for, with `changes`; always from the first page unless one is named."""
    query = QueryDict(mutable=True)
    values = {
        "q": wanted.words,
        "composer": wanted.composers,
        "origin": wanted.origins,
        "tag": wanted.tags,
        "sort": "" if wanted.sort == SORTS[0] else wanted.sort,
        "page": "",
    } | changes
    for name, value in values.items():
        if isinstance(value, tuple):
            query.setlist(name, [str(one) for one in value])
        elif value:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else "?"


def _values(query: QueryDict, name: str) -> tuple[str, ...]:
    values = (value.strip()[:200] for value in query.getlist(name)[:_MOST])
    return tuple(dict.fromkeys(value for value in values if value and "\0" not in value))

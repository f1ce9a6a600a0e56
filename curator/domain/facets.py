"""Ways to narrow the library, each with how many pieces it leaves: counted among what all other ways leave."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db.models import Count, Q, QuerySet

from curator.domain.wanted import COLUMNS, Span, Wanted, rights_of_piece, wanted_pieces
from curator.models.library import Piece, Tag

MOST_OPTIONS = 12

EDGES: dict[str, tuple[float, ...]] = {
    "tempo": (40, 54, 66, 76, 92, 108, 126, 144, 168),
    "length": (30, 60, 90, 120, 150, 180, 240, 300, 480),
    "density": (0.5, 1, 1.5, 2, 3, 4, 5, 7, 10),
}
"""Borders between the bars of a spread: a metronome's own steps, seconds, notes a second."""


@dataclass(frozen=True)
class Option:
    """One way to narrow the list, and how many pieces it leaves."""

    value: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Facet:
    """The values of one mark of the pieces; `name` is that of the address."""

    name: str
    options: list[Option]

    @property
    def chosen(self) -> bool:
        """Whether one of them is asked for."""
        return any(option.chosen for option in self.options)


@dataclass(frozen=True)
class Bin:
    """One bar of a spread: from `low` to below `high`, None at the ends."""

    low: float | None
    high: float | None
    count: int
    inside: bool


@dataclass(frozen=True)
class Spread:
    """How a number is spread over the pieces, and what part of it is asked for."""

    name: str
    bins: list[Bin]
    span: Span

    @property
    def most(self) -> int:
        """The count of the highest bar."""
        return max(bar.count for bar in self.bins)


@dataclass(frozen=True)
class Facets:
    """All ways to narrow the library."""

    lists: list[Facet]
    spreads: list[Spread]

    def options(self, name: str) -> list[Option]:
        """The options of one list; [] where it is not offered."""
        return next((facet.options for facet in self.lists if facet.name == name), [])


def read_facets(wanted: Wanted, tags: list[Tag]) -> Facets:
    """The facets for a reader who looks for `wanted`, in ten queries; `tags` are all there are."""

    def others(name: str) -> QuerySet[Piece]:
        return wanted_pieces(wanted, without=name, tags=tags)

    return Facets(
        [
            _facet("composer", others("composers").exclude(composer=""), "composer", wanted.composers),
            _facet("origin", others("origins"), "origin", wanted.origins),
            _tags(others("tags"), tags, wanted.tags),
            _facet("key", others("keys").exclude(key=""), "key", wanted.keys),
            _facet("metre", others("metres").exclude(metre=""), "metre", wanted.metres),
            _facet("source", others("sources").exclude(source=None), "source__name", wanted.sources),
            _facet("rights", others("rights").annotate(rights=rights_of_piece()), "rights", wanted.rights),
        ],
        [_spread(name, others(name), getattr(wanted, name)) for name in COLUMNS],
    )


def _facet(name: str, pieces: QuerySet[Piece], column: str, chosen: tuple[str, ...]) -> Facet:
    counted = pieces.order_by().values_list(column).annotate(n=Count("pk"))
    return Facet(name, _options([(str(value), count) for value, count in counted], chosen))


def _tags(pieces: QuerySet[Piece], tags: list[Tag], chosen: tuple[str, ...]) -> Facet:
    """Tags by name: two of different kinds that are called the same are one here, as in the address."""
    through = Piece.tags.through.objects.filter(piece__in=pieces)
    counted = dict(through.order_by().values_list("tag_id").annotate(n=Count("pk")))
    by_name: dict[str, int] = {}
    for tag in tags:
        if tag.pk in counted:
            by_name[tag.name] = by_name.get(tag.name, 0) + counted[tag.pk]
    return Facet("tag", _options(list(by_name.items()), chosen))


def _options(counted: list[tuple[str, int]], chosen: tuple[str, ...]) -> list[Option]:
    """The most frequent values, and the chosen ones whatever their number."""
    counted.sort(key=lambda entry: (-entry[1], entry[0]))
    options = [Option(value, count, value in chosen) for value, count in counted]
    shown = [option for place, option in enumerate(options) if place < MOST_OPTIONS or option.chosen]
    there = {option.value for option in options}
    return shown + [Option(value, 0, True) for value in chosen if value not in there]


def _spread(name: str, pieces: QuerySet[Piece], span: Span) -> Spread:
    edges = (None, *EDGES[name], None)
    borders = list(pairwise(edges))
    column = COLUMNS[name]
    counts: dict[str, Any] = pieces.order_by().aggregate(
        **{f"bin{place}": Count("pk", filter=_between(column, *border)) for place, border in enumerate(borders)}
    )
    bins = [
        Bin(low, high, counts[f"bin{place}"], _inside(low, high, span)) for place, (low, high) in enumerate(borders)
    ]
    return Spread(name, bins, span)


def _between(column: str, low: float | None, high: float | None) -> Q:
    within = Q(**{f"{column}__isnull": False})
    if low is not None:
        within &= Q(**{f"{column}__gte": low})
    if high is not None:
        within &= Q(**{f"{column}__lt": high})
    return within


def _inside(low: float | None, high: float | None, span: Span) -> bool:
    """Whether the bar and the span meet."""
    above = span.low is None or high is None or high > span.low
    below = span.high is None or low is None or low <= span.high
    return above and below

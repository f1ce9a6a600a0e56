"""Ways to narrow the library, each with how many pieces it leaves: counted among what all other ways leave."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db.models import Count

from curator.domain.wanted import COLUMNS, Span, Wanted, shelf, wanted_pieces
from curator.models.library import Piece, Rights, Source, Tag

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


def read_facets(wanted: Wanted, tags: list[Tag]) -> tuple[Facets, int]:
    """The facets for a reader who looks for `wanted`, and how many pieces that is; `tags` are all there are."""
    tally = _Tally(wanted, tags)
    named: Counter[str] = Counter()
    allowed: Counter[str] = Counter()
    sources = {source.pk: source for source in Source.objects.all()}
    for key, count in tally.of("sources", "source"):
        if key is not None:
            named[sources[key].name] += count
    for key, count in tally.of("rights", "source"):
        allowed[sources[key].rights if key is not None else Rights.UNKNOWN.value] += count
    facets = Facets(
        [
            Facet("composer", _options(tally.of("composers", "composer"), wanted.composers)),
            Facet("origin", _options(tally.of("origins", "origin"), wanted.origins)),
            Facet("tag", _options(_tags(wanted, tags), wanted.tags)),
            Facet("key", _options(tally.of("keys", "key"), wanted.keys)),
            Facet("metre", _options(tally.of("metres", "metre"), wanted.metres)),
            Facet("source", _options(list(named.items()), wanted.sources)),
            Facet("rights", _options(list(allowed.items()), wanted.rights)),
        ],
        [_spread(name, tally.of(name, column), getattr(wanted, name)) for name, column in COLUMNS.items()],
    )
    return facets, tally.found


class _Tally:
    """Counts the values of columns among the pieces that are asked for.

    The whole library is counted by the database, column by column along its indexes. Narrowed, whatever nothing is
    asked of is counted among the same pieces: they are read once, eight short values each, and counted here; for the
    database would look for them once a column. Something that is asked of a column leaves other pieces without it.
    """

    def __init__(self, wanted: Wanted, tags: list[Tag]) -> None:
        self._wanted, self._all_tags = wanted, tags
        self._columns: dict[str, Sequence[Any]] = {}
        if not wanted.narrowed:
            self.found = shelf().count()
            return
        marks = list(wanted_pieces(wanted, tags=tags).order_by().values_list(*_MARKS))
        self.found = len(marks)
        self._columns = dict(zip(_MARKS, zip(*marks, strict=True) if marks else [()] * len(_MARKS), strict=True))

    def of(self, name: str, column: str) -> list[tuple[Any, int]]:
        """Each value of `column` with its count, whatever is asked in the field `name` of Wanted."""
        if self._columns and not getattr(self._wanted, name):
            return list(Counter(self._columns[column]).items())
        pieces = wanted_pieces(self._wanted, without=name, tags=self._all_tags)
        return list(pieces.order_by().values_list(column).annotate(n=Count("pk")))


_MARKS = ("composer", "origin", "key", "metre", "source", *COLUMNS.values())


def _tags(wanted: Wanted, tags: list[Tag]) -> list[tuple[str, int]]:
    """Pieces of each tag by its name: two of different kinds that are called the same are one, as in the address."""
    links = Piece.tags.through.objects.order_by()
    if wanted.narrowed:
        links = links.filter(piece__in=wanted_pieces(wanted, tags=tags).order_by().values("pk"))
    else:  # every link but the few of archived pieces: to look at those is cheaper than to look at all the others
        links = links.exclude(piece__in=Piece.objects.filter(archived_at__isnull=False).values("pk"))
    counts = dict(links.values_list("tag").annotate(n=Count("pk")))
    by_name: Counter[str] = Counter()
    for tag in tags:
        if tag.pk in counts:
            by_name[tag.name] += counts[tag.pk]
    return list(by_name.items())


def _options(counted: list[tuple[str, int]], chosen: tuple[str, ...]) -> list[Option]:
    """The most frequent values, and the chosen ones whatever their number."""
    named = sorted(((value, count) for value, count in counted if value), key=lambda entry: (-entry[1], entry[0]))
    options = [Option(value, count, value in chosen) for value, count in named]
    shown = [option for place, option in enumerate(options) if place < MOST_OPTIONS or option.chosen]
    there = {option.value for option in options}
    return shown + [Option(value, 0, True) for value in chosen if value not in there]


def _spread(name: str, counted: list[tuple[float | None, int]], span: Span) -> Spread:
    counts = [0] * (len(EDGES[name]) + 1)
    for value, count in counted:
        if value is not None:
            counts[bisect_right(EDGES[name], value)] += count
    borders = pairwise((None, *EDGES[name], None))
    bins = [Bin(low, high, count, _inside(low, high, span)) for (low, high), count in zip(borders, counts, strict=True)]
    return Spread(name, bins, span)


def _inside(low: float | None, high: float | None, span: Span) -> bool:
    """Whether the bar and the span meet."""
    above = span.low is None or high is None or high > span.low
    below = span.high is None or low is None or low <= span.high
    return above and below

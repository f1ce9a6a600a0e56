"""What a reader of the library looks for, and the pieces that have it."""

from dataclasses import dataclass, fields

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan

from curator.domain.shelving import fold
from curator.models.library import Piece, Rights, Tag

SORTS = ("new", "title", "composer", "length", "tempo", "density")
VIEWS = ("grid", "list")
MOST_WORDS = 8


@dataclass(frozen=True)
class Span:
    """From `low` to `high`, both included; None is no bound."""

    low: float | None = None
    high: float | None = None

    def __bool__(self) -> bool:
        return self.low is not None or self.high is not None


@dataclass(frozen=True)
class Wanted:
    """What the reader looks for; an empty field asks for nothing.

    Of several composers (keys, metres, sources, rights, origins) a piece has one; of several tags it has all.
    `sources` are names, `tempo` quarters a minute, `length` seconds, `density` struck notes a second.
    """

    words: str = ""
    composers: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    metres: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()
    tempo: Span = Span()
    length: Span = Span()
    density: Span = Span()
    sort: str = "new"
    view: str = "grid"
    page: int = 1

    @property
    def narrowed(self) -> bool:
        """Whether anything is asked for."""
        return any(bool(getattr(self, field.name)) for field in fields(self) if field.name not in _HOW)


_HOW = ("sort", "view", "page")
COLUMNS = {"tempo": "tempo", "length": "seconds", "density": "per_second"}
"""The column of Piece behind each span."""


def shelf() -> QuerySet[Piece]:
    """Every piece that the library shows."""
    return Piece.objects.filter(archived_at__isnull=True)


def wanted_pieces(wanted: Wanted, *, without: str = "", tags: list[Tag] | None = None) -> QuerySet[Piece]:
    """The pieces that `wanted` asks for. `without` names one field that is not looked at; `tags` are all tags."""
    pieces = shelf()
    known = list(Tag.objects.all()) if tags is None and wanted.words else tags or []
    for word in fold(wanted.words).split()[:MOST_WORDS]:
        named = [tag.pk for tag in known if word in fold(tag.name)]
        # Not "contains": LIKE folds letters that are folded already, and takes five times as long.
        found = Q(GreaterThan(StrIndex("words", Value(word)), 0))
        if named:
            found |= Q(pk__in=Piece.tags.through.objects.filter(tag_id__in=named).values("piece_id"))
        pieces = pieces.filter(found)
    for name, column in (("composers", "composer"), ("origins", "origin"), ("keys", "key"), ("metres", "metre")):
        values = getattr(wanted, name)
        if values and name != without:
            pieces = pieces.filter(**{f"{column}__in": values})
    if wanted.sources and without != "sources":
        pieces = pieces.filter(source__name__in=wanted.sources)
    if wanted.rights and without != "rights":
        allowed = Q(source__rights__in=wanted.rights)
        if Rights.UNKNOWN in wanted.rights:
            allowed |= Q(source=None)
        pieces = pieces.filter(allowed)
    for tag in wanted.tags:
        pieces = pieces.filter(pk__in=Piece.tags.through.objects.filter(tag__name=tag).values("piece_id"))
    for name, column in COLUMNS.items():
        span: Span = getattr(wanted, name)
        if name == without:
            continue
        if span.low is not None:
            pieces = pieces.filter(**{f"{column}__gte": span.low})
        if span.high is not None:
            pieces = pieces.filter(**{f"{column}__lte": span.high})
    return pieces


def ordered(pieces: QuerySet[Piece], sort: str) -> QuerySet[Piece]:
    """The pieces in one of SORTS; those that lack the number come last."""
    if sort == "title":
        return pieces.order_by("title", "pk")
    if sort == "composer":
        return pieces.order_by("composer", "title", "pk")
    if sort in COLUMNS:
        return pieces.order_by(F(COLUMNS[sort]).asc(nulls_last=True), "title", "pk")
    return pieces.order_by("-created_at", "-pk")

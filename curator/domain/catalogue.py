"""What the library page shows: pieces with their latest version, found by words, narrowed by what they are."""

from dataclasses import dataclass
from math import ceil
from typing import Any

from django.db.models import F, OuterRef, Subquery, Sum

from curator.domain.facets import Facets, read_facets
from curator.domain.sheets import Sheet, read_sheets
from curator.domain.shelving import fold
from curator.domain.wanted import Wanted, ordered, shelf, wanted_pieces
from curator.models.library import Origin, Piece, PieceVersion, Tag
from curator.models.ranking import Take

PER_PAGE = {"grid": 12, "list": 30}


@dataclass(frozen=True)
class Shown:
    """One card: a piece, its newest version and what was drawn of that; a generated one names its take."""

    piece: Piece
    version: PieceVersion | None
    sheet: Sheet | None
    take: Take | None

    @property
    def drawn(self) -> bool:
        """Whether there is anything to look at."""
        return self.sheet is not None and self.sheet.drawn

    @property
    def seconds(self) -> float | None:
        """Length of the sound, None until it is there."""
        return self.sheet.sound.seconds if self.sheet and self.sheet.heard and self.sheet.sound else None

    @property
    def pending(self) -> bool:
        """Whether anything of it is being made."""
        return self.sheet is not None and self.sheet.pending

    @property
    def trouble(self) -> str:
        """Why it cannot be drawn; "" while nothing has failed."""
        return self.sheet.trouble if self.sheet else ""

    @property
    def facts(self) -> dict[str, Any]:
        """Facts of the version's text: key, metre, tempo, bars ..."""
        return self.version.facts if self.version else {}


@dataclass(frozen=True)
class Catalogue:
    """One page of the library. `seconds` is how long all its pieces are, `tags` the names of all tags."""

    shown: list[Shown]
    found: int
    first: int
    last: int
    pages: int
    page: int
    pieces: int
    seconds: float
    facets: Facets
    tags: list[str]

    @property
    def pending(self) -> bool:
        """Whether a card of this page still waits for its engraving or sound."""
        return any(card.pending for card in self.shown)


def read_catalogue(*, wanted: Wanted) -> Catalogue:
    """The page that `wanted` names, in a constant number of queries; a page too far gives the last one."""
    tags = list(Tag.objects.all())
    facets, count = read_facets(wanted, tags)
    found = ordered(wanted_pieces(wanted, tags=tags), wanted.sort).prefetch_related("tags")
    size = PER_PAGE[wanted.view]
    pages = max(1, ceil(count / size))
    page = min(max(wanted.page, 1), pages)
    first = (page - 1) * size
    everything = shelf()
    # Each of the two by an index alone; together they would read every row.
    pieces = everything.count() if wanted.narrowed else count
    seconds = everything.filter(seconds__gt=0).aggregate(sum=Sum("seconds"))["sum"]
    return Catalogue(
        shown=_cards(list(found[first : first + size])),
        found=count,
        first=min(first + 1, count),
        last=min(first + size, count),
        pages=pages,
        page=page,
        pieces=pieces,
        seconds=float(seconds or 0),
        facets=facets,
        tags=sorted({tag.name for tag in tags}, key=fold),
    )


def _cards(pieces: list[Piece]) -> list[Shown]:
    latest = PieceVersion.objects.filter(piece=OuterRef("piece")).order_by("-number").values("pk")[:1]
    versions = {
        version.piece_id: version
        for version in PieceVersion.objects.filter(piece__in=pieces)
        .annotate(latest=Subquery(latest))
        .filter(pk=F("latest"))
        .defer("abc", "musicxml")
    }
    sheets = read_sheets(versions=versions.values())
    takes = {
        take.version_id: take
        for take in Take.objects.filter(version__in=versions.values()).select_related("cue").order_by("-pk")
    }
    return [_card(piece, versions.get(piece.pk), sheets, takes) for piece in pieces]


def _card(piece: Piece, version: PieceVersion | None, sheets: dict[int, Sheet], takes: dict[int, Take]) -> Shown:
    if version is None:
        return Shown(piece, None, None, None)
    take = takes.get(version.pk) if piece.origin == Origin.GENERATED else None
    return Shown(piece, version, sheets[version.pk], take)

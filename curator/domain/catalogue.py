"""What the library page shows: pieces with their latest version, found by words, narrowed by what they are."""

from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery

from curator.domain.rendering import SOUND
from curator.domain.sheets import Sheet, read_sheets
from curator.models.library import Origin, Piece, PieceVersion, Rendering, RenderingState
from curator.models.ranking import Take

PER_PAGE = 12
SORTS = ("new", "title", "composer")


@dataclass(frozen=True)
class Wanted:
    """What the reader looks for; an empty field asks for nothing."""

    words: str = ""
    composers: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sort: str = "new"
    page: int = 1

    @property
    def narrowed(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.words or self.composers or self.origins or self.tags)


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
class Option:
    """One way to narrow the list, and how many pieces it leaves."""

    value: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Catalogue:
    """One page of the library."""

    shown: list[Shown]
    found: int
    first: int
    last: int
    pages: int
    page: int
    pieces: int
    seconds: float
    composers: list[Option] = field(default_factory=list)
    origins: list[Option] = field(default_factory=list)
    tags: list[Option] = field(default_factory=list)

    @property
    def pending(self) -> bool:
        """Whether a card of this page still waits for its engraving or sound."""
        return any(card.pending for card in self.shown)


def read_catalogue(*, wanted: Wanted) -> Catalogue:
    """The page that `wanted` names, in a constant number of queries; a page too far gives the last one."""
    everything = Piece.objects.filter(archived_at__isnull=True)
    found = _ordered(_narrowed(everything, wanted), wanted.sort)
    paginator = Paginator(found, PER_PAGE)
    page = paginator.get_page(wanted.page)
    pieces = list(page.object_list)
    return Catalogue(
        shown=_cards(pieces),
        found=paginator.count,
        first=page.start_index(),
        last=page.end_index(),
        pages=paginator.num_pages,
        page=page.number,
        pieces=everything.count(),
        seconds=_seconds(everything),
        composers=_options(everything.exclude(composer=""), "composer", wanted.composers),
        origins=_options(everything, "origin", wanted.origins),
        tags=_options(everything.filter(tags__isnull=False), "tags__name", wanted.tags),
    )


def _narrowed(pieces: QuerySet[Piece], wanted: Wanted) -> QuerySet[Piece]:
    for word in wanted.words.split()[:8]:
        tagged = Piece.objects.filter(tags__name__icontains=word)
        pieces = pieces.filter(
            Q(title__icontains=word)
            | Q(composer__icontains=word)
            | Q(period__icontains=word)
            | Q(instrumentation__icontains=word)
            | Q(pk__in=tagged.values("pk"))
        )
    if wanted.composers:
        pieces = pieces.filter(composer__in=wanted.composers)
    if wanted.origins:
        pieces = pieces.filter(origin__in=wanted.origins)
    for tag in wanted.tags:
        pieces = pieces.filter(pk__in=Piece.objects.filter(tags__name=tag).values("pk"))
    return pieces


def _ordered(pieces: QuerySet[Piece], sort: str) -> QuerySet[Piece]:
    if sort == "title":
        return pieces.order_by("title", "pk")
    if sort == "composer":
        return pieces.order_by("composer", "title", "pk")
    return pieces.order_by("-created_at", "-pk")


def _options(pieces: QuerySet[Piece], name: str, chosen: tuple[str, ...]) -> list[Option]:
    """The twelve most frequent values, and the chosen ones whatever their number."""
    counted = pieces.values_list(name).annotate(n=Count("pk", distinct=True)).order_by("-n", name)
    options = [Option(value, count, value in chosen) for value, count in counted]
    shown = [option for place, option in enumerate(options) if place < 12 or option.chosen]
    gone = [Option(value, 0, True) for value in chosen if value not in {option.value for option in options}]
    return shown + gone


def _seconds(pieces: QuerySet[Piece]) -> float:
    """How long all pieces sound, counting the longest sound of each."""
    ready = Rendering.objects.filter(
        version__piece__in=pieces, target=SOUND, state=RenderingState.READY, seconds__isnull=False
    )
    longest = ready.values("version__piece").annotate(longest=Max("seconds"))
    return float(sum(row["longest"] for row in longest))


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

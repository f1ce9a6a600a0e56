"""Pieces that are the same music: found, decided on by the owner, and seen by training only once."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.shelving import shelve_pieces
from curator.domain.sketches import newest_only, resemblances_among, sketch_missing
from curator.models.accounts import User
from curator.models.library import Origin, Piece, Tag
from curator.models.twins import Resemblance, TwinAnswer, TwinDecision

PER_PAGE = 10
_GIVEN = ("composer", "period", "instrumentation")


def distinct_pieces(pieces: QuerySet[Piece], *, complete: bool = True) -> tuple[list[Piece], dict[int, Piece]]:
    """Each music once: the pieces kept, oldest first, and for each other one's id the kept piece whose notes it has.

    Left out are pieces with the same notes as an older one, in any key or layout, or nearly the same; that they were
    merged or may both stay in the library changes nothing. Only what the owner called two pieces is kept twice.
    `complete=False` looks only at what was compared before, for a page that must not wait for the rest.
    """
    if complete:
        sketch_missing(pieces=pieces)
    rows = list(pieces.order_by("created_at", "pk"))
    twins = _same_music(pieces)
    place = {piece.pk: number for number, piece in enumerate(rows)}
    kept: dict[int, Piece] = {}
    left_out: dict[int, Piece] = {}
    for piece in rows:
        older = min((key for key in twins.get(piece.pk, ()) if key in kept), key=place.__getitem__, default=None)
        if older is None:
            kept[piece.pk] = piece
        else:
            left_out[piece.pk] = kept[older]
    return list(kept.values()), left_out


def _same_music(pieces: QuerySet[Piece]) -> dict[int, set[int]]:
    """Piece id -> ids of the pieces that are, or seem to be, the same music."""
    pairs: dict[tuple[int, int], bool] = {}
    for first, second in resemblances_among(pieces).values_list("first", "second"):
        pairs[first, second] = True
    keys = pieces.order_by().values("pk")
    told = TwinDecision.objects.filter(first__in=keys, second__in=keys).order_by("pk")
    for first, second, answer in told.values_list("first", "second", "answer"):
        if answer == TwinAnswer.DIFFERENT:
            pairs[first, second] = False
        elif answer != TwinAnswer.UNDECIDED:
            pairs[first, second] = True
    same: dict[int, set[int]] = defaultdict(set)
    for (first, second), alike in pairs.items():
        if alike:
            same[first].add(second)
            same[second].add(first)
    return same


# --- the owner's word --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Suspects:
    """Two pieces that may be the same music, the older first, and how they are alike.

    `semitones`: how much higher the second lies where it is the first one transposed; None where nobody knows.
    """

    found: Resemblance

    @property
    def semitones(self) -> int | None:
        """From the lowest notes of both."""
        ends = [version.facts.get("ambitus") for version in (self.found.first_version, self.found.second_version)]
        if self.found.kind != Resemblance.MOVED or not all(ends):
            return None
        return int(ends[1][0]) - int(ends[0][0])


def undecided() -> QuerySet[Resemblance]:
    """Pairs of pieces in the library that await the owner's word, the most alike first.

    What a model wrote twice is no question for the owner; what it shares with a piece by people is.
    """
    last = TwinDecision.objects.filter(first=OuterRef("first"), second=OuterRef("second")).order_by("-pk")
    rows = Resemblance.objects.filter(first__archived_at__isnull=True, second__archived_at__isnull=True)
    rows = rows.exclude(first__origin=Origin.GENERATED, second__origin=Origin.GENERATED)
    rows = rows.annotate(said=Subquery(last.values("answer")[:1]))
    rows = rows.filter(Q(said__isnull=True) | Q(said=TwinAnswer.UNDECIDED))
    return newest_only(rows).order_by("-likeness", "first", "second")


def suspects_page(*, page: int) -> tuple[list[Suspects], Page[Resemblance]]:
    """One page of pairs to decide on, with their pieces, sources and newest versions; a constant number of queries."""
    rows = undecided().select_related("first__source", "second__source", "first_version", "second_version")
    rows = rows.defer(*(f"{side}_version__{text}" for side in ("first", "second") for text in ("abc", "musicxml")))
    found = Paginator(rows, PER_PAGE).get_page(page)
    return [Suspects(row) for row in found.object_list], found


def decisions_in_force(*, most: int = 20) -> list[TwinDecision]:
    """What the owner said last, newest first, each of which may be taken back."""
    later = TwinDecision.objects.filter(first=OuterRef("first"), second=OuterRef("second"), pk__gt=OuterRef("pk"))
    rows = TwinDecision.objects.exclude(answer=TwinAnswer.UNDECIDED).annotate(later=Subquery(later.values("pk")[:1]))
    return list(rows.filter(later__isnull=True).select_related("first", "second", "kept", "by").order_by("-pk")[:most])


def decide_twins(
    *, one: Piece, other: Piece, answer: TwinAnswer, by: User | None, kept: Piece | None = None
) -> TwinDecision:
    """Write down what two pieces are to each other; with MERGED put one away into the `kept` one.

    The kept piece takes over the tags, and the source and the words of the header that it has not itself. The other
    keeps its versions, so that takes and judgements stay what they were; it is archived and points to the kept one.
    Raises DomainError for a piece that is archived, for the same piece twice, and where the very same notes are
    called two pieces.
    """
    with transaction.atomic():
        first, second = _in_order(one, other)
        if first.archived_at or second.archived_at:
            raise DomainError(_("One of the two pieces is not in the library any more."))
        found = _resemblance(first, second)
        if answer == TwinAnswer.DIFFERENT and found is not None and found.kind == Resemblance.SAME:
            raise DomainError(_("They have the very same notes; they may both stay, but they are one music."))
        if answer == TwinAnswer.UNDECIDED:
            raise DomainError(_("Say what the two pieces are."))
        carried: dict[str, Any] = {}
        if answer == TwinAnswer.MERGED:
            if kept is None or kept.pk not in (first.pk, second.pk):
                raise DomainError(_("Say which of the two pieces stays."))
            kept, gone = (first, second) if kept.pk == first.pk else (second, first)
            carried = _merge(kept, gone)
        return TwinDecision.objects.create(
            first=first,
            second=second,
            answer=answer,
            kept=kept if answer == TwinAnswer.MERGED else None,
            carried=carried,
            found={"how": found.kind, "likeness": found.likeness} if found else {},
            by=by,
        )


def take_back_decision(*, decision: TwinDecision, by: User | None) -> TwinDecision:
    """Take an answer back; a merged piece comes back as it was. Raises DomainError when it does not hold any more."""
    with transaction.atomic():
        _in_order(decision.first, decision.second)  # locked: no two answers at once
        pair = TwinDecision.objects.filter(first=decision.first_id, second=decision.second_id)
        last = pair.order_by("-pk").first()
        if last is None or last.pk != decision.pk or last.answer == TwinAnswer.UNDECIDED:
            raise DomainError(_("This decision does not hold any more."))
        if last.kept_id is not None:
            _part(last)
        return TwinDecision.objects.create(
            first=last.first, second=last.second, answer=TwinAnswer.UNDECIDED, found=last.found, by=by
        )


def _in_order(one: Piece, other: Piece) -> tuple[Piece, Piece]:
    """Both rows as they stand now, locked, the older first."""
    rows = list(Piece.objects.select_for_update().filter(pk__in=(one.pk, other.pk)).order_by("pk"))
    if len(rows) != 2:
        raise DomainError(_("A piece is no twin of itself."))
    return rows[0], rows[1]


def _resemblance(first: Piece, second: Piece) -> Resemblance | None:
    return newest_only(Resemblance.objects.filter(first=first, second=second)).order_by("-likeness").first()


def _merge(kept: Piece, gone: Piece) -> dict[str, Any]:
    """Put `gone` away into `kept`; what the kept one took over, to give it back."""
    mine = set(kept.tags.values_list("pk", flat=True))
    tags = [tag for tag in gone.tags.values_list("pk", flat=True) if tag not in mine]
    kept.tags.add(*tags)
    carried: dict[str, Any] = {"tags": tags}
    fields = {name: getattr(gone, name) for name in _GIVEN if getattr(gone, name) and not getattr(kept, name)}
    if kept.source_id is None and gone.source_id is not None:
        fields["source_id"] = gone.source_id
    for name, value in fields.items():
        setattr(kept, name, value)
    kept.save(update_fields=[name.removesuffix("_id") for name in fields])
    carried["fields"] = fields
    carried["merged"] = list(gone.merged.values_list("pk", flat=True))
    gone.merged.update(merged_into=kept)
    gone.archived_at, gone.merged_into = timezone.now(), kept
    gone.save(update_fields=["archived_at", "merged_into"])
    shelve_pieces(pieces=[kept])
    return carried


def _part(decision: TwinDecision) -> None:
    """Bring a merged piece back, and give back what the other took over, where it is still as it was given."""
    first, second = _in_order(decision.first, decision.second)
    kept, gone = (first, second) if decision.kept_id == first.pk else (second, first)
    if kept.archived_at is not None:
        raise DomainError(_("%(title)s is not in the library any more; bring it back first.") % {"title": kept.title})
    carried = decision.carried
    kept.tags.remove(*Tag.objects.filter(pk__in=carried.get("tags", ())))
    fields = {name: value for name, value in carried.get("fields", {}).items() if getattr(kept, name) == value}
    for name in fields:
        setattr(kept, name, None if name == "source_id" else "")
    kept.save(update_fields=[name.removesuffix("_id") for name in fields])
    Piece.objects.filter(pk__in=carried.get("merged", ()), merged_into=kept).update(merged_into=gone)
    gone.archived_at = gone.merged_into = None
    gone.save(update_fields=["archived_at", "merged_into"])
    shelve_pieces(pieces=[kept, gone])


def twins_of(piece: Piece) -> Iterator[tuple[Resemblance, Piece]]:
    """What other pieces of the library a piece is like, the closest first, decided on or not."""
    rows = Resemblance.objects.filter(Q(first=piece) | Q(second=piece))
    rows = rows.filter(first__archived_at__isnull=True, second__archived_at__isnull=True)
    for row in newest_only(rows).select_related("first", "second").order_by("-likeness", "pk"):
        yield row, row.second if row.first_id == piece.pk else row.first

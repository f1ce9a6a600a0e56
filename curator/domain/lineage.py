"""Where the music of an approved cue comes from, down to the judgements, and whether it is nearly somebody else's."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Q

from curator.delivery.manifest import Ancestor, Copy, Judgement, Lineage, Making, Source
from curator.delivery.manifest import Approval as ApprovalTold
from curator.domain.sketches import sketch_missing
from curator.models.library import Origin, Piece
from curator.models.library import Source as SourceRow
from curator.models.ranking import Approval, Take
from curator.models.ranking import Judgement as JudgementRow
from curator.models.twins import Resemblance, Sketch
from curator.notation.likeness import SCHEME


def read_lineages(approvals: Sequence[Approval]) -> dict[int, Lineage]:
    """The lineage of each approval by its key; two queries. They come with take, version, piece and source.

    Of the judgements those count that hold and were there when the take was approved.
    """
    cues = {approval.cue_id for approval in approvals}
    counts = dict(Take.objects.filter(cue__in=cues).order_by().values_list("cue").annotate(Count("pk")))
    rows = JudgementRow.objects.standing().filter(cue__in=cues).select_related("rater", "left", "right")
    judgements: dict[int, list[JudgementRow]] = {}
    for row in rows.order_by("pk"):
        judgements.setdefault(row.cue_id, []).append(row)
    return {each.pk: _lineage(each, counts[each.cue_id], judgements.get(each.cue_id, [])) for each in approvals}


def compare_missing(approvals: Sequence[Approval]) -> None:
    """Compare the music of these approvals with the library, where that was not done."""
    pieces = {approval.take.version.piece_id for approval in approvals}
    sketch_missing(pieces=Piece.objects.filter(pk__in=pieces, origin=Origin.GENERATED))


def read_copies(approvals: Sequence[Approval]) -> dict[int, Copy]:
    """By the key of each approval whether its music is nearly that of a piece by people; three queries."""
    versions = {approval.take.version_id for approval in approvals}
    known = set(Sketch.objects.filter(version__in=versions, scheme=SCHEME).values_list("version", flat=True))
    people = Sketch.objects.filter(scheme=SCHEME, version__piece__archived_at__isnull=True)
    compared = people.exclude(version__piece__origin=Origin.GENERATED).count()
    rows = Resemblance.objects.filter(Q(first_version__in=versions) | Q(second_version__in=versions))
    nearest: dict[int, tuple[Resemblance, Piece]] = {}
    for row in rows.select_related("first", "second").order_by("likeness", "-pk"):
        for version, other in ((row.first_version_id, row.second), (row.second_version_id, row.first)):
            if version in versions and other.origin != Origin.GENERATED:
                nearest[version] = (row, other)
    return {each.pk: _copy(each, known, compared, nearest.get(each.take.version_id)) for each in approvals}


def _copy(approval: Approval, known: set[int], compared: int, found: tuple[Resemblance, Piece] | None) -> Copy:
    version = approval.take.version
    if version.piece.origin != Origin.GENERATED or version.pk not in known:
        return Copy(verdict="not compared", scheme=SCHEME, compared=0, nearest="", composer="", kind="", likeness=0)
    if found is None:
        return Copy(verdict="clear", scheme=SCHEME, compared=compared, nearest="", composer="", kind="", likeness=0)
    row, other = found
    return Copy(
        verdict="like",
        scheme=SCHEME,
        compared=compared,
        nearest=other.title,
        composer=other.composer,
        kind=row.kind,
        likeness=row.likeness,
    )


def _lineage(approval: Approval, takes: int, judgements: Sequence[JudgementRow]) -> Lineage:
    take, version = approval.take, approval.take.version
    piece = version.piece
    return Lineage(
        piece=piece.public_id,
        version=version.public_id,
        origin=piece.origin,
        text_sha256=version.sha256,
        source=_source(piece.source),
        making=_making(piece.making) if piece.making.get("checkpoint") else None,
        take=take.number,
        take_id=take.public_id,
        takes=takes,
        approval=ApprovalTold(
            id=approval.public_id, at=_moment(approval.created_at), by=approval.by.public_id, why=approval.why
        ),
        judgements=tuple(
            Judgement(
                id=row.public_id,
                at=_moment(row.created_at),
                listener=row.rater.public_id,
                left=row.left.number,
                right=row.right.number,
                answer=row.answer,
            )
            for row in judgements
            if row.created_at <= approval.created_at
        ),
    )


def _source(row: SourceRow | None) -> Source | None:
    if row is None:
        return None
    return Source(name=row.name, url=row.url, licence=row.licence, rights=row.rights, attribution=row.attribution)


def _making(told: dict[str, Any]) -> Making:
    return Making(
        checkpoint=str(told.get("checkpoint_name", "")),
        checkpoint_sha256=str(told["checkpoint"]),
        ancestors=tuple(Ancestor(**each) for each in told.get("ancestors", ())),
        seed=told.get("seed"),
        prompt=tuple(str(line).lstrip("%") for line in told.get("prompt", ())),
        sampling={k: v for k, v in (told.get("sampling") or {}).items() if isinstance(v, int | float | str)},
        engine=str(told.get("engine", "")),
        candidate=str(told.get("candidate", "")),
        request=str(told.get("request", "")),
        forced=tuple((int(start), int(end)) for start, end in told.get("forced", ())),
    )


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds")

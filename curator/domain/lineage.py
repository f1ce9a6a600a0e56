"""Where the music of an approved cue comes from, down to the judgements, and whether it is nearly somebody else's."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from django.db.models import Count

from curator.delivery.manifest import Ancestor, Copy, Judgement, Lineage, Making, Source
from curator.delivery.manifest import Approval as ApprovalTold
from curator.domain.copies import NearCopy, near_copies
from curator.models.library import Origin
from curator.models.library import Source as SourceRow
from curator.models.measures import TakeMeasure
from curator.models.ranking import Approval, Take
from curator.models.ranking import Judgement as JudgementRow


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


def read_copies(approvals: Sequence[Approval]) -> dict[int, Copy]:
    """By the key of each approval whether its music is a near copy of a piece by people; five queries."""
    takes = [each.take for each in approvals]
    measured = set(TakeMeasure.objects.filter(take__in=takes).values_list("take", flat=True))
    found = near_copies(takes=takes)
    return {each.pk: _copy(each.take, measured, found.get(each.take_id)) for each in approvals}


def _copy(take: Take, measured: set[int], found: NearCopy | None) -> Copy:
    if found is None:
        compared = take.pk in measured and take.version.piece.origin == Origin.GENERATED
        verdict: Literal["clear", "not compared"] = "clear" if compared else "not compared"
        return Copy(verdict=verdict, piece="", composer="", how="", share=0, bars=None, their_bars=None)
    return Copy(
        verdict="near copy",
        piece=found.piece.title,
        composer=found.piece.composer,
        how=found.how,
        share=found.share,
        bars=found.mine,
        their_bars=found.theirs,
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

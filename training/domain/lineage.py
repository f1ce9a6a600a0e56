"""The registry of checkpoints as a tree, what each came from and gave, and taking one out of it."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from curator.domain.errors import DomainError
from curator.models.jobs import OPEN_STATES
from curator.preference.match import Won
from generation.domain.checkpoints import in_use, weights_path
from generation.domain.handing_out import reference_path
from generation.models.checkpoints import Checkpoint, CheckpointKind
from generation.models.requests import Candidate, CandidateState
from training.domain.matching import won_by_round
from training.models.gate import Measurement
from training.models.rounds import Round


@dataclass(frozen=True)
class Node:
    """A checkpoint, what was made of it, how many takes it wrote, its round.

    bars: share of unguarded bars that add up, where it was measured. won: share of pairs of the last match that it won
    against its parent, where there was one.
    """

    checkpoint: Checkpoint
    children: tuple["Node", ...]
    takes: int
    used: bool
    round: Round | None
    bars: float | None = None
    won: Won | None = None


def lineage() -> list[Node]:
    """Every checkpoint below the one it was made from, the oldest first; six queries."""
    written = Count("requests__candidates", filter=Q(requests__candidates__state=CandidateState.WRITTEN))
    rows = list(Checkpoint.objects.annotate(written=written).order_by("pk"))
    used = in_use(rows) if rows else None
    made = {row.public_id: row for row in Round.objects.filter(result__isnull=False).only("public_id", "number")}
    bars, won = _bars(), won_by_round()
    below: dict[int | None, list[Checkpoint]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)

    def node(row: Checkpoint) -> Node:
        children = tuple(node(child) for child in below.get(row.pk, ()))
        taken = getattr(row, "written", 0)
        return Node(row, children, taken, row == used, made.get(row.made_by), bars.get(row.pk), won.get(row.made_by))

    return [node(row) for row in below.get(None, ())]


def _bars() -> dict[int, float]:
    """The newest share of unguarded bars that add up of every checkpoint that was measured."""
    found: dict[int, float] = {}
    for row in Measurement.objects.exclude(figures={}).order_by("pk").only("base_id", "result_id", "figures"):
        for key, side in ((row.base_id, "base"), (row.result_id, "result")):
            found[key] = float(row.figures[side]["adding"]["at"] or 0.0)
    return found


def takes_of(checkpoint: Checkpoint, *, most: int = 50) -> list[Candidate]:
    """The newest candidates that came from a checkpoint, with cue and piece."""
    rows = Candidate.objects.filter(request__checkpoint=checkpoint, state=CandidateState.WRITTEN)
    found = rows.select_related("request__cue__film", "version__piece").defer("raw", "abc")
    return list(found.order_by("-pk")[:most])


def keeps(checkpoint: Checkpoint) -> str:
    """Why a checkpoint cannot be deleted; empty when it can."""
    if checkpoint.kind == CheckpointKind.DEMO:
        return _("It comes with Cuewright.")
    if in_use(list(Checkpoint.objects.all())) == checkpoint:
        return _("It is the one in use. Promote another one first, or roll its round back.")
    if checkpoint.promoted_at:
        return _("It was in use, and what it wrote then rests on it.")
    if count := checkpoint.children.count():
        return ngettext(
            "%(n)d checkpoint was made from it; delete that one first.",
            "%(n)d checkpoints were made from it; delete those first.",
            count,
        ) % {"n": count}  # fmt: skip
    if count := checkpoint.requests.count():
        return ngettext(
            "Takes were asked of it (%(n)d request); they name it as their origin.",
            "Takes were asked of it (%(n)d requests); they name it as their origin.",
            count,
        ) % {"n": count}  # fmt: skip
    rounds = Round.objects.filter(base=checkpoint)
    if rounds.exists():
        return _("A round started from it and names it.")
    if Round.objects.filter(result=checkpoint, job__state__in=OPEN_STATES).exists():
        return _("Its round is still running; stop it first.")
    return ""


def delete_checkpoint(*, checkpoint: Checkpoint) -> None:
    """Take a checkpoint that nothing rests on out of the registry, with its files. Raises DomainError."""
    files = (weights_path(checkpoint), reference_path(checkpoint))
    with transaction.atomic():
        row = Checkpoint.objects.select_for_update().get(pk=checkpoint.pk)
        if reason := keeps(row):
            raise DomainError(_("%(name)s stays: %(reason)s") % {"name": row.name, "reason": reason})
        Round.objects.filter(result=row).update(result=None)
        row.delete()

        def remove() -> None:
            for file in files:
                file.unlink(missing_ok=True)

        transaction.on_commit(remove)

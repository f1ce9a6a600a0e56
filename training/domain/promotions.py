"""Which checkpoint is in use and why: promoted by hand, rolled back by hand, never by itself."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.models.accounts import User
from generation.domain.checkpoints import in_use, use_checkpoint, weights_path
from generation.models.checkpoints import Checkpoint, CheckpointKind
from training.domain.gate import read_gate, summary
from training.models.gate import Promotion
from training.models.rounds import Round, RoundState

DECIDABLE = (RoundState.MEASURED, RoundState.PROMOTED, RoundState.REFUSED)


@dataclass(frozen=True)
class InUse:
    """The checkpoint that takes are written with unless another is named. `promotion`: who said so, None for nobody."""

    checkpoint: Checkpoint
    promotion: Promotion | None

    @property
    def reason(self) -> str:
        """Why it is this one, as a sentence."""
        if self.promotion is not None:
            values = {"number": self.promotion.round.number, "who": self.promotion.by.get_username()}
            if self.promotion.back:
                return _("%(who)s rolled round %(number)d back.") % values
            return _("%(who)s promoted the result of round %(number)d.") % values
        if self.checkpoint.kind == CheckpointKind.IMPORTED:
            return _("It is the newest one that was imported, and nothing was promoted yet.")
        return _("Nothing else was imported or promoted yet.")


def read_in_use() -> InUse | None:
    """The one truth on which checkpoint is used; None while there is none."""
    known = list(Checkpoint.objects.all())
    if not known:
        return None
    used = in_use(known)
    newest = Promotion.objects.select_related("round", "by").first()
    return InUse(used, newest if newest is not None and newest.checkpoint_id == used.pk else None)


def read_promotions() -> list[Promotion]:
    """Every promotion and rolling back, the newest first."""
    return list(Promotion.objects.select_related("round", "checkpoint", "before", "by"))


def promote(*, row: Round, by: User, why: str = "", despite: bool = False) -> Promotion:
    """Let the result of a round be the checkpoint in use, after its gate was measured and heard.

    despite: although something is worse than allowed. Raises DomainError.
    """
    with transaction.atomic():
        row = Round.objects.select_for_update(of=("self",)).select_related("base", "result").get(pk=row.pk)
        result = row.result
        if result is None or row.state not in DECIDABLE:
            raise DomainError(_("This round has no result to promote."))
        before = in_use(list(Checkpoint.objects.all()))
        if before == result:
            raise DomainError(_("%(name)s is in use already.") % {"name": result.name})
        if not weights_path(result).is_file():
            raise DomainError(_("The weights of %(name)s are not on this machine.") % {"name": result.name})
        gate = read_gate(row=row)
        if not gate.measured:
            raise DomainError(_("Measure the result first; accuracy alone also praises a model that broke."))
        if not gate.heard:
            raise DomainError(_("Hear the blind match first."))
        if gate.worse and not despite:
            raise DomainError(_("Something is worse than allowed. Say that you promote it in spite of this."))
        use_checkpoint(checkpoint=result)
        Round.objects.filter(pk=row.pk).update(state=RoundState.PROMOTED)
        return Promotion.objects.create(
            round=row, checkpoint=result, before=before, by=by, why=why[:300], seen=summary(gate)
        )


def roll_back(*, row: Round, by: User, why: str = "") -> Promotion:
    """Use the parent of a promoted round again. Raises DomainError when its result is not the one in use."""
    with transaction.atomic():
        row = Round.objects.select_for_update(of=("self",)).select_related("base", "result").get(pk=row.pk)
        if row.result is None or in_use(list(Checkpoint.objects.all())) != row.result:
            raise DomainError(_("The result of this round is not in use."))
        if not weights_path(row.base).is_file():
            raise DomainError(_("The weights of %(name)s are not on this machine.") % {"name": row.base.name})
        use_checkpoint(checkpoint=row.base)
        Round.objects.filter(pk=row.pk).update(state=RoundState.REFUSED)
        return Promotion.objects.create(
            round=row, checkpoint=row.base, before=row.result, back=True, by=by, why=why[:300]
        )

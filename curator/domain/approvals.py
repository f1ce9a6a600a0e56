"""The film maker's word that a take is the music of its cue. Approvals are revoked, never erased."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from curator.domain.cues import refresh_cue_state
from curator.domain.errors import DomainError
from curator.models.accounts import User
from curator.models.film import Cue
from curator.models.ranking import Approval, Take, TakeState


@dataclass(frozen=True)
class Version:
    """One approval in the history of a cue, counted from 1. It is never edited but by its own end."""

    number: int
    approval: Approval

    @property
    def holds(self) -> bool:
        """Whether it was not taken back."""
        return self.approval.revoked_at is None


def approve_cue(*, cue: Cue, take: Take, by: User, why: str = "") -> Approval:
    """Make `take` the music of `cue`; an approval of another take is revoked by the same stroke.

    Approving the approved take again changes nothing. Raises DomainError for a take of another cue and for a
    discarded one.
    """
    if take.cue_id != cue.pk:
        raise DomainError(_("This take was made for another cue."))
    if take.state == TakeState.DISCARDED:
        raise DomainError(_("This take was discarded; put it back into the running first."))
    with transaction.atomic():
        Cue.objects.select_for_update().get(pk=cue.pk)
        current = approval_in_force(cue=cue)
        if current is not None:
            if current.take_id == take.pk:
                return current
            _revoke(current, by, _("Replaced by take %(number)d.") % {"number": take.number})
        approval = Approval.objects.create(cue=cue, take=take, by=by, why=why)
        refresh_cue_state(cue=cue)
    return approval


def revoke_approval(*, cue: Cue, by: User, why: str = "") -> Approval:
    """End the approval of a cue. Raises DomainError when nothing is approved."""
    with transaction.atomic():
        Cue.objects.select_for_update().get(pk=cue.pk)
        current = approval_in_force(cue=cue)
        if current is None:
            raise DomainError(_("No take of this cue is approved."))
        _revoke(current, by, why)
        refresh_cue_state(cue=cue)
    return current


def approval_in_force(*, cue: Cue) -> Approval | None:
    """The approval that holds now, with its take."""
    return Approval.objects.filter(cue=cue, revoked_at__isnull=True).select_related("take", "by").first()


def read_approvals(*, cues: Iterable[Cue]) -> dict[int, list[Version]]:
    """Every approval that ever was, by the cue's key, the newest first, in one query."""
    rows = Approval.objects.filter(cue__in=cues).select_related("take", "by", "revoked_by").order_by("pk")
    history: dict[int, list[Version]] = {}
    for row in rows:
        known = history.setdefault(row.cue_id, [])
        known.insert(0, Version(number=len(known) + 1, approval=row))
    return history


def _revoke(approval: Approval, by: User, why: str) -> None:
    approval.revoked_at = timezone.now()
    approval.revoked_by = by
    approval.revoked_why = why
    approval.save(update_fields=["revoked_at", "revoked_by", "revoked_why"])

import pytest

from curator.domain.approvals import approval_in_force, approve_cue, revoke_approval
from curator.domain.errors import DomainError
from curator.models.film import CueState
from curator.models.ranking import Approval, TakeState
from tests.factories import make_cue, make_take

pytestmark = pytest.mark.django_db


def test_approve_cue_lights_it(owner):
    take = make_take()
    approval = approve_cue(cue=take.cue, take=take, by=owner, why="It waits.")
    assert (approval.take, approval.by, approval.why, approval.revoked_at) == (take, owner, "It waits.", None)
    take.cue.refresh_from_db()
    assert take.cue.state == CueState.APPROVED


def test_approve_cue_twice_changes_nothing(owner):
    take = make_take()
    first = approve_cue(cue=take.cue, take=take, by=owner)
    assert approve_cue(cue=take.cue, take=take, by=owner) == first
    assert Approval.objects.count() == 1


def test_approving_another_take_revokes_the_first(owner):
    cue = make_cue()
    first, second = make_take(cue=cue), make_take(cue=cue)
    old = approve_cue(cue=cue, take=first, by=owner)
    new = approve_cue(cue=cue, take=second, by=owner)
    old.refresh_from_db()
    assert old.revoked_at is not None
    assert (old.revoked_by, old.revoked_why) == (owner, "Replaced by take 2.")
    assert approval_in_force(cue=cue) == new


def test_revoke_approval_keeps_the_row(owner):
    take = make_take()
    approval = approve_cue(cue=take.cue, take=take, by=owner)
    assert revoke_approval(cue=take.cue, by=owner, why="Too sweet.") == approval
    approval.refresh_from_db()
    assert (approval.revoked_by, approval.revoked_why) == (owner, "Too sweet.")
    assert approval_in_force(cue=take.cue) is None
    take.cue.refresh_from_db()
    assert take.cue.state == CueState.TO_RANK
    with pytest.raises(DomainError, match="No take of this cue is approved"):
        revoke_approval(cue=take.cue, by=owner)


def test_approve_cue_refuses_the_wrong_take(owner):
    take, other = make_take(), make_take()
    with pytest.raises(DomainError, match="another cue"):
        approve_cue(cue=other.cue, take=take, by=owner)
    take.state = TakeState.DISCARDED
    take.save()
    with pytest.raises(DomainError, match="discarded"):
        approve_cue(cue=take.cue, take=take, by=owner)

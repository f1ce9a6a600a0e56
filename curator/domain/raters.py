"""Listeners from outside: invited by a link, shown the door, made nobody. Their answers stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Count, Max, Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from curator.domain.accounts import create_sign_in_link, ensure_rater
from curator.domain.errors import DomainError
from curator.models.accounts import Role, SignInLink, User
from curator.models.identity import new_public_id
from curator.models.ranking import Answer, Judgement, Pair

INVITATION_LIFETIME = timedelta(days=14)


@dataclass(frozen=True)
class Listener:
    """One listener: how many answers, when the last one, and the invitation that is still open."""

    user: User
    answers: int
    last_answer: datetime | None
    invitation: SignInLink | None


def read_listeners() -> Sequence[Listener]:
    """Everybody who listens, the newest first; two queries."""
    held = Q(judgements__superseded_by__isnull=True) & ~Q(judgements__answer=Answer.RETRACTED)
    users = (
        User.objects.filter(role=Role.RATER)
        .annotate(
            answers=Count("judgements", filter=held, distinct=True),
            last_answer=Max("judgements__created_at"),
        )
        .prefetch_related(Prefetch("sign_in_links", queryset=_open_links().order_by("-pk"), to_attr="open_links"))
        .order_by("-pk")
    )
    return [
        Listener(
            user=user,
            answers=user.answers,
            last_answer=user.last_answer,
            invitation=next(iter(user.open_links), None),
        )
        for user in users
    ]


def invite_rater(*, name: str) -> tuple[User, str]:
    """A listener of that name and the token of a link that lets him in once; older links of his end by this.

    Raises DomainError for no name, for an owner's, and for somebody to whom the door is closed.
    """
    with transaction.atomic():
        user = ensure_rater(name=name)
        if user.is_owner:
            raise DomainError(_("%(name)s is an owner and needs no invitation.") % {"name": user.username})
        if not user.is_active:
            raise DomainError(_("The door is closed to %(name)s; open it first.") % {"name": user.username})
        revoke_invitations(user=user)
        return user, create_sign_in_link(user=user, lifetime=INVITATION_LIFETIME)


def revoke_invitations(*, user: User) -> int:
    """End the links of a listener that were not used yet. Returns how many that were."""
    return _open_links().filter(user=user).update(revoked_at=timezone.now())


def close_door(*, user: User) -> None:
    """Let a listener in no more: his sessions and links end at once. His answers stay as they are."""
    _only_listeners(user)
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_active=False)
        user.is_active = False
        revoke_invitations(user=user)
        _end_sessions(user)
        Pair.objects.filter(rater=user, closed_at__isnull=True).update(closed_at=timezone.now())


def open_door(*, user: User) -> None:
    """Let a listener in again, by a new invitation. Raises DomainError for one who was made nobody."""
    _only_listeners(user)
    if user.anonymised_at is not None:
        raise DomainError(_("Nobody knows any more who this was."))
    User.objects.filter(pk=user.pk).update(is_active=True)
    user.is_active = True


def anonymise_rater(*, user: User) -> None:
    """Cut a listener's name off his answers for good: they stay, and nobody can tell whose they were.

    Name, address, times of sign-in, links, sessions and the words he wrote to changes go; his public id is a new one.
    What was already handed out (backups) is not reached by this.
    """
    _only_listeners(user)
    with transaction.atomic():
        close_door(user=user)
        user.public_id = new_public_id()
        user.username = f"{_('Nobody')} {user.public_id[:6]}"
        user.first_name = user.last_name = user.email = ""
        user.last_login = None
        user.date_joined = user.anonymised_at = timezone.now()
        user.save()
        SignInLink.objects.filter(user=user).delete()
        # free words may name somebody; the only thing of a judgement that is ever emptied
        Judgement.objects.filter(rater=user).exclude(reason="").update(reason="")


def _only_listeners(user: User) -> None:
    if user.is_owner:
        raise DomainError(_("This is an owner, no listener."))


def _open_links() -> QuerySet[SignInLink]:
    return SignInLink.objects.filter(used_at__isnull=True, revoked_at__isnull=True, expires_at__gt=timezone.now())


def _end_sessions(user: User) -> None:
    key = str(user.pk)
    ended = [row.pk for row in Session.objects.iterator() if row.get_decoded().get("_auth_user_id") == key]
    Session.objects.filter(pk__in=ended).delete()

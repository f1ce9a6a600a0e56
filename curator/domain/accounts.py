"""Accounts without passwords: links that sign in once."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.models.accounts import Role, SignInLink, User

LINK_LIFETIME = timedelta(hours=24)


def ensure_owner() -> User:
    """The first owner of this installation, made when there is none."""
    found = User.objects.filter(role=Role.OWNER, is_active=True).order_by("pk").first()
    if found:
        return found
    user = User(username="owner", role=Role.OWNER)
    user.set_unusable_password()
    user.save()
    return user


def ensure_rater(*, name: str) -> User:
    """Whoever is called `name`, made as a listener when there is nobody. Raises DomainError for no name at all."""
    name = name.strip()
    most = User._meta.get_field("username").max_length or 150
    if not name or not name.isprintable() or len(name) > most:
        raise DomainError(_("A listener needs a name of at most %(most)d characters.") % {"most": most})
    user, created = User.objects.get_or_create(username=name, defaults={"role": Role.RATER})
    if created:
        user.set_unusable_password()
        user.save()
    return user


def create_sign_in_link(*, user: User, lifetime: timedelta = LINK_LIFETIME) -> str:
    """A new token, good once within `lifetime`. Only its hash is kept; this is the one time it can be read."""
    token = secrets.token_urlsafe(24)
    SignInLink.objects.create(user=user, token_sha256=_hash(token), expires_at=timezone.now() + lifetime)
    return token


def who_is_invited(*, token: str) -> User | None:
    """The user whom a good link would let in; nothing is used up. None for a link that is used, revoked or too old."""
    link = _good_links().filter(token_sha256=_hash(token)).select_related("user").first()
    return link.user if link else None


def consume_sign_in_link(*, token: str) -> User | None:
    """The user of an unused, unexpired, unrevoked link, which is used up by this; None otherwise."""
    with transaction.atomic():
        used = _good_links().filter(token_sha256=_hash(token)).update(used_at=timezone.now())
        if not used:
            return None
        return SignInLink.objects.select_related("user").get(token_sha256=_hash(token)).user


def _good_links() -> QuerySet[SignInLink]:
    return SignInLink.objects.filter(
        used_at__isnull=True, revoked_at__isnull=True, expires_at__gt=timezone.now(), user__is_active=True
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

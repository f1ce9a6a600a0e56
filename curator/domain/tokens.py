"""Tokens with which scripts list and fetch approved cues: made, shown once, counted, revoked."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from curator.domain.errors import DomainError
from curator.models.accounts import Role, User
from curator.models.delivery import ApiToken
from curator.models.film import Film

PREFIX = "cuewright_"
"""What every token begins with, so that a person and a scanner for leaked secrets know it again."""

LIFETIMES = (7, 30, 90, 365)
"""Days that a token may be asked to live."""

CALLS_A_MINUTE = 120
_WINDOW = timedelta(minutes=1)

LIST, FETCH = "list", "fetch"
SCOPES = {
    LIST: gettext_lazy("see which cues are approved"),
    FETCH: gettext_lazy("fetch their files"),
}


@dataclass(frozen=True)
class TooMany:
    """A token that was used too often; it may come again after `seconds`."""

    seconds: int


def make_token(*, name: str, scopes: Sequence[str], film: Film | None, days: int, by: User) -> tuple[ApiToken, str]:
    """A new token and its text, which can be read this one time; only its hash is kept.

    Raises DomainError for no name, no scope or an unknown one, and a lifetime that is not offered.
    """
    name = " ".join(name.split())
    if not name or len(name) > 80 or not name.isprintable():
        raise DomainError(_("A token needs a name of at most 80 characters."))
    if not scopes or not set(scopes) <= set(SCOPES):
        raise DomainError(_("Say what the token may do."))
    if days not in LIFETIMES:
        raise DomainError(_("A token lives 7, 30, 90 or 365 days."))
    text = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        name=name,
        token_sha256=_hash(text),
        scopes=[scope for scope in SCOPES if scope in scopes],
        film=film,
        created_by=by,
        expires_at=timezone.now() + timedelta(days=days),
    )
    return row, text


def revoke_token(*, token: ApiToken) -> None:
    """End a token at once; ending it again changes nothing."""
    ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())


def use_token(*, text: str) -> ApiToken | TooMany | None:
    """The token that is meant, with this call counted; None for one that is unknown, revoked, expired or whose maker
    is no owner any more.

    At most CALLS_A_MINUTE calls are let through, counted in the database: every process counts together.
    """
    now = timezone.now()
    good = ApiToken.objects.filter(
        token_sha256=_hash(text),
        revoked_at__isnull=True,
        expires_at__gt=now,
        created_by__is_active=True,
        created_by__role=Role.OWNER,
    )
    fresh = Q(counted_from__isnull=True) | Q(counted_from__lte=now - _WINDOW)
    if not (
        good.filter(fresh).update(counted_from=now, calls=1, used_at=now)
        or good.exclude(fresh).filter(calls__lt=CALLS_A_MINUTE).update(calls=F("calls") + 1, used_at=now)
    ):
        row = good.first()
        if row is None or row.counted_from is None:
            return None
        return TooMany(max(1, round((row.counted_from + _WINDOW - now).total_seconds())))
    return good.select_related("film").first()


def known_tokens() -> list[ApiToken]:
    """Every token that was ever made, the newest first."""
    return list(ApiToken.objects.select_related("film", "created_by"))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

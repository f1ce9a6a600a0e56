"""What a rented machine tells the app itself, where it can reach it: what it else lays into the storage."""

import hashlib
import hmac
import json
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from curator.domain.errors import DomainError
from training.domain.renting import transport
from training.domain.words import BEAT, METRICS, place
from training.executors.transport import TransportError
from training.models.rounds import RemotePod
from training.recipes.orders import Call

LARGEST_BYTES = 1_000_000
EVERY = timedelta(seconds=2)
"""A machine speaks every fifteen seconds; more often than this is none of ours."""

PATH = "/api/pods/beat"


def new_call(pod: RemotePod) -> Call | None:
    """A token of its own for a machine, and where it brings it; None where the app has no address."""
    if not settings.PUBLIC_URL:
        return None
    token = secrets.token_urlsafe(32)
    RemotePod.objects.filter(pk=pod.pk).update(token_sha256=_hash(token))
    return Call(f"{settings.PUBLIC_URL}{PATH}", token)


def pod_of(token: str) -> RemotePod | None:
    """The machine that this token was made for, while it is there."""
    wanted = _hash(token)
    found = RemotePod.objects.living().filter(token_sha256=wanted).select_related("round").first()
    return found if found is not None and hmac.compare_digest(found.token_sha256, wanted) else None


def may_speak(pod: RemotePod) -> bool:
    """Whether the machine may speak now; that it does is written down."""
    now = timezone.now()
    due = Q(called_at__isnull=True) | Q(called_at__lt=now - EVERY)
    return bool(RemotePod.objects.filter(due, pk=pod.pk).update(called_at=now))


def take_beat(pod: RemotePod, data: bytes) -> None:
    """Lay a machine's words and metrics where the worker looks for them. Raises DomainError for what is none."""
    said: Any = None
    if len(data) <= LARGEST_BYTES:
        try:
            said = json.loads(data)
        except ValueError:
            said = None
    if not isinstance(said, dict) or said.get("attempt") != pod.attempt or not isinstance(said.get("at"), int | float):
        raise DomainError("This is no heartbeat of this machine.")
    metrics = said.pop("metrics", None)
    if not isinstance(metrics, str | None):
        raise DomainError("This is no heartbeat of this machine.")
    try:
        storage = transport()
        if metrics is not None:
            storage.write(place(pod, METRICS), metrics.encode())
        storage.write(place(pod, BEAT), json.dumps(said).encode())
    except TransportError as error:
        raise DomainError(str(error)) from error


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

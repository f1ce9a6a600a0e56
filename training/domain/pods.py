"""Rented machines and their rows: renting one, seeing what became of it, ending it, and the sweep that forgets none.

A row is written before its machine is asked for, and the machine bears the row's name. So whatever is lost on the way
(an answer, this process, the connection), the machine is found again or ended.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from training.domain.endings import DONE, FELL_SILENT, RAN_ON, ROUND_OVER, TOO_LATE
from training.domain.renting import account, missing, prefix, transport
from training.domain.words import ENDED, SILENT, heard, read_words
from training.executors.runpod import (
    BadKey,
    GpuOffer,
    NoBalance,
    NotAllowed,
    NotPlaced,
    OurMistake,
    Pod,
    PodOrder,
    RunPod,
    RunPodError,
)
from training.executors.transport import Transport, TransportError
from training.models.rounds import PodState, RemotePod, Round, RoundState

log = logging.getLogger(__name__)

UNWATCHED = timedelta(minutes=5)
"""When nobody saw a machine's end for so long, the bill is asked for its cost."""

LATE = timedelta(minutes=2)
"""So much longer than the worker of its round the sweep waits, since that one loses less."""

UNKNOWN, OVER, SECOND = "no row knows it", "its attempt is over", "there is another one of this name"
"""Why a machine is ended that is none of a row's; the log says it."""

Clock = Callable[[], datetime]


def plan_pod(row: Round) -> RemotePod:
    """The row of the next attempt. Raises DomainError when a machine of this round may still be there."""
    with transaction.atomic():
        attempt = (row.pods.aggregate(last=Max("attempt"))["last"] or 0) + 1
        try:
            with transaction.atomic():
                return RemotePod.objects.create(round=row, attempt=attempt, name=f"{prefix()}r{row.number}-a{attempt}")
        except IntegrityError as error:
            raise DomainError(_("A machine of this round is there already.")) from error


def rent(
    pod: RemotePod,
    offers: tuple[GpuOffer, ...],
    order: Callable[[GpuOffer], tuple[PodOrder, datetime]],
    *,
    client: RunPod,
    now: Clock = timezone.now,
) -> bool:
    """Ask for a machine for a planned row, one offer after the other; False when none of them is to be had now.

    order: the order for an offer and the deadline of a machine at its price. Raises DomainError where asking again is
    of no use, Unsure and TooMany where the caller is to come back later: the row then finds its machine by name.
    """
    said = ""
    for offer in offers:
        wanted, deadline = order(offer)
        asked = now()
        RemotePod.objects.filter(pk=pod.pk).update(
            state=PodState.ASKED, asked_at=asked, gpu=offer.name, usd_per_hour=offer.usd_per_hour, deadline_at=deadline
        )
        pod.refresh_from_db()
        try:
            adopt(pod, client.create(wanted), now=now)
            return True
        except (NotPlaced, NotAllowed) as error:
            said = str(error)
        except BadKey as error:
            forget(pod, str(error))
            raise DomainError(bad_key()) from error
        except NoBalance as error:
            forget(pod, str(error))
            raise DomainError(
                _("The RunPod account has no money left. Top it up; the round goes on from there.")
            ) from error
        except OurMistake as error:
            forget(pod, str(error))
            sentence = _("RunPod refuses the order, which is a mistake of Cuewright: %(reason)s")
            raise DomainError(sentence % {"reason": error}) from error
    forget(pod, said)
    return False


def adopt(pod: RemotePod, found: Pod, *, now: Clock = timezone.now) -> None:
    """Write down what RunPod says of the machine of a row. One that stopped costs nothing since nobody knows when."""
    pod.provider_id = found.id
    pod.data_centre = found.data_centre or pod.data_centre
    if found.usd_per_hour:
        pod.usd_per_hour = found.usd_per_hour
    if found.started_at is not None:
        pod.started_at = min(pod.started_at or found.started_at, found.started_at)
    if pod.state != PodState.GONE:
        pod.state = PodState.RUNNING if found.status == "RUNNING" else PodState.ASKED
    if found.lives:
        pod.seen_at = now()
        pod.cost_usd = max(pod.cost_usd, cost(pod, pod.seen_at))
    RemotePod.objects.filter(pk=pod.pk, gone_at__isnull=True).update(
        provider_id=pod.provider_id,
        data_centre=pod.data_centre,
        usd_per_hour=pod.usd_per_hour,
        started_at=pod.started_at,
        state=pod.state,
        seen_at=pod.seen_at,
        cost_usd=pod.cost_usd,
    )


def cost(pod: RemotePod, until: datetime) -> Decimal:
    """Dollars for a machine that works until then: its price times the time since its container first ran."""
    if pod.started_at is None or pod.usd_per_hour is None:
        return Decimal(0)
    return pod.usd_per_hour * Decimal(max(0.0, (until - pod.started_at).total_seconds())) / 3600


def find(pod: RemotePod, client: RunPod) -> Pod | None:
    """The machine of a row, by its id or, where no answer told it, by its name. Raises RunPodError."""
    if pod.provider_id:
        return client.pod(pod.provider_id)
    return next((one for one in client.pods() if one.name == pod.name), None)


def end(pod: RemotePod, reason: str, *, client: RunPod, now: Clock = timezone.now) -> None:
    """End the machine of a row for good, and settle its cost. Raises RunPodError; then nothing is settled."""
    for one in client.pods():
        if one.name == pod.name or one.id == pod.provider_id:
            adopt(pod, one, now=now)
            client.delete(one.id)
    settle(pod, reason, client=client, now=now)


def settle(
    pod: RemotePod, reason: str, *, client: RunPod, now: Clock = timezone.now, gone_at: datetime | None = None
) -> None:
    """The machine is gone: since `gone_at` where that is known. What nobody watched is asked of the bill.

    A bill that goes well beyond `gone_at` tells that the machine ran on after its work; then that is the reason.
    """
    moment = now()
    gone = gone_at or moment
    seen = pod.seen_at or pod.asked_at or moment
    spent = max(pod.cost_usd, cost(pod, gone))
    if moment - seen > UNWATCHED and pod.provider_id:
        try:
            billed = client.billed(pod.provider_id) or spent
        except RunPodError as error:
            log.warning("pod %s: its bill is not known: %s", pod.name, error)
        else:
            if gone_at is not None and billed > cost(pod, gone + UNWATCHED):
                reason = f"{reason} {RAN_ON}".strip()
            spent = billed
    RemotePod.objects.filter(pk=pod.pk, gone_at__isnull=True).update(
        state=PodState.GONE, gone_at=gone, cost_usd=spent, error=reason[:500]
    )
    pod.refresh_from_db()


def forget(pod: RemotePod, reason: str) -> None:
    """No machine came of this row."""
    RemotePod.objects.filter(pk=pod.pk).update(state=PodState.GONE, gone_at=timezone.now(), error=reason[:500])
    pod.refresh_from_db()


@dataclass(frozen=True)
class There:
    """A machine of this installation that RunPod has; row: whose it is, None where no row knows it."""

    pod: Pod
    row: RemotePod | None


def there_now(client: RunPod) -> list[There]:
    """All machines of this installation that RunPod has now, by name. Raises RunPodError."""
    ours = sorted((one for one in client.pods() if one.name.startswith(prefix())), key=lambda one: (one.name, one.id))
    rows = RemotePod.objects.filter(name__in=[one.name for one in ours]).select_related("round__job")
    by_name = {row.name: row for row in rows}
    return [There(one, by_name.get(one.name)) for one in ours]


def bad_key() -> str:
    """What the owner is told when RunPod does not take the key."""
    return _("RunPod does not know this key. Check RUNPOD_API_KEY.")


def sweep_pods(
    *, client: RunPod | None = None, storage: Callable[[], Transport] = transport, now: Clock = timezone.now
) -> int:
    """End every machine of this installation that should not be there; how many. Safe beside others that sweep too.

    Ended are: machines under our prefix that no row knows, second ones under a row's name, those of rows that are gone
    or whose round has ended, those that are done, silent or past their deadline. Raises RunPodError and DomainError.
    """
    if client is None:
        if missing() and not RemotePod.objects.living().exists():
            return 0
        with account() as own:
            return sweep_pods(client=own, storage=storage, now=now)
    ended = 0
    for found in there_now(client):
        one, pod = found.pod, found.row
        why = _unwanted(pod, one, now()) or (_idle(pod, one, storage, now()) if pod is not None else "")
        if not why:
            continue
        log.warning("pod %s %s is ended: %s", one.name, one.id, why)
        if pod is not None and pod.gone_at is None and pod.provider_id in ("", one.id):
            adopt(pod, one, now=now)
            client.delete(one.id)
            settle(pod, why, client=client, now=now)
        else:
            client.delete(one.id)
        ended += 1
    return ended


def _unwanted(pod: RemotePod | None, one: Pod, now: datetime) -> str:
    if pod is None:
        return UNKNOWN
    if pod.gone_at is not None:
        return OVER
    if pod.provider_id and pod.provider_id != one.id:
        return SECOND
    if pod.round.state != RoundState.RUNNING and not (pod.round.job and pod.round.job.is_open):
        return ROUND_OVER
    if pod.deadline_at is not None and now > pod.deadline_at + LATE:
        return TOO_LATE
    return ""


def _idle(pod: RemotePod, one: Pod, storage: Callable[[], Transport], now: datetime) -> str:
    """Why a running machine is of no use any more, by what it says; its worker, where there is one, knows it before."""
    if one.status != "RUNNING" or pod.started_at is None:
        return ""
    try:
        place = storage()
        said = read_words(pod, ENDED, place)
        if said is not None:
            return DONE if now.timestamp() > float(said["at"]) + LATE.total_seconds() else ""
        return FELL_SILENT if now - heard(pod, place) > SILENT + LATE else ""
    except (TransportError, DomainError) as error:
        log.warning("pod %s: nobody knows what it says: %s", pod.name, error)
        return ""

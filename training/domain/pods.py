"""Rented machines and their rows: renting one, seeing what became of it, ending it, and the sweep that forgets none.

A row is written before its machine is asked for, and the machine bears the row's name. So whatever is lost on the way
(an answer, this process, the connection), the machine is found again or ended.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from training.domain.renting import account, missing, prefix
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
from training.models.rounds import PodState, RemotePod, Round, RoundState

log = logging.getLogger(__name__)

UNWATCHED = timedelta(minutes=5)
"""When nobody saw a machine's end for so long, the bill is asked for its cost."""

LATE = timedelta(minutes=2)
"""So long after its deadline the sweep ends a machine that its own round has not ended."""

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
            raise DomainError(_("RunPod does not know this key. Check RUNPOD_API_KEY.")) from error
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
    """Write down what RunPod says of the machine of a row."""
    pod.provider_id = found.id
    pod.data_centre = found.data_centre or pod.data_centre
    if found.usd_per_hour:
        pod.usd_per_hour = found.usd_per_hour
    if found.started_at is not None:
        pod.started_at = min(pod.started_at or found.started_at, found.started_at)
    if pod.state != PodState.GONE:
        pod.state = PodState.RUNNING if found.status == "RUNNING" else PodState.ASKED
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
    """The machine is gone: since `gone_at` where that is known. What nobody watched is asked of the bill."""
    moment = now()
    gone = gone_at or moment
    seen = pod.seen_at or pod.asked_at or moment
    spent = max(pod.cost_usd, cost(pod, gone))
    if moment - seen > UNWATCHED and pod.provider_id:
        try:
            spent = client.billed(pod.provider_id) or spent
        except RunPodError as error:
            log.warning("pod %s: its bill is not known: %s", pod.name, error)
    RemotePod.objects.filter(pk=pod.pk, gone_at__isnull=True).update(
        state=PodState.GONE, gone_at=gone, cost_usd=spent, error=reason[:500]
    )
    pod.refresh_from_db()


def forget(pod: RemotePod, reason: str) -> None:
    """No machine came of this row."""
    RemotePod.objects.filter(pk=pod.pk).update(state=PodState.GONE, gone_at=timezone.now(), error=reason[:500])
    pod.refresh_from_db()


def sweep_pods(*, client: RunPod | None = None, now: Clock = timezone.now) -> int:
    """End every machine of this installation that should not be there; how many. Safe beside others that sweep too.

    Ended are: machines under our prefix that no row knows, second ones under a row's name, those of rows that are gone
    or whose round has ended, and those past their deadline. Raises RunPodError.
    """
    if client is None:
        if missing() and not RemotePod.objects.living().exists():
            return 0
        with account() as own:
            return sweep_pods(client=own, now=now)
    ended = 0
    ours = [one for one in client.pods() if one.name.startswith(prefix())]
    rows = {
        pod.name: pod for pod in RemotePod.objects.filter(name__in=[one.name for one in ours]).select_related("round")
    }
    for one in ours:
        pod = rows.get(one.name)
        why = _unwanted(pod, one, now())
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
        return "no row knows it"
    if pod.gone_at is not None:
        return "its attempt is over"
    if pod.provider_id and pod.provider_id != one.id:
        return "there is another one of this name"
    if pod.round.state != RoundState.RUNNING and not (pod.round.job and pod.round.job.is_open):
        return "its round has ended"
    if pod.deadline_at is not None and now > pod.deadline_at + LATE:
        return "its deadline has passed"
    return ""

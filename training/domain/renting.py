"""What a rented machine must be able to do, what it costs, and how long the money lasts. Rents nothing itself."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal
from pathlib import Path

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from generation.models.checkpoints import Checkpoint
from generation.notagen.config import ModelConfig
from training.executors.runpod import TIMEOUT_SECONDS, GpuOffer, RunPod, RunPodError
from training.executors.transport import S3, LocalFolder, Transport, TransportError
from training.models.rounds import RemotePod, Round
from training.recipes.job import DpoSettings, Settings
from training.recipes.memory import LARGE, step_memory

GIB = 2**30
OVERHEAD_GIB = 2.0
"""What CUDA's context, its libraries' workspace and torch's cache take beside the tensors."""

ROOM = 1.15
"""Fragmentation, and what the arithmetic leaves out."""

MIN_CUDA = "12.8"
"""What the image's torch is built for."""

LONGEST_HOURS = 24.0
"""No machine is rented for longer at a time, whatever the budget allows."""

END_SECONDS = 120.0
"""Money for the time between the order to end and the end."""

MARGIN_SECONDS = 300.0
"""Before its deadline a run saves its state and carries it back."""

LEAST_SECONDS = 900.0
"""A machine that could work for less than this is not worth its start."""


@dataclass(frozen=True)
class Terms:
    """What is agreed before the start. offers: kinds of GPU that can do it, the cheapest first. Amounts in euros.

    usd_per_hour, hours: of the cheapest. worst_eur: what it costs at most, should it work until the deadline.
    """

    offers: tuple[GpuOffer, ...]
    memory_gib: float
    eur_per_usd: Decimal
    budget_eur: Decimal
    hours: float
    worst_eur: Decimal

    @property
    def cheapest(self) -> GpuOffer:
        return self.offers[0]

    @property
    def eur_per_hour(self) -> Decimal:
        """Price of the cheapest, in euros to the cent."""
        return euros(self.cheapest.usd_per_hour * self.eur_per_usd)

    @property
    def others(self) -> list[tuple[str, Decimal]]:
        """What is taken in turn when the cheapest is gone by then: name and price in euros an hour."""
        return [(one.name, euros(one.usd_per_hour * self.eur_per_usd)) for one in self.offers[1:]]


def missing() -> tuple[str, ...]:
    """What must be set before anything can be rented, in sentences; empty when all is there."""
    said = []
    if not settings.RUNPOD_API_KEY:
        said.append(_("RUNPOD_API_KEY is not set: the key of your RunPod account."))
    if settings.SECRET_KEY_IS_EPHEMERAL:
        said.append(_("CUEWRIGHT_SECRET_KEY is not set, so machines would not be known again after a restart."))
    if not (settings.RENT_BUCKET or settings.RENT_FOLDER):
        said.append(_("CUEWRIGHT_RENT_S3_BUCKET is not set: the storage over which files travel."))
    return tuple(said)


def account(*, timeout: float = TIMEOUT_SECONDS) -> RunPod:
    """A client of the owner's account. Raises DomainError when no key is set."""
    if not settings.RUNPOD_API_KEY:
        raise DomainError(missing()[0])
    return RunPod(settings.RUNPOD_API_KEY, base_url=settings.RUNPOD_URL, timeout=timeout)


def transport() -> Transport:
    """Where files travel. Raises DomainError when nothing is set or it cannot be used."""
    if settings.RENT_FOLDER:
        return LocalFolder(Path(settings.RENT_FOLDER))
    if not settings.RENT_BUCKET:
        raise DomainError(_("CUEWRIGHT_RENT_S3_BUCKET is not set: the storage over which files travel."))
    try:
        return S3(settings.RENT_BUCKET, endpoint=settings.RENT_ENDPOINT)
    except TransportError as error:
        raise DomainError(str(error)) from error


def prefix() -> str:
    """How the names of this installation's pods begin. One way only: nobody reads the secret key off it."""
    mark = hashlib.sha256(f"cuewright pods {settings.SECRET_KEY}".encode()).hexdigest()[:8]
    return f"cuewright-{mark}-"


def memory_gib(base: Checkpoint, chosen: Settings) -> float:
    """GiB of GPU memory that a step of this round takes at most, with room for what cannot be counted.

    A pair is never parted, so preferences read two whole pieces at once however few patches are allowed.
    """
    sizes = base.sizes
    config = ModelConfig(
        hidden=int(sizes["hidden_size"]),
        patch_layers=int(sizes["patch_layers"]),
        char_layers=int(sizes["char_layers"]),
        patch_length=int(sizes["patch_length"]),
    )
    pieces = 2 if isinstance(chosen, DpoSettings) else 1
    again = chosen.checkpointing
    step = step_memory(
        config,
        patches=max(-(-chosen.patches // pieces), config.patch_length),
        sequences=pieces,
        precision=chosen.precision,
        checkpointing=config.parameters > LARGE if again is None else again,
    )
    return step.total / GIB * ROOM + OVERHEAD_GIB


def terms(*, base: Checkpoint, chosen: Settings, budget_eur: Decimal, client: RunPod) -> Terms:
    """What a round would be rented for now. Raises DomainError when nothing fits, and for what RunPod says."""
    rate = Decimal(str(settings.EUR_PER_USD))
    needed = memory_gib(base, chosen)
    try:
        found = client.offers(cloud=settings.RENT_CLOUD, min_cuda=MIN_CUDA)
    except RunPodError as error:
        raise DomainError(_("RunPod does not tell its prices: %(reason)s") % {"reason": error}) from error
    fit = tuple(offer for offer in found if offer.memory_gb >= needed)
    if not fit:
        raise DomainError(_("No GPU with %(memory).0f GB is free at RunPod now. Try again later.") % {"memory": needed})
    budget = min(budget_eur, left_this_month())
    seconds = lasting(budget / rate, fit[0].usd_per_hour)
    if seconds < LEAST_SECONDS:
        raise DomainError(_too_little(budget, fit[0].usd_per_hour * rate))
    worst = euros(fit[0].usd_per_hour * Decimal(seconds + END_SECONDS) / 3600 * rate)
    return Terms(fit, needed, rate, budget, seconds / 3600, min(worst, euros(budget)))


def agree(shown: Decimal | None, found: Terms) -> None:
    """Raise DomainError unless the owner has seen a worst case that is not below the one of now."""
    if shown is None or shown < found.worst_eur:
        raise DomainError(_("The terms have changed since you saw them. Look at them again, then start."))


def lasting(usd: Decimal, usd_per_hour: Decimal) -> float:
    """Seconds that a machine at this price may work for so much money, its end included in the money."""
    return min(float(usd / usd_per_hour) * 3600 - END_SECONDS, LONGEST_HOURS * 3600)


def spent_usd(row: Round) -> Decimal:
    """What the machines of a round have cost so far."""
    return row.pods.aggregate(total=Sum("cost_usd"))["total"] or Decimal(0)


def left_usd(row: Round) -> Decimal:
    """What a round may still cost, in dollars: of its own budget, and of the month's."""
    if row.budget_eur is None or row.eur_per_usd is None:
        raise DomainError(_("This round has no budget, so nothing is rented for it."))
    own = row.budget_eur / row.eur_per_usd - spent_usd(row)
    return max(Decimal(0), min(own, left_this_month(row=row) / row.eur_per_usd))


def left_this_month(*, row: Round | None = None) -> Decimal:
    """What may still be spent in this calendar month, in euros, by this round or by a new one.

    Machines of other rounds that are there count with what they may cost until their deadline.
    """
    spent = spent_this_month()
    for pod in RemotePod.objects.living().select_related("round"):
        if row is None or pod.round_id != row.pk:
            spent += max(Decimal(0), promised_usd(pod) - pod.cost_usd) * (pod.round.eur_per_usd or 1)
    return max(Decimal(0), Decimal(str(settings.RENT_MONTH_EUR)) - spent)


def spent_this_month() -> Decimal:
    """What the machines rented in this calendar month have cost so far, in euros."""
    first = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    pods = RemotePod.objects.filter(created_at__gte=first).select_related("round")
    return sum((pod.cost_usd * (pod.round.eur_per_usd or 1) for pod in pods), Decimal(0))


def promised_usd(pod: RemotePod) -> Decimal:
    """What a machine costs if it works until its deadline and the end takes as long as is allowed for."""
    start = pod.started_at or pod.asked_at
    if pod.usd_per_hour is None or pod.deadline_at is None or start is None:
        return Decimal(0)
    return pod.usd_per_hour * Decimal((pod.deadline_at - start).total_seconds() + END_SECONDS) / 3600


def affordable_end(pod: RemotePod) -> datetime | None:
    """When the money for a machine is used up at the price that it really has, None while nobody knows its price."""
    start = pod.started_at or pod.asked_at
    if pod.usd_per_hour is None or start is None:
        return None
    return start + timedelta(seconds=lasting(left_usd(pod.round) + pod.cost_usd, pod.usd_per_hour))


def deadline(row: Round, usd_per_hour: Decimal, now: datetime) -> datetime:
    """When a machine at this price must be gone. Raises DomainError when the money is not worth a start."""
    left = left_usd(row)
    seconds = lasting(left, usd_per_hour)
    if seconds < LEAST_SECONDS:
        rate = row.eur_per_usd or Decimal(1)
        raise DomainError(_too_little(left * rate, usd_per_hour * rate))
    return now + timedelta(seconds=seconds)


def euros(amount: Decimal) -> Decimal:
    """To the cent, upwards."""
    return amount.quantize(Decimal("0.01"), rounding=ROUND_UP)


def _too_little(left: Decimal, price: Decimal) -> str:
    return _("%(left)s € are left, too little for a machine that costs %(price)s € an hour.") % {
        "left": left.quantize(Decimal("0.01")),
        "price": euros(price),
    }

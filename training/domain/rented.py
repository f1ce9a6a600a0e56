"""A round on a rented machine: orders it, carries its files, brings back what it says, and ends it.

Every poll does one small step and comes back, so a worker that dies in between loses nothing: the next one reads the
rows and the storage and goes on. What the machine lays down is brought into the round's folder, where the same eyes
look at it as at a run of this machine.
"""

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from training.domain import pods
from training.domain.endings import (
    BROKEN,
    BUDGET,
    FELL_SILENT,
    KILLED,
    NEVER_ASKED,
    NEVER_CAME,
    NOT_STARTED,
    REFUSED,
    STATUS,
    STOPPED_BEFORE,
    VANISHED,
)
from training.domain.ordering import lay_down, make_order
from training.domain.pods import Clock
from training.domain.reasons import say_stage
from training.domain.renting import (
    MARGIN_SECONDS,
    MIN_CUDA,
    account,
    affordable_end,
    deadline,
    memory_gib,
    spent_usd,
    transport,
)
from training.domain.words import BEAT, ENDED, METRICS, SILENT, STOP, heard, place, read_words
from training.executors.executor import Ended
from training.executors.local import LOG
from training.executors.runpod import BadKey, GpuOffer, PodOrder, RunPod, RunPodError, TooMany, Unsure
from training.executors.transport import Transport, TransportError
from training.models.rounds import PodState, RemotePod, Round
from training.recipes.carrying import CarryError, Parcel, unpack
from training.recipes.job import read_settings

log = logging.getLogger(__name__)

LOOK = timedelta(seconds=5)
"""Between two looks at the storage and at RunPod."""

AGAIN = timedelta(minutes=2)
"""Between two questions for a machine when none was to be had."""

UNSEEN = timedelta(minutes=3)
"""An order whose answer was lost: when no machine of its name is there after so long, none came of it."""

PROVISIONING = timedelta(minutes=15)
"""A machine that does not start within this time never will."""

STATUSES = {"deadline": BUDGET, "refused": REFUSED, "broken": BROKEN}
"""What is wrong with an attempt, by what its machine says of its end."""


class RentedExecutor:
    """Rents machines for one round."""

    here = False

    def __init__(
        self,
        row: Round,
        *,
        client: Callable[[], RunPod] = account,
        storage: Callable[[], Transport] = transport,
        now: Clock = timezone.now,
    ) -> None:
        self.row = row
        self.client = client
        self.storage = storage
        self.now = now

    def attend(self, folder: Path) -> "RentedAttempt":
        """The run of this folder: a machine that is there is taken over, else one is rented when polled."""
        return RentedAttempt(self.row, folder, self.client(), self.storage(), self.now)


@dataclass
class RentedAttempt:
    """One machine, from the wish for it to its end."""

    row: Round
    folder: Path
    client: RunPod
    storage: Transport
    now: Clock
    note: str = ""
    _next: datetime | None = None
    _stop: bool = False
    _told_stop: bool = False
    _skip: set[str] = field(default_factory=set)

    def poll(self) -> Ended | None:
        """See training.executors.executor.Attempt. Raises DomainError where nothing will help but the owner."""
        moment = self.now()
        if self._next is not None and moment < self._next:
            return None
        self._next = moment + LOOK
        try:
            return self._step(moment)
        except TooMany as error:
            self._next = moment + timedelta(seconds=error.seconds)
        except (Unsure, TransportError, CarryError) as error:
            self.note = str(error)
            log.warning("round %s: %s", self.row.number, error)
        except BadKey as error:
            raise DomainError(pods.bad_key()) from error
        except RunPodError as error:
            raise DomainError(_("RunPod says: %(reason)s") % {"reason": error}) from error
        return None

    def ask_to_stop(self) -> None:
        """See training.executors.executor.Attempt."""
        self._stop, self._next = True, None

    def kill(self) -> None:
        """End the machine at once; what it has not carried back is lost."""
        pod = self._pod()
        if pod is not None:
            pods.end(pod, KILLED, client=self.client, now=self.now)

    @property
    def saved_step(self) -> int:
        """Of the newest state that any machine of this round has laid down."""
        return max(self.row.pods.values_list("saved_step", flat=True), default=0)

    # -- one step --------------------------------------------------------------------------------------------------

    def _step(self, moment: datetime) -> Ended | None:
        pod = self._pod() or self._left_behind()
        if pod is None:
            return Ended.STOPPED if self._stop else self._rent(moment)
        self._bring(pod)
        if (ended := read_words(pod, ENDED, self.storage)) is not None:
            return self._close(pod, ended)
        there = pods.find(pod, self.client)
        if there is None:
            return self._missing(pod, moment)
        pods.adopt(pod, there, now=self.now)
        self._count()
        if there.status in STATUS:
            return self._lost(pod, STATUS[there.status])
        if there.status != "RUNNING":
            if moment - (pod.asked_at or moment) > PROVISIONING:
                self._skip.add(pod.gpu)
                return self._lost(pod, NOT_STARTED)
            if self._stop:
                pods.end(pod, STOPPED_BEFORE, client=self.client, now=self.now)
                return Ended.STOPPED
            self.note = _("The machine is being made ready")
            return None
        return self._watch(pod, moment)

    def _watch(self, pod: RemotePod, moment: datetime) -> Ended | None:
        """A running machine: its silence, its deadline, a wish to stop."""
        if moment - heard(pod, self.storage) > SILENT:
            return self._lost(pod, FELL_SILENT)
        self._hold_to_price(pod)
        if pod.deadline_at is not None and moment >= pod.deadline_at:
            self._tail(pod)
            pods.end(pod, BUDGET, client=self.client, now=self.now)
            self._count()
            raise DomainError(_("The budget is used up. What was saved is kept; with more money the round goes on."))
        if (self._stop or self._near(pod, moment)) and not self._told_stop:
            self.storage.write(place(pod, STOP), b"stop")
            self._told_stop = True
        return None

    @staticmethod
    def _hold_to_price(pod: RemotePod) -> None:
        """A machine that turns out dearer than the catalogue said must be gone earlier."""
        ends = affordable_end(pod)
        if ends is not None and pod.deadline_at is not None and ends < pod.deadline_at:
            RemotePod.objects.filter(pk=pod.pk).update(deadline_at=ends)
            pod.deadline_at = ends

    @staticmethod
    def _near(pod: RemotePod, moment: datetime) -> bool:
        """Whether it is time to save and end for want of money."""
        return pod.deadline_at is not None and moment >= pod.deadline_at - timedelta(seconds=MARGIN_SECONDS)

    def _missing(self, pod: RemotePod, moment: datetime) -> Ended | None:
        """RunPod knows no such machine: it never came, or it is gone."""
        if not pod.provider_id:
            if moment - (pod.asked_at or pod.created_at) < UNSEEN:
                return None
            pods.forget(pod, NEVER_CAME)
            return None
        pods.settle(pod, VANISHED, client=self.client, now=self.now)
        self._count()
        return Ended.BROKEN

    def _lost(self, pod: RemotePod, why: str) -> Ended:
        self._tail(pod)
        pods.end(pod, why, client=self.client, now=self.now)
        self._count()
        return Ended.BROKEN

    def _close(self, pod: RemotePod, ended: dict[str, Any]) -> Ended:
        """The machine says that it has ended: make sure that it is gone, then take what it made."""
        status = str(ended.get("status"))
        said = f"{STATUSES.get(status, '')} {ended.get('reason', '')}".strip()
        there = pods.find(pod, self.client)
        if there is not None:
            if status == "broken":
                self._tail(pod)
            pods.end(pod, said, client=self.client, now=self.now)
        elif pod.gone_at is None:
            gone = datetime.fromtimestamp(float(ended["at"]), self.now().tzinfo)
            pods.settle(pod, said, client=self.client, now=self.now, gone_at=max(gone, pod.seen_at or gone))
        self._count()
        if status == "finished":
            try:
                self._take_result(pod, Parcel.read(ended["result"]))
            except CarryError as error:
                log.warning("round %s: %s", self.row.number, error)
                self.storage.remove(place(pod, ENDED))  # it is none; the next machine goes on from the last state
                return Ended.BROKEN
            self._tidy(pod)
        if status == "deadline" or (status == "stopped" and not self._stop and self._near(pod, self.now())):
            raise DomainError(_("The budget is used up. What was saved is kept; with more money the round goes on."))
        if status in ("refused", "broken"):
            words = json.dumps({"state": status, "reason": ended.get("reason", ""), "at": ended["at"]})
            (self.folder / "heartbeat.json").write_text(words, encoding="utf-8")
        return {"finished": Ended.FINISHED, "stopped": Ended.STOPPED, "refused": Ended.REFUSED}.get(
            status, Ended.BROKEN
        )

    def _tidy(self, pod: RemotePod) -> None:
        """The large files of a finished round need not be paid for any longer; its small ones tell how it went."""
        try:
            for one in self.row.pods.filter(attempt__lte=pod.attempt):
                for name in ("state-", "result-"):
                    self.storage.remove(place(one, name))
        except TransportError as error:
            log.warning("round %s: its files stay in the storage: %s", self.row.number, error)

    # -- renting ---------------------------------------------------------------------------------------------------

    def _rent(self, moment: datetime) -> Ended | None:
        chosen = read_settings(self.row.recipe, self.row.settings)
        needed = memory_gib(self.row.base, chosen)
        offers = tuple(
            one
            for one in self.client.offers(cloud=settings.RENT_CLOUD, min_cuda=MIN_CUDA)
            if one.memory_gb >= needed and one.name not in self._skip
        )
        self._skip.clear()
        if offers:
            deadline(self.row, offers[0].usd_per_hour, moment)  # before anything is carried: is the money worth it?
            pod = pods.plan_pod(self.row)
            self.note = _("Carries the data to the storage")
            lay_down(pod, self.folder, self.storage)
            if pods.rent(pod, offers, lambda offer: self._order(pod, offer), client=self.client, now=self.now):
                self.note = ""
                return None
        self.note = _("Waits for a machine: RunPod has none free now")
        self._next = moment + AGAIN
        return None

    def _order(self, pod: RemotePod, offer: GpuOffer) -> tuple[PodOrder, datetime]:
        """What is asked for, and when such a machine must be gone."""
        moment = self.now()
        ends = deadline(self.row, offer.usd_per_hour, moment)
        return make_order(pod, offer, self.folder, self.storage, now=moment, ends=ends), ends

    # -- carrying --------------------------------------------------------------------------------------------------

    def _bring(self, pod: RemotePod) -> None:
        """Bring the machine's words into the round's folder."""
        beat = read_words(pod, BEAT, self.storage)
        if beat is not None:
            run = beat.get("run") or {"state": beat["stage"], "step": 0, "steps": 0}
            (self.folder / "heartbeat.json").write_text(json.dumps({**run, "at": beat["at"]}), encoding="utf-8")
            self.note = "" if beat["stage"] == "trains" and beat.get("run") else say_stage(str(beat["stage"]))
            self._log(pod, beat)
            step = int((beat.get("state") or {}).get("step", 0))
            if step > pod.saved_step:
                RemotePod.objects.filter(pk=pod.pk).update(saved_step=step)
        metrics = self.storage.read(place(pod, METRICS))
        if metrics is not None:
            (self.folder / "metrics.jsonl").write_bytes(metrics)

    def _tail(self, pod: RemotePod) -> None:
        """Keep the last lines of a machine that ends badly: what broke before our program ran stands there only."""
        if not pod.provider_id:
            return
        try:
            lines = self.client.log_tail(pod.provider_id, lines=30)
        except RunPodError as error:
            lines = [f"its log cannot be read: {error}"]
        with (self.folder / LOG).open("a", encoding="utf-8") as file:
            file.writelines(f"{pod.name}: {line}\n" for line in lines)

    def _log(self, pod: RemotePod, beat: dict[str, Any]) -> None:
        """Add what the machine's log has got since the last look to the round's own."""
        mark = self.folder / "log-mark.json"
        said = json.loads(mark.read_text(encoding="utf-8")) if mark.is_file() else {}
        known = int(said.get("place", 0)) if said.get("attempt") == pod.attempt else 0
        text = str(beat.get("log", "")).encode()
        start = int(beat.get("log_at", 0))
        fresh = text[max(0, known - start) :]
        if fresh:
            with (self.folder / LOG).open("ab") as file:
                file.write(fresh)
        mark.write_text(json.dumps({"attempt": pod.attempt, "place": start + len(text)}), encoding="utf-8")

    def _take_result(self, pod: RemotePod, parcel: Parcel) -> None:
        """Bring the packed result here, check it, and unpack it. Raises CarryError and TransportError."""
        packed = self.folder / "result.tar"
        digest = hashlib.sha256()
        with packed.open("wb") as whole:
            for number in range(len(parcel.links)):
                part = self.folder / "result.part"
                if not self.storage.get(place(pod, f"result-{number:03d}"), part):
                    raise CarryError("A part of the result is missing.")
                data = part.read_bytes()
                digest.update(data)
                whole.write(data)
                part.unlink()
        if digest.hexdigest() != parcel.sha256:
            packed.unlink()
            raise CarryError("The result arrived damaged.")
        unpack(packed, self.folder)
        packed.unlink()

    def _pod(self) -> RemotePod | None:
        return self.row.pods.living().exclude(state=PodState.PLANNED).first() or self._unfinished_plan()

    def _unfinished_plan(self) -> RemotePod | None:
        """A row whose writer died before it asked: nothing came of it."""
        for pod in self.row.pods.living().filter(state=PodState.PLANNED):
            pods.forget(pod, NEVER_ASKED)
        return None

    def _left_behind(self) -> RemotePod | None:
        """The last machine, when it is gone but its result was not taken: the sweep ended it, or we broke off."""
        last = self.row.pods.order_by("-attempt").first()
        said = None if last is None or last.started_at is None else read_words(last, ENDED, self.storage)
        return last if said is not None and said.get("status") == "finished" else None

    def _count(self) -> None:
        """Write down what the round has cost so far, in euros."""
        rate = self.row.eur_per_usd or Decimal(1)
        Round.objects.filter(pk=self.row.pk).update(cost_eur=(spent_usd(self.row) * rate).quantize(Decimal("0.01")))

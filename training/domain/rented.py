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
from generation.domain.checkpoints import weights_path
from training.domain import pods
from training.domain.callbacks import new_call
from training.domain.pods import Clock
from training.domain.renting import MARGIN_SECONDS, account, deadline, memory_gib, spent_usd, transport
from training.executors.core import requirements, write_core
from training.executors.executor import Ended
from training.executors.local import LOG
from training.executors.runpod import GpuOffer, PodOrder, RunPod, RunPodError, TooMany, Unsure
from training.executors.transport import LONGEST_LINK_SECONDS, Transport, TransportError
from training.models.rounds import PodState, RemotePod, Round
from training.recipes.carrying import CHUNK, CarryError, Parcel, sha256, unpack
from training.recipes.job import read_settings
from training.recipes.orders import SLOTS, Orders

log = logging.getLogger(__name__)

LOOK = timedelta(seconds=5)
"""Between two looks at the storage and at RunPod."""

AGAIN = timedelta(minutes=2)
"""Between two questions for a machine when none was to be had."""

UNSEEN = timedelta(minutes=3)
"""An order whose answer was lost: when no machine of its name is there after so long, none came of it."""

PROVISIONING = timedelta(minutes=15)
"""A machine that does not start within this time never will."""

SILENT = timedelta(minutes=10)
"""So long without a word from it a running machine is lost. Installing packages takes some minutes."""

FETCH = (
    "import io,os,sys,urllib.request as r,zipfile as z;"
    "z.ZipFile(io.BytesIO(r.urlopen(os.environ['CUEWRIGHT_CORE']).read())).extractall(sys.argv[1])"
)
START = (
    'home="${CUEWRIGHT_HOME:-/cuewright}"; '
    f'python3 -c "{FETCH}" "$home/core" && mkdir -p "$home/run" && cd "$home/run" && '
    'PYTHONPATH="$home/core" exec python3 -m training.recipes.pod'
)
"""What the container does: fetches our code, then runs it."""


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
            pods.end(pod, "killed", client=self.client, now=self.now)

    @property
    def saved_step(self) -> int:
        """Of the newest state that any machine of this round has laid down."""
        return max(self.row.pods.values_list("saved_step", flat=True), default=0)

    # -- one step --------------------------------------------------------------------------------------------------

    def _step(self, moment: datetime) -> Ended | None:
        pod = self._pod()
        if pod is None:
            return Ended.STOPPED if self._stop else self._rent(moment)
        self._bring(pod)
        if (ended := self._read(pod, "ended.json")) is not None:
            return self._close(pod, ended)
        there = pods.find(pod, self.client)
        if there is None:
            return self._missing(pod, moment)
        pods.adopt(pod, there, now=self.now)
        self._count()
        if there.status in ("EXITED", "ERROR", "TERMINATED"):
            return self._lost(pod, f"the machine is {there.status}")
        if there.status != "RUNNING":
            if moment - (pod.asked_at or moment) > PROVISIONING:
                self._skip.add(pod.gpu)
                return self._lost(pod, "the machine did not start")
            if self._stop:
                pods.end(pod, "stopped before it started", client=self.client, now=self.now)
                return Ended.STOPPED
            self.note = _("The machine is being made ready")
            return None
        return self._watch(pod, moment)

    def _watch(self, pod: RemotePod, moment: datetime) -> Ended | None:
        """A running machine: its silence, its deadline, a wish to stop."""
        heard = self._heard(pod)
        if moment - heard > SILENT:
            return self._lost(pod, "the machine fell silent")
        late = pod.deadline_at is not None and moment >= pod.deadline_at
        if late:
            pods.end(pod, "the budget is used up", client=self.client, now=self.now)
            self._count()
            raise DomainError(_("The budget is used up. What was saved is kept; with more money the round goes on."))
        if (self._stop or self._near(pod, moment)) and not self._told_stop:
            self.storage.write(self._name(pod, "stop"), b"stop")
            self._told_stop = True
        return None

    @staticmethod
    def _near(pod: RemotePod, moment: datetime) -> bool:
        """Whether it is time to save and end for want of money."""
        return pod.deadline_at is not None and moment >= pod.deadline_at - timedelta(seconds=MARGIN_SECONDS)

    def _missing(self, pod: RemotePod, moment: datetime) -> Ended | None:
        """RunPod knows no such machine: it never came, or it is gone."""
        if not pod.provider_id:
            if moment - (pod.asked_at or pod.created_at) < UNSEEN:
                return None
            pods.forget(pod, "no machine came of the order")
            return None
        pods.settle(pod, "the machine vanished", client=self.client, now=self.now)
        self._count()
        return Ended.BROKEN

    def _lost(self, pod: RemotePod, why: str) -> Ended:
        pods.end(pod, why, client=self.client, now=self.now)
        self._count()
        return Ended.BROKEN

    def _close(self, pod: RemotePod, ended: dict[str, Any]) -> Ended:
        """The machine says that it has ended: take what it made, then make sure that it is gone."""
        status = str(ended.get("status"))
        if status == "finished":
            self._take_result(pod, Parcel.read(ended["result"]))
        gone = datetime.fromtimestamp(float(ended["at"]), self.now().tzinfo)
        there = pods.find(pod, self.client)
        reason = "" if status in ("finished", "stopped") else f"{status} {ended.get('reason', '')}".strip()
        if there is None:
            pods.settle(pod, reason, client=self.client, now=self.now, gone_at=max(gone, pod.seen_at or gone))
        else:
            pods.end(pod, reason, client=self.client, now=self.now)
        self._count()
        if status == "deadline" or (status == "stopped" and not self._stop and self._near(pod, self.now())):
            raise DomainError(_("The budget is used up. What was saved is kept; with more money the round goes on."))
        if status in ("refused", "broken"):
            said = json.dumps({"state": status, "reason": ended.get("reason", ""), "at": ended["at"]})
            (self.folder / "heartbeat.json").write_text(said, encoding="utf-8")
        return {"finished": Ended.FINISHED, "stopped": Ended.STOPPED, "refused": Ended.REFUSED}.get(
            status, Ended.BROKEN
        )

    # -- renting ---------------------------------------------------------------------------------------------------

    def _rent(self, moment: datetime) -> Ended | None:
        chosen = read_settings(self.row.recipe, self.row.settings)
        needed = memory_gib(self.row.base, chosen)
        offers = tuple(
            one
            for one in self.client.offers(cloud=settings.RENT_CLOUD)
            if one.memory_gb >= needed and one.name not in self._skip
        )
        self._skip.clear()
        if offers:
            deadline(self.row, offers[0].usd_per_hour, moment)  # before anything is carried: is the money worth it?
            pod = pods.plan_pod(self.row)
            self._lay_down(pod)
            if pods.rent(pod, offers, lambda offer: self._order(pod, offer), client=self.client, now=self.now):
                self.note = ""
                return None
        self.note = _("Waits for a machine: RunPod has none free now")
        self._next = moment + AGAIN
        return None

    def _lay_down(self, pod: RemotePod) -> None:
        """Carry to the storage what every machine of this round needs, and is not there yet."""
        for path in (*sorted((self.folder / "bundle").iterdir()), weights_path(self.row.base)):
            name = f"files/{sha256(path)}"
            if self.storage.size(name) != path.stat().st_size:
                self.storage.put(name, path)
        core = self.folder / "core.zip"
        write_core(core)
        self.storage.put(self._name(pod, "core.zip"), core)

    def _order(self, pod: RemotePod, offer: GpuOffer) -> tuple[PodOrder, datetime]:
        """What is asked for, and the orders that the machine will find under their link."""
        moment = self.now()
        ends = deadline(self.row, offer.usd_per_hour, moment)
        seconds = min((ends - moment).total_seconds() + 3600, LONGEST_LINK_SECONDS)
        self.storage.write(self._name(pod, "orders.json"), self._orders(pod, ends, seconds).json())
        return (
            PodOrder(
                name=pod.name,
                image=settings.RENT_IMAGE,
                gpu=offer.id,
                arguments=f"bash -c {_quoted(START)}",
                environment={
                    "CUEWRIGHT_ORDERS": self.storage.link_to_read(self._name(pod, "orders.json"), seconds=seconds),
                    "CUEWRIGHT_CORE": self.storage.link_to_read(self._name(pod, "core.zip"), seconds=seconds),
                },
                disk_gb=disk_gb(self.row.base.size),
                cloud=settings.RENT_CLOUD,
                min_cuda="12.8",
            ),
            ends,
        )

    def _orders(self, pod: RemotePod, ends: datetime, seconds: float) -> Orders:
        read = {"seconds": seconds}
        job = json.loads((self.folder / "job.json").read_text(encoding="utf-8"))
        base = weights_path(self.row.base)
        files = {f"bundle/{path.name}": path for path in sorted((self.folder / "bundle").iterdir())} | {
            "base.safetensors": base
        }
        chunks = -(-disk_gb(self.row.base.size) * 10**9 // CHUNK)

        def write(name: str) -> str:
            return self.storage.link_to_write(self._name(pod, name), **read)

        def look(name: str) -> str:
            return self.storage.link_to_read(self._name(pod, name), **read)

        return Orders(
            round=self.row.public_id,
            attempt=pod.attempt,
            job={**job, "base": {**job["base"], "file": "base.safetensors"}, "save_every": settings.ROUND_SAVE_SECONDS},
            take=tuple(
                Parcel(
                    name,
                    path.stat().st_size,
                    digest := sha256(path),
                    (self.storage.link_to_read(f"files/{digest}", **read),),
                    max(path.stat().st_size, 1),
                )
                for name, path in files.items()
            ),
            ends_at=ends.timestamp(),
            beat=write("beat.json"),
            metrics=write("metrics.jsonl"),
            state=write("state.json"),
            state_read=look("state.json"),
            states={slot: tuple(write(f"state-{slot}-{number:03d}") for number in range(chunks)) for slot in SLOTS},
            states_read={slot: tuple(look(f"state-{slot}-{number:03d}") for number in range(chunks)) for slot in SLOTS},
            result=tuple(write(f"result-{number:03d}") for number in range(chunks)),
            ended=write("ended.json"),
            ended_read=look("ended.json"),
            stop=look("stop"),
            api=settings.RUNPOD_URL,
            call=new_call(pod),
            resume=self._earlier_state(pod, seconds),
            margin=MARGIN_SECONDS,
            save_seconds=max(60.0, settings.ROUND_SAVE_SECONDS),
            requirements=requirements(),
        )

    def _earlier_state(self, pod: RemotePod, seconds: float) -> Parcel | None:
        """The newest state that an earlier machine laid down."""
        for earlier in self.row.pods.filter(saved_step__gt=0).exclude(pk=pod.pk).order_by("-saved_step", "-attempt"):
            said = self._read(earlier, "state.json")
            if said is not None:
                count = max(1, -(-int(said["size"]) // CHUNK))
                names = [self._name(earlier, f"state-{said['slot']}-{number:03d}") for number in range(count)]
                links = tuple(self.storage.link_to_read(name, seconds=seconds) for name in names)
                return Parcel("state.tar", int(said["size"]), said["sha256"], links)
        return None

    # -- carrying --------------------------------------------------------------------------------------------------

    def _bring(self, pod: RemotePod) -> None:
        """Bring the machine's words into the round's folder."""
        beat = self._read(pod, "beat.json")
        if beat is not None:
            run = beat.get("run") or {"state": beat["stage"], "step": 0, "steps": 0}
            (self.folder / "heartbeat.json").write_text(json.dumps({**run, "at": beat["at"]}), encoding="utf-8")
            self.note = "" if beat.get("run") else str(beat["stage"])
            self._log(pod, beat)
            step = int((beat.get("state") or {}).get("step", 0))
            if step > pod.saved_step:
                RemotePod.objects.filter(pk=pod.pk).update(saved_step=step)
        metrics = self.storage.read(self._name(pod, "metrics.jsonl"))
        if metrics is not None:
            (self.folder / "metrics.jsonl").write_bytes(metrics)

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
                if not self.storage.get(self._name(pod, f"result-{number:03d}"), part):
                    raise CarryError("The result is not there yet.")
                data = part.read_bytes()
                digest.update(data)
                whole.write(data)
                part.unlink()
        if digest.hexdigest() != parcel.sha256:
            packed.unlink()
            raise CarryError("The result arrived damaged.")
        unpack(packed, self.folder)
        packed.unlink()

    def _read(self, pod: RemotePod, name: str) -> dict[str, Any] | None:
        data = self.storage.read(self._name(pod, name))
        if data is None:
            return None
        try:
            found: dict[str, Any] = json.loads(data)
        except ValueError:  # half of it, from a folder that is no disk of ours
            return None
        return found

    def _name(self, pod: RemotePod, name: str) -> str:
        return f"rounds/{self.row.public_id}/a{pod.attempt}/{name}"

    def _heard(self, pod: RemotePod) -> datetime:
        """When the machine last said something; before its first word, when it started."""
        beat = self._read(pod, "beat.json")
        start = pod.started_at or pod.asked_at or pod.created_at
        return start if beat is None else max(start, datetime.fromtimestamp(float(beat["at"]), start.tzinfo))

    def _pod(self) -> RemotePod | None:
        return self.row.pods.living().exclude(state=PodState.PLANNED).first() or self._unfinished_plan()

    def _unfinished_plan(self) -> RemotePod | None:
        """A row whose writer died before it asked: nothing came of it."""
        for pod in self.row.pods.living().filter(state=PodState.PLANNED):
            pods.forget(pod, "never asked for")
        return None

    def _count(self) -> None:
        """Write down what the round has cost so far, in euros."""
        rate = self.row.eur_per_usd or Decimal(1)
        Round.objects.filter(pk=self.row.pk).update(cost_eur=(spent_usd(self.row) * rate).quantize(Decimal("0.01")))


def disk_gb(weights: int) -> int:
    """Disk of a machine, in GB: weights, gradients' states twice, what is packed, and room for packages."""
    return 20 + -(-weights * 10 // 10**9)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"

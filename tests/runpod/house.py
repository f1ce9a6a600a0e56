"""An app that rents, as a test drives it: a round, its worker's loop and its sweeper, on a modelled clock."""

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from curator.domain.errors import DomainError
from generation.models.checkpoints import Checkpoint
from tests.runpod.modelled import Clock, Memory, ModelledContainer, Ways, client_of
from tests.runpod.provider import KEY, Provider
from training.domain.pods import sweep_pods
from training.domain.rented import RentedAttempt, RentedExecutor
from training.executors.executor import Ended
from training.executors.runpod import RunPodError
from training.models.rounds import Round, RoundState

STEP = 5.0


@dataclass
class House:
    """One app. `ended`: how each attempt ended; `said`: the sentence that the owner is told when nothing else helps."""

    row: Round
    folder: Path
    clock: Clock
    provider: Provider
    storage: Memory
    ways: Ways
    attempt: RentedAttempt | None = None
    ended: list[Ended] = field(default_factory=list)
    said: str = ""
    swept: float = 0.0
    key: str = KEY

    @property
    def done(self) -> bool:
        """Whether the round is over, well or not."""
        return bool(self.said) or bool(self.ended and self.ended[-1] in (Ended.FINISHED, Ended.STOPPED, Ended.REFUSED))

    def executor(self) -> RentedExecutor:
        return RentedExecutor(
            self.row,
            client=lambda: client_of(self.provider, self.key),
            storage=lambda: self.storage,
            now=self.clock.moment,
        )

    def work(self) -> None:
        """What the worker does in one turn of its loop."""
        if self.done:
            return
        if self.attempt is None:
            self.attempt = self.executor().attend(self.folder)
        try:
            found = self.attempt.poll()
        except DomainError as error:
            self.said, self.attempt = str(error), None
            self._over(RoundState.FAILED)
            return
        if found is None:
            return
        self.ended.append(found)
        self.attempt = None
        if (
            len(self.ended) >= 3
            and all(one == Ended.BROKEN for one in self.ended[-3:])
            and self.saved == self._saved_before()
        ):
            self.said = "broke off"
            self._over(RoundState.FAILED)
        elif found == Ended.FINISHED:
            self._over(RoundState.MEASURED)
        elif found == Ended.STOPPED:
            self._over(RoundState.STOPPED)

    def sweep(self) -> None:
        """What the sweeper does."""
        try:
            with client_of(self.provider, self.key) as client:
                sweep_pods(client=client, storage=lambda: self.storage, now=self.clock.moment)
        except RunPodError:
            pass

    def crash(self) -> None:
        """The worker dies; another one will take the round up."""
        self.attempt = None

    def pass_time(self, seconds: float, *, app: bool = True, worker: bool = True) -> None:
        """Let time pass, with the app running or off, or running without its worker."""
        ends = self.clock.seconds + seconds
        while self.clock.seconds < ends:
            self.clock.seconds += STEP
            self.provider.tick()
            if app:
                if worker:
                    self.work()
                if self.clock.seconds - self.swept >= 30:
                    self.swept = self.clock.seconds
                    self.sweep()

    def run(self, *, hours: float = 30.0) -> None:
        """Until the round is over, and then a few minutes more."""
        ends = self.clock.seconds + hours * 3600
        while not self.done and self.clock.seconds < ends:
            self.pass_time(60)
        self.pass_time(300)

    @property
    def saved(self) -> int:
        return max((pod.saved_step for pod in self.row.pods.all()), default=0)

    def _saved_before(self) -> int:
        steps = [pod.saved_step for pod in self.row.pods.order_by("-attempt")]
        return max(steps[3:], default=0)

    def _over(self, state: RoundState) -> None:
        Round.objects.filter(pk=self.row.pk).update(state=state)

    @property
    def ledger(self) -> Decimal:
        """Dollars as our rows have it."""
        return sum((pod.cost_usd for pod in self.row.pods.all()), Decimal(0))


def house(base: Checkpoint, tmp_path: Path, *, budget: str = "5", ways: Ways | None = None, **provider: Any) -> House:
    """A round that was just started, with its bundle made."""
    clock, storage, behaviour = Clock(), Memory(), ways or Ways()
    behaviour.packed = packed_result()
    behaviour.digest = hashlib.sha256(behaviour.packed).hexdigest()
    made: list[Provider] = []
    made.append(Provider(clock, lambda pod: ModelledContainer(pod, made[0], storage, clock, behaviour), **provider))
    row = bare_round(base, budget)
    folder = tmp_path / row.public_id
    (folder / "bundle").mkdir(parents=True)
    (folder / "bundle" / "manifest.json").write_text("{}")
    job = {
        "recipe": "dpo",
        "bundle": "bundle",
        "out": ".",
        "base": {"file": "x", "sha256": base.sha256},
        "settings": {},
    }
    (folder / "job.json").write_text(json.dumps(job))
    return House(row, folder, clock, made[0], storage, behaviour)


def bare_round(base: Checkpoint, budget: str) -> Round:
    """The row of a rented round that runs."""
    from training.models.sets import PreferenceSet

    data = PreferenceSet.objects.first() or PreferenceSet.objects.create(name="pairs", sha256="0" * 64)
    return Round.objects.create(
        number=Round.objects.count() + 1,
        recipe="dpo",
        preference_set=data,
        base=base,
        executor="runpod",
        budget_eur=Decimal(budget),
        eur_per_usd=Decimal("0.9"),
        state=RoundState.RUNNING,
    )


def packed_result() -> bytes:
    """A tar file as a machine packs its result."""
    with io.BytesIO() as into:
        with tarfile.open(fileobj=into, mode="w") as tar:
            data = json.dumps({"state": "finished"}).encode()
            entry = tarfile.TarInfo("result.json")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        return into.getvalue()

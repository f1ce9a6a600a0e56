"""What a rented machine runs: fetches its orders, trains, lays down states and the result, then ends itself.

    python3 -m training.recipes.pod

Its environment: CUEWRIGHT_ORDERS, the link of the orders; CUEWRIGHT_ENDS_AT, when the machine must be gone, in seconds
since 1970; CUEWRIGHT_RUNPOD_URL, for its own end; and what RunPod puts there. RunPod starts a container that exits
again, and bills for it, so this never exits by itself: it looks first whether everything is done, and when it is,
deletes its machine and sleeps. Only the standard library is used in this process; the run itself is a process of its
own.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from curator.processes import end_group, new_group, on_stop_request
from training.recipes.carrying import CarryError, Parcel, fetch, get, pack, put, send, unpack
from training.recipes.orders import SLOTS, Orders, OrdersError, read_orders

ORDERS = "CUEWRIGHT_ORDERS"
LOG_TAIL = 16_000
LARGEST_CALL = 1_000_000
"""Bytes that the app takes at once; what is longer travels over the storage only."""

NAP_SECONDS = 600.0
GRACE_SECONDS = 60.0
"""So long after its deadline a machine is ended wherever its work hangs."""

_STATUSES = {0: "finished", 2: "refused", 3: "stopped"}


def main() -> int:
    """Do what the orders say; returns only when this process is told to end."""
    stop = threading.Event()
    on_stop_request(stop)
    machine = Machine(os.environ)
    machine.watch_deadline(stop)
    orders = _orders(os.environ.get(ORDERS, ""), machine, stop)
    if orders is not None:
        shift = Shift(orders, Path.cwd(), machine, stop)
        try:
            shift.work()
        except Exception as error:  # noqa: BLE001 (whatever it is, the machine must not go on costing money)
            shift.end("broken", f"{type(error).__name__}: {error}")
    while not stop.is_set():
        machine.end()
        stop.wait(NAP_SECONDS)
    return 0


def _orders(link: str, machine: "Machine", stop: threading.Event) -> Orders | None:
    """The orders, asked for until they come or the machine's time is over."""
    while not stop.is_set() and time.time() < machine.ends_at:
        try:
            data = get(link)
            return None if data is None else read_orders(data)
        except CarryError as error:
            print(error, file=sys.stderr)
            stop.wait(min(30.0, max(0.0, machine.ends_at - time.time())))
        except OrdersError as error:
            print(error, file=sys.stderr)
            return None
    return None


class Machine:
    """This machine as RunPod knows it."""

    def __init__(self, environment: "os._Environ[str] | dict[str, str]") -> None:
        self.id = environment.get("RUNPOD_POD_ID", "")
        self.ends_at = float(environment.get("CUEWRIGHT_ENDS_AT") or "inf")
        self._api = environment.get("CUEWRIGHT_RUNPOD_URL", "")
        self._key = environment.get("RUNPOD_API_KEY", "")

    def watch_deadline(self, stop: threading.Event) -> threading.Thread:
        """End the machine soon after its deadline, wherever the work hangs by then, in a thread of its own."""

        def watch() -> None:
            while not stop.is_set() and time.time() < self.ends_at + GRACE_SECONDS:
                stop.wait(min(30.0, max(0.01, self.ends_at + GRACE_SECONDS - time.time())))
            while not stop.is_set():
                self.end()
                stop.wait(30.0)

        thread = threading.Thread(target=watch, name="deadline", daemon=True)
        thread.start()
        return thread

    def end(self) -> bool:
        """Delete this pod; whether somebody promised to. Whether the pod's own key may is not known beforehand."""
        if not self.id:
            return False
        if self._api and self._key:
            request = Request(  # noqa: S310 (the address is in the order)
                f"{self._api}/v2/pods/{self.id}", method="DELETE", headers={"Authorization": f"Bearer {self._key}"}
            )
            try:
                with urlopen(request, timeout=30):  # noqa: S310 (as above)
                    return True
            except (URLError, OSError) as error:
                print(f"This machine may not delete itself: {_said(error)}.", file=sys.stderr)
        for command in (["runpodctl", "pod", "delete", self.id], ["runpodctl", "remove", "pod", self.id]):
            try:
                if not subprocess.run(command, capture_output=True, timeout=60, check=False).returncode:
                    return True
            except (OSError, subprocess.TimeoutExpired):
                continue
        return False


@dataclass
class Shift:
    """One start of the container. `folder` is the run's folder; it may hold what an earlier start left."""

    orders: Orders
    folder: Path
    machine: Machine
    stop: threading.Event
    now: Callable[[], float] = time.time
    stage: str = "starts"
    said_metrics: int = -1
    saved: str = ""
    saved_at: float = 0.0
    looked_at: float = 0.0
    state: dict[str, Any] = field(default_factory=dict)

    def work(self) -> None:
        """Everything, unless an earlier start has done it."""
        if self._ended_before():
            print("This attempt has ended already.")
            return
        if self.now() >= self.orders.ends_at:
            self.end("deadline", "The deadline had passed before the work began.")
            return
        self._tell("installs")
        if self.orders.requirements and not self._installed():
            self.end("broken", "The packages could not be installed.")
            return
        self._tell("fetches")
        self._fetch()
        status = self._train()
        if status is None:  # this container is told to end; the state is saved, and another start goes on
            return
        self._finish(status)

    def end(self, status: str, reason: str = "", result: Parcel | None = None) -> None:
        """Say how the attempt ended; the last that is laid down, because the app believes it."""
        self._report("ended")
        said = {
            "attempt": self.orders.attempt,
            "status": status,
            "reason": reason,
            "state": self.state,
            "result": result.json() if result else None,
            "at": self.now(),
        }
        try:
            put(self.orders.ended, json.dumps(said).encode())
        except CarryError as error:
            print(error, file=sys.stderr)

    def _ended_before(self) -> bool:
        """Whether an earlier start ended this attempt. A storage that is away must not have it done twice."""
        while True:
            try:
                return get(self.orders.ended_read) is not None
            except CarryError as error:
                print(error, file=sys.stderr)
                if self.now() >= self.orders.ends_at or self.stop.wait(30.0):
                    return False

    def _installed(self) -> bool:
        done = self.folder / "installed"
        if done.is_file():
            return True
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *self.orders.requirements,
        ]
        # the machine is ours alone, so packages may stand beside those of its system
        environment = os.environ | {"PIP_BREAK_SYSTEM_PACKAGES": "1", "PIP_ROOT_USER_ACTION": "ignore"}
        for pause in (5.0, 30.0, 0.0):
            if not subprocess.run(command, env=environment, check=False).returncode:
                done.touch()
                return True
            if self.stop.wait(pause):
                return False
        return False

    def _fetch(self) -> None:
        for parcel in self.orders.take:
            fetch(parcel, self.folder / parcel.path)
        if not (self.folder / "started.json").is_file() and (state := self._newest_state()) is not None:
            packed = self.folder / "resume.tar"
            fetch(state, packed)
            unpack(packed, self.folder)
            packed.unlink()
        (self.folder / "job.json").write_text(json.dumps(self.orders.job), encoding="utf-8")

    def _newest_state(self) -> Parcel | None:
        """Where to go on: RunPod wipes the disk when a container starts again, so this may be a state of our own."""
        said = get(self.orders.state_read)
        if said is None:
            return self.orders.resume
        self.state = json.loads(said)
        size, links = int(self.state["size"]), self.orders.states_read[self.state["slot"]]
        needed = max(1, -(-size // self.orders.chunk))
        return Parcel("state.tar", size, self.state["sha256"], links[:needed], self.orders.chunk)

    def _train(self) -> int | None:
        """Run the trainer and look after it; its exit status. None: this process was told to end."""
        (self.folder / "stop").unlink(missing_ok=True)
        self.stage, self.saved_at = "trains", self.now()
        with (self.folder / "trainer.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "training.recipes.run", "job.json"],
                cwd=self.folder,
                env={name: value for name, value in os.environ.items() if not name.startswith(("RUNPOD_", ORDERS))}
                | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **new_group(),
            )
        next_beat = 0.0
        while (status := process.poll()) is None:
            if self.now() >= self.orders.ends_at:
                end_group(process, grace=1.0)
                return 3
            if self.stop.is_set() or self._must_stop():
                (self.folder / "stop").touch()
            if self.now() >= next_beat:
                next_beat = self.now() + self.orders.beat_seconds
                self._report("trains")
                if self.now() - self.saved_at >= self.orders.save_seconds:
                    self._save()
            time.sleep(0.2)
        if self.stop.is_set():
            self._save()
            self._report("told to end")
            return None
        return status

    def _must_stop(self) -> bool:
        if self.now() >= self.orders.ends_at - self.orders.margin:
            return True
        if self.now() < self.looked_at + self.orders.beat_seconds:
            return False
        self.looked_at = self.now()
        try:
            return get(self.orders.stop, tries=1) is not None
        except CarryError:
            return False

    def _finish(self, status: int) -> None:
        name = _STATUSES.get(status, "broken")
        if name == "finished":
            self._tell("carries the result")
            packed = self.folder / "result.tar"
            pack(self.folder, ["result.json", "metrics.jsonl", *self._present("result")], packed)
            self.end(name, result=send(packed, "result.tar", self.orders.result, chunk=self.orders.chunk))
            return
        if name != "refused":
            self._save()
        heartbeat = _json(self.folder / "heartbeat.json")
        late = self.now() >= self.orders.ends_at - self.orders.margin
        self.end("deadline" if name == "stopped" and late else name, str(heartbeat.get("reason", "")))

    def _save(self) -> None:
        """Lay down the newest whole state, in the slot that does not hold the last one."""
        whole = sorted(
            (path.parent for path in (self.folder / "checkpoints").glob("checkpoint-*/whole")),
            key=lambda path: int(path.name.rpartition("-")[2]),
        )
        self.saved_at = self.now()
        if not whole or whole[-1].name == self.saved:
            return
        newest = whole[-1].name
        packed = self.folder / "state.tar"
        kept = [path.name for path in self.folder.glob("kept-*")]
        slot = next(slot for slot in SLOTS if slot != self.state.get("slot"))
        try:
            pack(self.folder, ["started.json", "metrics.jsonl", f"checkpoints/{newest}", *kept], packed)
            parcel = send(packed, "state.tar", self.orders.states[slot], chunk=self.orders.chunk)
            said = {"slot": slot, "step": int(newest.rpartition("-")[2]), "size": parcel.size, "sha256": parcel.sha256}
            put(self.orders.state, json.dumps(said).encode())
        except (CarryError, OSError) as error:  # the next time, then; or a state was tidied away meanwhile
            print(f"A state could not be laid down: {error}", file=sys.stderr)
            return
        self.saved, self.state = newest, said

    def _present(self, *names: str) -> list[str]:
        return [name for name in names if (self.folder / name).exists()]

    def _tell(self, stage: str) -> None:
        print(stage, flush=True)
        self._report(stage)

    def _report(self, stage: str) -> None:
        """Lay down the heartbeat, and the metrics when they grew. What fails is tried again at the next beat."""
        self.stage = stage
        log, place = _tail(self.folder / "trainer.log")
        said = {
            "attempt": self.orders.attempt,
            "stage": stage,
            "at": self.now(),
            "run": _json(self.folder / "heartbeat.json"),
            "state": self.state,
            "log": log,
            "log_at": place,
        }
        try:
            metrics = self._fresh_metrics()
            if not self._call(said, metrics):
                put(self.orders.beat, json.dumps(said).encode(), tries=1)
                if metrics is not None:
                    put(self.orders.metrics, metrics, tries=1)
            if metrics is not None:
                self.said_metrics = len(metrics)
        except (CarryError, OSError) as error:
            print(error, file=sys.stderr)

    def _fresh_metrics(self) -> bytes | None:
        """All that the run has measured, when it is more than was told."""
        metrics = self.folder / "metrics.jsonl"
        if not metrics.is_file() or metrics.stat().st_size == self.said_metrics:
            return None
        return metrics.read_bytes()

    def _call(self, said: dict[str, Any], metrics: bytes | None) -> bool:
        """Tell the app itself, where it can be reached."""
        call = self.orders.call
        data = json.dumps(said if metrics is None else {**said, "metrics": metrics.decode()}).encode()
        if call is None or len(data) > LARGEST_CALL:
            return False
        request = Request(  # noqa: S310 (the address is in the orders)
            call.address,
            data=data,
            method="POST",
            headers={"Authorization": f"Bearer {call.token}", "Content-Type": "application/json"},
        )
        try:
            with urlopen(request, timeout=5):  # noqa: S310 (as above)
                return True
        except (URLError, OSError) as error:
            _said(error)
            return False


def _said(error: OSError) -> str:
    """What went wrong; an answer that is an error is closed."""
    if isinstance(error, HTTPError):
        error.close()
    return str(error)


def _tail(path: Path) -> tuple[str, int]:
    """The last of a text file and the place in bytes where that begins."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            place = file.seek(max(0, size - LOG_TAIL))
            return file.read().decode("utf-8", "replace"), place
    except OSError:
        return "", 0


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


if __name__ == "__main__":
    sys.exit(main())

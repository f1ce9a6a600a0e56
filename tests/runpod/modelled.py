"""A house that rents machines, in memory and on a clock of its own: storage, account, and a model of the container."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.runpod.provider import KEY, Provider, RentedPod
from training.executors.runpod import RunPod
from training.recipes.orders import Orders, read_orders


class Clock:
    """Seconds that a test sets."""

    def __init__(self, seconds: float = 1_780_000_000.0) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds

    def moment(self) -> datetime:
        """The same as a date."""
        return datetime.fromtimestamp(self.seconds, UTC)


class Memory:
    """Transport without files."""

    def __init__(self) -> None:
        self.things: dict[str, bytes] = {}

    def put(self, name: str, source: Path) -> None:
        self.things[name] = source.read_bytes()

    def get(self, name: str, target: Path) -> bool:
        if name not in self.things:
            return False
        target.write_bytes(self.things[name])
        return True

    def write(self, name: str, data: bytes) -> None:
        self.things[name] = data

    def read(self, name: str) -> bytes | None:
        return self.things.get(name)

    def size(self, name: str) -> int | None:
        return len(self.things[name]) if name in self.things else None

    def remove(self, prefix: str) -> None:
        for name in [name for name in self.things if name.startswith(prefix)]:
            del self.things[name]

    def link_to_read(self, name: str, *, seconds: float) -> str:
        return f"memory:{name}"

    def link_to_write(self, name: str, *, seconds: float) -> str:
        return f"memory:{name}"


def client_of(provider: Provider, key: str = KEY) -> RunPod:
    """A client whose requests the stand-in answers at once."""

    def answer(request: httpx.Request) -> httpx.Response:
        reply = provider.handle(request.method, str(request.url), request.headers, request.read())
        if reply is None:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
        if isinstance(reply.body, str):
            return httpx.Response(reply.status, text=reply.body, headers=reply.headers)
        if reply.body is None:
            return httpx.Response(reply.status)
        return httpx.Response(reply.status, json=reply.body, headers=reply.headers)

    return RunPod(key, transport=httpx.MockTransport(answer))


@dataclass
class Ways:
    """How modelled containers behave. seconds: what the whole training takes, all machines together.

    mute: it works but nobody hears of it. dies_at: training seconds after which it never says how it ended.
    """

    seconds: float = 1200.0
    save_seconds: float = 120.0
    mute: bool = False
    dies_at: float | None = None
    packed: bytes = b""
    digest: str = ""


@dataclass
class ModelledContainer:
    """What training.recipes.pod does, by the clock instead of by training. One step is one second."""

    pod: RentedPod
    provider: Provider
    storage: Memory
    clock: Clock
    ways: Ways
    orders: Orders = field(init=False)
    began: float = field(init=False)
    first: float = 0.0
    over: bool = False
    deleted: bool = False

    def __post_init__(self) -> None:
        data = self._look(self.pod.body["env"]["CUEWRIGHT_ORDERS"])
        assert data is not None
        self.orders = read_orders(data)
        self.began = self.clock()
        if self._look(self.orders.ended_read) is not None:
            self.over = True
            return
        if (said := self._look(self.orders.state_read)) is not None:
            self.first = json.loads(said)["step"]
        elif self.orders.resume is not None:
            self.first = float(self._look(self.orders.resume.links[0]) or 0)

    def poll(self) -> bool:
        """Work up to now; a container of ours never exits by itself."""
        now = self.clock()
        if not self.over:
            self._work(now)
        if self.over and not self.deleted and not self.provider.refuse_self_delete:
            self.deleted = True
            self.provider.handle(
                "DELETE", f"/v2/pods/{self.pod.id}", {"authorization": f"Bearer {self.pod.own_key}"}, b""
            )
        return True

    def kill(self) -> None:
        self.over = True

    def lines(self) -> list[str]:
        return ["the container's own words"]

    def _work(self, now: float) -> None:
        done = self.first + now - self.began
        if self.ways.dies_at is not None and done >= self.ways.dies_at:
            self.over = True  # it hangs: no word, no end of its own
            self.deleted = True
            return
        saved = done - done % self.ways.save_seconds
        if saved > self.first:
            self._lay(self.orders.states["a"][0], str(saved).encode())
            self._lay(
                self.orders.state, json.dumps({"slot": "a", "step": int(saved), "size": 1, "sha256": "0"}).encode()
            )
        state = {"step": int(saved)} if saved else {}
        if not self.ways.mute:
            run = {"state": "training", "step": int(done), "steps": int(self.ways.seconds)}
            beat = {"attempt": self.orders.attempt, "stage": "trains", "at": now, "run": run, "state": state, "log": ""}
            self._lay(self.orders.beat, json.dumps(beat).encode())
        if done >= self.ways.seconds:
            self._lay(self.orders.result[0], self.ways.packed)
            links = [self.orders.result[0]]
            parcel = {"path": "result.tar", "size": 1, "sha256": self.ways.digest, "links": links, "chunk": 1}
            self._end("finished", now, parcel)
        elif now >= self.orders.ends_at - self.orders.margin:
            self._end("deadline", now)
        elif self._look(self.orders.stop) is not None:
            self._end("stopped", now)

    def _end(self, status: str, now: float, result: dict[str, Any] | None = None) -> None:
        said = {"attempt": self.orders.attempt, "status": status, "reason": "", "result": result, "at": now}
        self._lay(self.orders.ended, json.dumps(said).encode())
        self.over = True

    def _look(self, link: str) -> bytes | None:
        return self.storage.things.get(link.removeprefix("memory:"))

    def _lay(self, link: str, data: bytes) -> None:
        self.storage.things[link.removeprefix("memory:")] = data

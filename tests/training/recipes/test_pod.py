"""The program of a rented machine: when it works, when it does not, and that it ends its machine in any case."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.recipes.loopback import Quiet, serving
from training.executors.transport import LocalFolder
from training.recipes import carrying, pod
from training.recipes.carrying import CarryError
from training.recipes.orders import SLOTS, Call, Orders
from training.recipes.pod import Machine, Shift


@dataclass
class Listener:
    """RunPod and the app on the loopback: what they were asked. `status`: the next answers."""

    address: str = ""
    asked: list[tuple[str, str, str, bytes]] = field(default_factory=list)
    status: int = 204


@pytest.fixture
def listener() -> Iterator[Listener]:
    heard = Listener()

    class Handler(Quiet):
        def _note(self) -> None:
            heard.asked.append((self.command, self.path, self.headers["Authorization"], self.body()))
            self.answer(heard.status)

        do_DELETE = do_POST = _note

    with serving(Handler) as heard.address:
        yield heard


@pytest.fixture
def storage(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "storage")


def orders(storage: LocalFolder, **more: Any) -> Orders:
    def link(name: str) -> str:
        return storage.link_to_write(name, seconds=60)

    names = ("beat", "metrics", "state", "ended", "stop")
    same = {"state_read": link("state"), "ended_read": link("ended")}
    slots = {name: {slot: (link(f"state-{slot}"),) for slot in SLOTS} for name in ("states", "states_read")}
    links = {name: link(name) for name in names} | same | slots
    return replace(
        Orders("round", 1, {}, (), time.time() + 600, result=(link("result"),), **links),  # type: ignore[arg-type]
        **more,
    )


def machine(listener: Listener, ends_in: float = 600.0) -> Machine:
    return Machine(
        {
            "RUNPOD_POD_ID": "pod1",
            "RUNPOD_API_KEY": "the pod's own",
            "CUEWRIGHT_RUNPOD_URL": listener.address,
            "CUEWRIGHT_ENDS_AT": str(time.time() + ends_in),
        }
    )


def shift(folder: Path, orders: Orders, listener: Listener) -> Shift:
    folder.mkdir(exist_ok=True)
    return Shift(orders, folder, machine(listener), threading.Event())


def test_a_machine_deletes_itself_with_its_own_key(listener: Listener) -> None:
    assert machine(listener).end()
    assert listener.asked == [("DELETE", "/v2/pods/pod1", "Bearer the pod's own", b"")]


def test_a_machine_that_may_not_delete_itself_says_so(
    listener: Listener, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no runpodctl either
    listener.status = 403
    assert not machine(listener).end()
    assert "This machine may not delete itself" in capsys.readouterr().err


def test_the_deadline_ends_the_machine_wherever_its_work_hangs(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod, "GRACE_SECONDS", 0.0)
    stop = threading.Event()
    watching = machine(listener, ends_in=0.2).watch_deadline(stop)
    while not listener.asked:  # the main thread does nothing at all
        assert watching.is_alive()
        time.sleep(0.01)
    stop.set()
    watching.join()


def test_orders_that_do_not_come_are_waited_for_no_longer_than_the_deadline(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_link: str) -> bytes:
        raise CarryError("The storage cannot be reached: URLError.")

    monkeypatch.setattr(pod, "get", away)
    assert pod._orders("https://away.example/orders", machine(listener, ends_in=0.1), threading.Event()) is None


def test_an_attempt_that_has_ended_is_not_done_again(tmp_path: Path, storage: LocalFolder, listener: Listener) -> None:
    storage.write("ended", b'{"status": "finished"}')
    shift(tmp_path / "run", orders(storage), listener).work()
    assert storage.read("ended") == b'{"status": "finished"}'
    assert storage.read("beat") is None


def test_a_storage_that_is_away_does_not_make_a_finished_attempt_a_broken_one(
    tmp_path: Path, storage: LocalFolder, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.write("ended", b'{"status": "finished"}')
    work = shift(tmp_path / "run", orders(storage), listener)
    tries = []

    def get(link: str) -> bytes | None:
        tries.append(link)
        if len(tries) == 1:
            raise CarryError("The storage cannot be reached: URLError.")
        return carrying.get(link)

    monkeypatch.setattr(pod, "get", get)
    monkeypatch.setattr(work.stop, "wait", lambda _seconds: False)
    work.work()
    assert len(tries) == 2
    assert storage.read("ended") == b'{"status": "finished"}'


def test_a_deadline_that_is_over_ends_the_attempt_before_it_begins(
    tmp_path: Path, storage: LocalFolder, listener: Listener
) -> None:
    shift(tmp_path / "run", orders(storage, ends_at=time.time() - 1), listener).work()
    said = json.loads(storage.read("ended") or b"{}")
    assert (said["status"], said["result"]) == ("deadline", None)


@pytest.mark.parametrize(("status", "over_the_storage"), [(204, False), (429, True), (500, True)])
def test_heartbeat_and_metrics_go_to_the_app_else_over_the_storage(
    tmp_path: Path, storage: LocalFolder, listener: Listener, status: int, over_the_storage: bool
) -> None:
    listener.status = status
    told = orders(storage, call=Call(f"{listener.address}/api/pods/beat", "token"))
    work = shift(tmp_path / "run", told, listener)
    (work.folder / "metrics.jsonl").write_text('{"step": 1}\n')
    work._report("trains")
    method, path, key, data = listener.asked.pop()
    assert (method, path, key) == ("POST", "/api/pods/beat", "Bearer token")
    assert json.loads(data)["metrics"] == '{"step": 1}\n'
    laid = {name: storage.read(name) is not None for name in ("beat", "metrics")}
    assert laid == {"beat": over_the_storage, "metrics": over_the_storage}
    work._report("trains")
    assert "metrics" not in json.loads(listener.asked.pop()[3])  # told already

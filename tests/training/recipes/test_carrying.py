"""Files over links: in a folder, and over HTTP with a server that fails now and then."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from training.recipes.carrying import CarryError, Parcel, fetch, get, pack, put, send, sha256, unpack


class Shelf:
    """A server that keeps what is put and gives it back; `failures` are the next answers instead."""

    def __init__(self) -> None:
        self.things: dict[str, bytes] = {}
        self.failures: list[int] = []
        shelf = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(shelf.things.get(self.path))

            def do_PUT(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                if shelf.failures:
                    self._answer(None)
                    return
                shelf.things[self.path] = data
                self._answer(b"")

            def _answer(self, data: bytes | None) -> None:
                status = shelf.failures.pop(0) if shelf.failures else 200 if data is not None else 404
                self.send_response(status)
                body = (data or b"") if status == 200 else b""
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    found = Shelf()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.recipes.carrying.time.sleep", lambda _seconds: None)


@pytest.fixture(params=["folder", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path, shelf: Shelf) -> str:
    return (tmp_path / "there").as_uri() if request.param == "folder" else shelf.address


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 3000])
def test_a_file_goes_there_and_comes_back_in_chunks(place: str, tmp_path: Path, size: int) -> None:
    source = tmp_path / "weights"
    source.write_bytes(bytes(number % 251 for number in range(size)))
    parcel = send(source, "weights", [f"{place}/part-{number}" for number in range(4)], chunk=1000)
    assert parcel == Parcel("weights", size, sha256(source), parcel.links, 1000)
    assert len(parcel.links) == max(1, -(-size // 1000))
    target = tmp_path / "here" / "weights"
    fetch(Parcel.read(parcel.json()), target)
    assert target.read_bytes() == source.read_bytes()
    assert [path.name for path in target.parent.iterdir()] == ["weights"]


def test_nothing_lies_there(place: str) -> None:
    assert get(f"{place}/nothing") is None
    put(f"{place}/something", b"here")
    assert get(f"{place}/something") == b"here"


def test_a_damaged_file_is_refused(place: str, tmp_path: Path) -> None:
    source = tmp_path / "weights"
    source.write_bytes(b"x" * 1500)
    parcel = send(source, "weights", [f"{place}/0", f"{place}/1"], chunk=1000)
    put(f"{place}/1", b"y" * 500)
    with pytest.raises(CarryError, match=r"^weights arrived damaged\.$"):
        fetch(parcel, tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_too_few_links(place: str, tmp_path: Path) -> None:
    source = tmp_path / "weights"
    source.write_bytes(b"x" * 1500)
    with pytest.raises(CarryError, match="larger than was arranged for"):
        send(source, "weights", [f"{place}/0"], chunk=1000)


def test_a_server_that_fails_is_asked_again(shelf: Shelf, tmp_path: Path) -> None:
    shelf.failures = [503, 500]
    put(f"{shelf.address}/a", b"here")
    assert shelf.things == {"/a": b"here"}
    shelf.failures = [503, 429, 500]
    assert get(f"{shelf.address}/a") == b"here"


def test_a_server_that_goes_on_failing_is_told_without_its_address(shelf: Shelf) -> None:
    shelf.failures = [503] * 9
    with pytest.raises(CarryError) as caught:
        get(f"{shelf.address}/a?signature=secret")
    assert str(caught.value) == "The storage cannot be reached: answer 503."
    shelf.failures = [403]
    with pytest.raises(CarryError, match=r"^The storage refuses it: answer 403\. Its link may have run out\.$"):
        put(f"{shelf.address}/a", b"here")


def test_packed_files_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "run" / "checkpoints" / "checkpoint-3").mkdir(parents=True)
    (tmp_path / "run" / "checkpoints" / "checkpoint-3" / "whole").touch()
    (tmp_path / "run" / "metrics.jsonl").write_text("{}\n")
    pack(tmp_path / "run", ["metrics.jsonl", "checkpoints/checkpoint-3"], tmp_path / "state.tar")
    unpack(tmp_path / "state.tar", tmp_path / "other")
    assert sorted(path.relative_to(tmp_path / "other").as_posix() for path in (tmp_path / "other").rglob("*")) == [
        "checkpoints",
        "checkpoints/checkpoint-3",
        "checkpoints/checkpoint-3/whole",
        "metrics.jsonl",
    ]
    (tmp_path / "none.tar").write_bytes(b"no tar")
    with pytest.raises(CarryError, match="cannot be read"):
        unpack(tmp_path / "none.tar", tmp_path / "other")

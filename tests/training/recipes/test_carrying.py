"""Files over links: in a folder, and over HTTP with a server that fails now and then."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.training.recipes.loopback import Quiet, serving
from training.recipes.carrying import CarryError, Parcel, fetch, get, pack, put, send, sha256, unpack


@dataclass
class Shelf:
    """A server that keeps what is put and gives it back; `failures` are the next answers instead."""

    address: str = ""
    things: dict[str, bytes] = field(default_factory=dict)
    failures: list[int] = field(default_factory=list)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    kept = Shelf()

    class Handler(Quiet):
        def do_GET(self) -> None:
            data = kept.things.get(self.path)
            if kept.failures:
                self.answer(kept.failures.pop(0))
            elif data is None:
                self.answer(404)
            else:
                self.answer(200, data)

        def do_PUT(self) -> None:
            data = self.body()
            if kept.failures:
                self.answer(kept.failures.pop(0))
                return
            kept.things[self.path] = data
            self.answer(200)

    with serving(Handler) as kept.address:
        yield kept


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

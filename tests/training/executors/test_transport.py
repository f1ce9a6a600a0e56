"""A folder and S3 keep the same promises."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.runpod.storage import BUCKET, s3_serving
from training.executors.transport import S3, LocalFolder, Transport, TransportError
from training.recipes.carrying import get, put


@pytest.fixture(scope="module")
def s3() -> Iterator[tuple[Any, str]]:
    with s3_serving() as serving:
        yield serving


@pytest.fixture(params=["folder", "S3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Transport:
    if request.param == "folder":
        return LocalFolder(tmp_path / "place")
    _client, address = request.getfixturevalue("s3")
    return S3(BUCKET, endpoint=address, prefix=f"{tmp_path.name}/")


def test_a_large_file_goes_there_and_back(place: Transport, tmp_path: Path) -> None:
    source, target = tmp_path / "weights", tmp_path / "back" / "weights"
    source.write_bytes(Random(1).randbytes(20 << 20))  # boto3 sends more than 8 MB in parts
    place.put("files/weights", source)
    assert place.size("files/weights") == 20 << 20
    assert place.get("files/weights", target)
    assert target.read_bytes() == source.read_bytes()


def test_a_large_file_is_sent_in_parts(s3: tuple[Any, str], tmp_path: Path) -> None:
    client, address = s3
    (tmp_path / "weights").write_bytes(bytes(20 << 20))
    S3(BUCKET, endpoint=address).put("files/weights", tmp_path / "weights")
    mark = client.head_object(Bucket=BUCKET, Key="cuewright/files/weights")["ETag"]
    assert mark.strip('"').endswith("-3")  # of three parts


def test_what_is_not_there(place: Transport, tmp_path: Path) -> None:
    assert place.read("nothing") is None
    assert place.size("nothing") is None
    assert not place.get("nothing", tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    place.remove("nothing")


def test_a_link_needs_no_key(place: Transport) -> None:
    put(place.link_to_write("beat.json", seconds=60), b"one")
    put(place.link_to_write("beat.json", seconds=60), b"two")
    assert place.read("beat.json") == b"two"
    assert get(place.link_to_read("beat.json", seconds=60)) == b"two"
    assert get(place.link_to_read("nothing", seconds=60)) is None


def test_what_begins_so_is_taken_away(place: Transport) -> None:
    for name in ("rounds/a/state-a-000", "rounds/a/state.json", "rounds/b/state-a-000"):
        place.write(name, b"x")
    place.remove("rounds/a/state-")
    left = [place.read(name) for name in ("rounds/a/state-a-000", "rounds/a/state.json", "rounds/b/state-a-000")]
    assert left == [None, b"x", b"x"]


def test_a_link_of_s3_runs_out_and_holds_no_secret(s3: tuple[Any, str]) -> None:
    link = S3(BUCKET, endpoint=s3[1]).link_to_read("beat.json", seconds=90.5)
    assert "X-Amz-Expires=90&" in link
    assert "planted-storage-secret" not in link


def test_trouble_of_the_storage_is_told_without_keys(s3: tuple[Any, str], tmp_path: Path) -> None:
    wrong = S3("no-such-bucket", endpoint=s3[1])
    source = tmp_path / "x"
    source.write_bytes(b"x")
    asks: list[Callable[[], object]] = [
        lambda: wrong.write("x", b"x"),
        lambda: wrong.put("x", source),
        lambda: wrong.remove("x"),
        lambda: S3(BUCKET, endpoint="http://127.0.0.1:9").read("x"),
    ]
    for ask in asks:
        with pytest.raises(TransportError, match=r"^The storage cannot be used: ") as caught:
            ask()
        assert "planted" not in str(caught.value)


def test_a_mistake_of_ours_is_no_trouble_of_the_storage(s3: tuple[Any, str]) -> None:
    with pytest.raises(TypeError):
        S3(BUCKET, endpoint=s3[1]).write(None, b"x")  # type: ignore[arg-type]

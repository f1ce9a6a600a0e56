"""A second machine: a worker with a data folder of its own, started from the file that worker_env wrote."""

import os

import psycopg
import pytest

from tests.e2e.installation import Installation

pytestmark = pytest.mark.services

SERVER = os.environ.get("CUEWRIGHT_TEST_DATABASE_URL", "postgresql://root@127.0.0.1:5432/postgres")
REDIS = os.environ.get("CUEWRIGHT_TEST_BROKER_URL", "redis://127.0.0.1:6379/9")
OPEN = "select count(*) from curator_job where state in ('queued', 'running')"


@pytest.fixture
def first(tmp_path):
    """A machine whose database and queue are servers and whose media lie in a folder that others see."""
    name = f"cuewright_join_{os.getpid()}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"create database {name}")  # a name of our own
        (tmp_path / "first").mkdir()
        made = Installation(
            tmp_path / "first",
            settings={
                "DATABASE_URL": f"{SERVER.rsplit('/', 1)[0]}/{name}",
                "BROKER_URL": REDIS,
                "CUEWRIGHT_MEDIA": str(tmp_path / "media"),
            },
        )
        made.manage("migrate")
        made.manage("seed_demo")
        yield made
        made.stop()
        server.execute(f"drop database {name} with (force)")


@pytest.fixture
def second(tmp_path, first):
    """Another machine that knows nothing but the file."""
    (tmp_path / "second").mkdir()
    file = tmp_path / "second" / ".env"
    told = first.manage_json(
        "worker_env", "--out", str(file), "--host", "127.0.0.1", "--queue", "gpu", "--queue", "cpu"
    )
    assert told == {"file": str(file), "host": "127.0.0.1", "storage": "folder", "weights": 2, "refused": []}
    assert file.stat().st_mode & 0o777 == 0o600
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    made = Installation(tmp_path / "second", settings=dict(line.split("=", 1) for line in lines))
    yield made
    made.stop()


def test_a_second_machine_writes_and_renders_for_the_first(first, second):
    second.start("join")
    second.wait("select count(*) from curator_worker where stopped_at is null", 2)
    first.manage("generate_cues", "--film", "demo", "--cue", "1m1", "--count", "3")
    first.wait("select count(*) from generation_candidate where state = 'written'", 3)
    first.wait(OPEN, 0)
    assert first.rows("select distinct state from curator_job") == [("done",)]
    assert first.rows("select count(*) from curator_rendering where state <> 'ready'") == [(0,)]
    weights = {path.name for path in (first.data / "weights").glob("*.safetensors")}
    assert {path.name for path in (second.data / "weights").glob("*.safetensors")} <= weights
    assert list((second.data / "weights").glob("*.safetensors")) != []
    seen = first.manage("shell", "-v0", "-c", _SEEN)
    assert seen.split()[-1] == "True"
    assert not (second.data / "media").exists()
    second.stop()
    first.wait("select count(*) from curator_worker where stopped_at is null", 0)


_SEEN = """
from django.core.files.storage import default_storage
from curator.models.library import MediaFile
print(MediaFile.objects.exists() and all(default_storage.exists(row.name) for row in MediaFile.objects.all()))
"""


def test_a_machine_that_cannot_work_says_why(second):
    second.settings["BROKER_URL"] = "redis://127.0.0.1:1/0"
    with pytest.raises(AssertionError, match=r"The queue at 127.0.0.1 does not answer \(BROKER_URL\)"):
        second.manage("join")
    second.settings["DATABASE_URL"] = "postgresql://nobody:secret@127.0.0.1:1/none"
    with pytest.raises(AssertionError) as caught:
        second.manage("join")
    assert "The database at 127.0.0.1 does not answer (DATABASE_URL)" in str(caught.value)
    assert "secret" not in str(caught.value)

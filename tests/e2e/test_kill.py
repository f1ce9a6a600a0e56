"""SIGKILL and restarts cost time, never work: in the middle of 24 takes, over both brokers, by one worker and by three.

`make kill` runs one case of each kind; all of them are measured as figures (-m matrix).
"""

import hashlib
import os
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests.e2e.installation import Installation
from tests.e2e.servers import Server, postgresql_server, redis_server
from tests.small_disk import fill, small_disk

COUNT = 24
DOWN_SECONDS = 3.0
"""How long a server is away before it is started again."""

FULL_SECONDS = 12.0
"""How long the disk is full: longer than a lease, a sweep and the time after which a job is sent again."""

FAST = {"CUEWRIGHT_LEASE": "4", "CUEWRIGHT_SWEEP": "1", "CUEWRIGHT_RESEND": "3"}
WRITTEN = "select count(*) from generation_candidate where state = 'written'"
OPEN = "select count(*) from curator_job where state in ('queued', 'running')"
ASK = f"""
from curator.models.film import Cue
from generation.domain.requests import request_takes
cue = Cue.objects.get(film__slug="demo", number="1m1")
cue.bars = 8
request_takes(cue=cue, count={COUNT}, seed=7)
"""

FORGET = """
from curator.models.jobs import Job, Worker
Job.objects.all().delete()
Worker.objects.all().delete()
"""

CASES = [
    *(("embedded", killed, workers) for killed in ("worker", "supervisor", "disk") for workers in (1, 3)),
    *(("redis", killed, workers) for killed in ("worker", "supervisor", "redis", "postgresql") for workers in (1, 3)),
]
"""Broker (embedded: SQLite and a folder; redis: Redis and PostgreSQL), what is killed, how many workers write.

"worker": one that writes, and the one that renders; "disk": nobody, but there is no byte left for a while."""

IN_CI = {
    ("embedded", "worker", 1),
    ("embedded", "supervisor", 1),
    ("redis", "redis", 1),
    ("redis", "postgresql", 1),
}


def worker_pid(installation: Installation, queue: str) -> int:
    """The process of the newest worker of `queue`."""
    query = "select process_id from curator_worker where cast(queues as text) like ? order by id desc limit 1"
    installation.until(lambda: installation.rows(query, f"%{queue}%"))
    return int(installation.rows(query, f"%{queue}%")[0][0])


def at_work(installation: Installation, queue: str) -> tuple[int, int]:
    """A job of `queue` that is at work just now, and the process that does it."""
    query = "select j.id, w.process_id from curator_worker w join curator_job j on j.worker_id = w.id"
    found: list[tuple[int, int]] = []

    def look() -> bool:
        rows = installation.rows(f"{query} where j.queue = ? and j.state = 'running'", queue)
        found.extend((int(job), int(process)) for job, process in rows)
        return bool(found)

    installation.until(look)
    return found[0]


class Reader(threading.Thread):
    """Reads every file as soon as the app would serve it, and at the end; `broken` names what is not whole."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(daemon=True)
        self._installation = installation
        self._over = threading.Event()
        self.read: set[str] = set()
        self.broken: list[str] = []

    def run(self) -> None:
        while not self._over.wait(0.2):
            try:
                self._look()
            except (psycopg.Error, sqlite3.Error):
                continue  # the database is away, or not made yet

    def finish(self) -> None:
        """Stop, and look at everything again."""
        self._over.set()
        self.join()
        self.read.clear()
        self._look()

    def _look(self) -> None:
        for sha256, suffix, size in self._installation.rows("select sha256, suffix, size from curator_mediafile"):
            if sha256 in self.read:
                continue
            self.read.add(sha256)
            path = self._installation.data / "media" / sha256[:2] / f"{sha256}{suffix}"
            data = path.read_bytes() if path.is_file() else b""
            if len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
                self.broken.append(path.name)


@pytest.fixture
def outside() -> Iterator[ExitStack]:
    """What an installation stands on; it goes after the installation has ended."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def begun(tmp_path_factory) -> Callable[[str], Path]:
    """A folder with the data of an installation over a broker that has begun and ended; made once, then copied."""
    made: dict[str, Path] = {}

    def make(broker: str) -> Path:
        if broker not in made:
            folder = tmp_path_factory.mktemp(broker)
            (folder / "data").mkdir()
            with ExitStack() as stack:
                new = Installation(folder / "data")
                if broker == "redis":
                    server = stack.enter_context(postgresql_server())
                    new.settings["DATABASE_URL"] = server.url
                stack.callback(new.stop)
                new.serve()
                new.wait("select count(*) > 0 from curator_rendering", 1)
                new.wait(OPEN, 0)
                new.stop()
                new.manage("shell", "-v0", "-c", FORGET)
                if broker == "redis":
                    server.end(signal.SIGINT)
                    shutil.copytree(server.folder / "data", folder / "postgresql" / "data")
            made[broker] = folder
        return made[broker]

    return make


def assert_all_there_once(installation: Installation, reader: Reader) -> None:
    """Every candidate written, each with one take of its own, nothing twice, everything drawn, every file whole."""
    installation.wait(WRITTEN, COUNT)
    rows = installation.rows('select "index", seed, take_id, version_id, number from generation_candidate')
    assert sorted(row[0] for row in rows) == list(range(COUNT))
    assert [len({row[place] for row in rows} - {None}) for place in range(1, 5)] == [COUNT] * 4
    assert installation.rows("select count(*) from curator_take") == [(COUNT,)]
    assert installation.rows("select count(*) from curator_piece where origin = 'generated'") == [(COUNT,)]
    installation.wait(OPEN, 0)
    assert installation.rows("select kind, error from curator_job where state = 'failed'") == []
    drawn = "select state, count(*) from curator_rendering where version_id in (select version_id from curator_take)"
    assert installation.rows(f"{drawn} group by state") == [("ready", 2 * COUNT)]
    reader.finish()
    assert len(reader.read) > COUNT
    assert reader.broken == []


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            id="-".join(map(str, case)),
            marks=[pytest.mark.matrix, *([pytest.mark.kill] if case in IN_CI else [])],
        )
        for case in CASES
    ],
)
def test_killed_in_the_middle_of_the_takes(begun, outside, installation, case):
    broker, killed, workers = case
    installation.settings = FAST | {"CUEWRIGHT_BESIDE": "2"}
    up: dict[str, Server] = {}
    if broker == "redis":
        up = {
            "redis": outside.enter_context(redis_server()),
            "postgresql": outside.enter_context(postgresql_server(like=begun(broker) / "postgresql")),
        }
        installation.settings |= {"BROKER_URL": up["redis"].url, "DATABASE_URL": up["postgresql"].url}
    if killed == "disk":
        installation.data = outside.enter_context(small_disk(installation.data / "small", kilobytes=300_000))
    shutil.copytree(begun(broker) / "data", installation.data, dirs_exist_ok=True)
    installation.serve()
    for _more in range(workers - 1):  # as on other machines: no supervisor of ours starts them again
        installation.start("work", "--queue", "gpu")
    alive = "select count(*) from curator_worker where cast(queues as text) like ? and stopped_at is null"
    installation.until(lambda: installation.rows(alive, "%gpu%")[0][0] == workers)
    reader = Reader(installation)
    reader.start()
    installation.manage("shell", "-v0", "-c", ASK)
    installation.until(lambda: installation.rows(WRITTEN)[0][0] >= 1)
    assert installation.rows(WRITTEN)[0][0] < COUNT
    if killed == "worker":
        for queue in ("gpu", "cpu"):
            _job, process = at_work(installation, queue)
            os.kill(process, signal.SIGKILL)  # noqa: TID251 (the point of this test)
    elif killed == "supervisor":
        os.kill(installation.processes[0].pid, signal.SIGKILL)  # noqa: TID251 (the point of this test)
        installation.processes[0].wait()
        # Its children notice and end by themselves.
        installation.until(lambda: not installation.answers())
        installation.serve()
    elif killed == "disk":
        filler = fill(installation.data)
        time.sleep(FULL_SECONDS)
        assert installation.answers()
        filler.unlink()
    elif killed == "redis":
        job, _process = at_work(installation, "cpu")
        up["redis"].end(signal.SIGKILL)  # noqa: TID251 (as above)
        # Its worker must find nobody to tell that the job is done.
        ended = "select count(*) from curator_job where id = ? and state <> 'running'"
        installation.until(lambda: installation.rows(ended, job)[0][0])
        time.sleep(DOWN_SECONDS)
        up["redis"].start()
    else:
        up["postgresql"].end(signal.SIGQUIT)
        time.sleep(DOWN_SECONDS)
        up["postgresql"].start()
    assert_all_there_once(installation, reader)
    if killed == "worker" and workers == 1:
        # its row may count one less: a job that waits for the last take of a helper goes back without losing an attempt
        log = (installation.data / "logs" / "worker-gpu.log").read_text(errors="replace")
        assert "generation.write starts, attempt 2" in log

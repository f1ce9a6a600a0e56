"""SIGKILL costs time, never work: one test of each kind."""

import os
import signal
import time

import pytest

from tests.e2e.installation import Installation

pytestmark = pytest.mark.kill

COUNT = 6
FAST = {"CUEWRIGHT_LEASE": "4", "CUEWRIGHT_SWEEP": "1", "CUEWRIGHT_RESEND": "3"}
REDIS = os.environ.get("CUEWRIGHT_TEST_BROKER_URL", "redis://127.0.0.1:6379/9")
WRITTEN = "select count(*) from generation_candidate where state = 'written'"


def worker_pid(installation: Installation, queue: str) -> int:
    """The process of the newest worker of `queue`."""
    query = "select process_id from curator_worker where queues like ? order by id desc limit 1"
    deadline = time.monotonic() + 60
    while not (found := installation.rows(query, f"%{queue}%")):
        assert time.monotonic() < deadline, f"no worker for {queue}"
        time.sleep(0.2)
    return int(found[0][0])


def ask(installation: Installation) -> None:
    """Ask for COUNT takes of the demo film's first cue, without waiting for them."""
    installation.manage("generate_cues", "--film", "demo", "--cue", "1m1", "--count", str(COUNT))


def wait_for_first(installation: Installation) -> None:
    """Until the request is in its middle: at least one candidate done, at least one not."""
    deadline = time.monotonic() + 120
    while not 1 <= installation.rows(WRITTEN)[0][0] < COUNT:
        assert time.monotonic() < deadline, installation.logs()
        time.sleep(0.05)


def assert_all_there_once(installation: Installation) -> None:
    """Every candidate written, each with one take of its own, nothing twice."""
    installation.wait(WRITTEN, COUNT, 180)
    indices = installation.rows('select "index" from generation_candidate order by "index"')
    assert indices == [(index,) for index in range(COUNT)]
    takes = installation.rows("select count(distinct take_id), count(take_id) from generation_candidate")
    assert takes == [(COUNT, COUNT)]
    assert installation.rows("select count(*) from curator_take") == [(COUNT,)]
    installation.wait("select count(*) from curator_job where state in ('queued', 'running')", 0, 180)
    assert installation.rows("select count(*) from curator_job where state = 'failed'") == [(0,)]


@pytest.mark.parametrize("broker", ["filesystem", "redis"])
def test_gpu_worker_killed_in_mid_request(installation, broker):
    installation.settings = FAST | ({"BROKER_URL": REDIS} if broker == "redis" else {})
    installation.serve()
    first = worker_pid(installation, "gpu")
    ask(installation)
    wait_for_first(installation)
    os.kill(first, signal.SIGKILL)  # noqa: TID251 (the point of this test)
    assert_all_there_once(installation)
    assert worker_pid(installation, "gpu") != first
    assert installation.rows("select max(attempt) from curator_job where queue = 'gpu'")[0][0] >= 2


def test_cpu_worker_killed_while_it_renders(installation):
    installation.settings = FAST
    installation.serve()
    ask(installation)
    busy = "select count(*) from curator_job where queue = 'cpu' and state = 'running'"
    deadline = time.monotonic() + 120
    while not installation.rows(busy)[0][0]:
        assert time.monotonic() < deadline, installation.logs()
        time.sleep(0.05)
    os.kill(worker_pid(installation, "cpu"), signal.SIGKILL)  # noqa: TID251 (the point of this test)
    assert_all_there_once(installation)
    assert installation.rows("select count(*) from curator_rendering where state != 'ready'") == [(0,)]


def test_everything_killed_and_started_again(installation):
    installation.settings = FAST
    installation.serve()
    ask(installation)
    wait_for_first(installation)
    os.kill(installation.processes[0].pid, signal.SIGKILL)  # noqa: TID251 (the point of this test)
    installation.processes[0].wait()
    deadline = time.monotonic() + 60
    while installation.answers():  # its children notice and end by themselves
        assert time.monotonic() < deadline, "the web server outlived its supervisor"
        time.sleep(0.2)
    installation.serve()
    assert_all_there_once(installation)

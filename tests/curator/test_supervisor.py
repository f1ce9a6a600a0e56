"""The supervisor outlives what goes wrong with its children, their logs and the sweeper."""

import sys
import threading
import time

import pytest

from curator import jobs, supervisor
from curator.supervisor import LONGEST_PAUSE, Child


@pytest.fixture(autouse=True)
def _own_data(settings, tmp_path):
    settings.DATA = tmp_path


def ended(child: Child) -> Child:
    """The child after its process has ended."""
    assert child.process is not None
    child.process.wait(20)
    return child


def test_a_child_that_failed_very_often_waits_no_longer_than_the_longest_pause():
    child = Child("web", [sys.executable, "-c", "raise SystemExit(1)"], failures=5000)
    child.keep_alive()
    ended(child).keep_alive()
    assert (child.process, child.failures) == (None, 5001)
    assert 0 < child.next_start - time.monotonic() <= LONGEST_PAUSE


def test_a_child_that_cannot_be_started_is_tried_again(tmp_path, caplog):
    (tmp_path / "logs").write_text("a file where the folder should be", encoding="utf-8")
    child = Child("web", [sys.executable, "-c", "pass"])
    child.keep_alive()
    assert (child.process, child.failures) == (None, 1)
    assert "web cannot be started" in caplog.text
    (tmp_path / "logs").unlink()
    child.next_start = 0
    child.keep_alive()
    assert ended(child).log.exists()


def test_a_child_writes_utf_8_whatever_the_system_likes(monkeypatch):
    monkeypatch.setenv("PYTHONUTF8", "0")
    child = Child("web", [sys.executable, "-c", "import sys; print(sys.flags.utf8_mode)"])
    child.keep_alive()
    assert ended(child).log.read_text(encoding="utf-8").strip() == "1"


def test_the_sweeper_goes_on_after_a_bug(settings, monkeypatch, caplog):
    settings.JOB_SWEEP_SECONDS = 0.01
    stop = threading.Event()
    turns = []

    def sweep():
        turns.append(len(turns))
        if len(turns) == 3:
            stop.set()
        raise (KeyError("bug"), OSError("broker"), ValueError("other"))[len(turns) - 1]

    monkeypatch.setattr(jobs, "sweep", sweep)
    supervisor._sweep(stop)
    assert turns == [0, 1, 2]
    assert caplog.text.count("sweep failed") == 3

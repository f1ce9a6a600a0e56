"""Subprocesses with bounds."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curator import processes
from curator.processes import WINDOWS, Completed, run_bounded

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(WINDOWS, reason="the system sets no such bounds")


def python(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-I", "-c", program, *arguments]


def is_alive(pid: int) -> bool:
    # a killed process whose parent has not looked yet is still listed, as a zombie
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_input_goes_in_and_both_streams_come_out():
    program = "import sys; print(sys.stdin.read().upper()); print('hm', file=sys.stderr); sys.exit(3)"
    done = run_bounded(python(program), input=b"abc", timeout=20, memory_mb=512)
    assert done == Completed(3, b"ABC" + os.linesep.encode(), b"hm" + os.linesep.encode(), timed_out=False)


@posix
def test_time_runs_out_for_the_children_too(tmp_path):
    told = tmp_path / "pid"
    program = (
        "import subprocess, sys; p = subprocess.Popen(['sleep', '60']);"
        "open(sys.argv[1], 'w').write(str(p.pid)); p.wait()"
    )
    began = time.monotonic()
    done = run_bounded(python(program, str(told)), timeout=2, memory_mb=512)
    assert done.timed_out
    assert done.returncode < 0
    assert time.monotonic() - began < 15
    assert not is_alive(int(told.read_text()))


@posix
def test_memory_has_an_end():
    done = run_bounded(python("x = bytearray(1 << 30)"), timeout=20, memory_mb=256)
    assert done.returncode == 1
    assert b"MemoryError" in done.stderr


@posix
def test_a_machine_that_allows_less_is_no_error():
    program = (
        "import resource as r; r.setrlimit(r.RLIMIT_AS, (1 << 30, 1 << 30));"
        "from curator.processes import run_bounded;"
        "print(run_bounded(['echo', 'fine'], timeout=20, memory_mb=4096))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "fine" in done.stdout, done.stderr


@posix
def test_an_orphan_ends_by_itself():
    done = run_bounded(python("import resource as r; print(r.getrlimit(r.RLIMIT_CPU)[0])"), timeout=20, memory_mb=512)
    assert 20 <= int(done.stdout) <= 120


@posix
def test_whoever_is_interrupted_leaves_nobody_behind(monkeypatch):
    class Interrupted(subprocess.Popen):
        def communicate(self, *args, **options):
            started.append(self)
            raise KeyboardInterrupt

    started: list[subprocess.Popen] = []
    monkeypatch.setattr(processes.subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_bounded(["sleep", "60"], timeout=60, memory_mb=512)
    process = started[0]
    assert process.poll() is not None
    assert [stream.closed for stream in (process.stdin, process.stdout, process.stderr)] == [True] * 3


@posix
def test_the_end_of_a_group_is_asked_for_first(tmp_path):
    said = tmp_path / "said"
    program = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (open(sys.argv[1], 'w').write('bye'), "
        "sys.exit(0))); print('ready', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(python(program, str(said)), stdout=subprocess.PIPE, **processes.new_group())
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        processes.end_group(process, grace=20)
    assert (process.returncode, said.read_text()) == (0, "bye")


def test_the_parent_is_there():
    assert processes.parent_is_gone() is False


@posix
def test_a_process_that_has_worked_enough_is_ended_however_long_the_clock_allows():
    done = run_bounded(python("while True: pass"), timeout=100, memory_mb=512, cpu_seconds=0.5)
    assert (done.timed_out, done.returncode < 0) == (True, True)
    crashed = run_bounded(python("import os; os.abort()"), timeout=100, memory_mb=512, cpu_seconds=0.5)
    assert (crashed.timed_out, crashed.returncode < 0) == (False, True)

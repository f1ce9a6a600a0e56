"""The one place for what differs between POSIX and Windows: subprocesses with bounds, process groups, ends.

A lint rule bans the POSIX-only calls everywhere else.
"""

import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WINDOWS = sys.platform == "win32"


@dataclass(frozen=True)
class Completed:
    """How a bounded subprocess ended: exit status (negative: killed by that signal), both streams, timed out."""

    returncode: int
    stdout: bytes
    stderr: bytes
    timed_out: bool


def run_bounded(
    args: Sequence[str],
    *,
    input: bytes = b"",
    timeout: float,
    memory_mb: int,
    cpu_seconds: float | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Completed:
    """Run `args` with `input` on stdin, at most `timeout` seconds and `memory_mb` MiB of address space.

    With `cpu_seconds` it also ends, timed out, when it has worked so long: a machine with much else to do may then be
    given a long `timeout`. Where the system sets no limits the timeout alone holds.

    The whole process group ends with the time limit. The memory bound holds where the system sets one (RLIMIT_AS;
    macOS and Windows do not), and is lower where less is allowed. Should this process be killed meanwhile, a bound on
    CPU time ends the orphan. Never raises for what the process does; OSError when it cannot be started.
    """
    with subprocess.Popen(
        [*_with_limits(memory_mb, cpu_seconds or _CPU_SECONDS_PER_SECOND * timeout), *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=None if env is None else dict(env),
        **new_group(),
    ) as process:
        try:
            stdout, stderr = process.communicate(input, timeout=timeout)
            # With the one bound on CPU time the system ends a process by these signals only.
            worked_out = cpu_seconds is not None and -process.returncode in _OUT_OF_CPU_TIME
            return Completed(process.returncode, stdout, stderr, timed_out=worked_out)
        except subprocess.TimeoutExpired:
            end_group(process, grace=0)
            stdout, stderr = process.communicate()
            return Completed(process.returncode, stdout, stderr, timed_out=True)
        except BaseException:
            # Ctrl-C, or this process ends: nobody would wait for the other one any more.
            end_group(process, grace=0)
            raise


# A tiny launcher instead of preexec_fn, which is unsafe in a process that has threads.
_LAUNCHER = """
import os, resource, sys
for kind, most in ("AS", int(sys.argv[1]) << 20), ("CPU", int(sys.argv[2])), ("CORE", 0):
    kind = getattr(resource, "RLIMIT_" + kind)
    allowed = resource.getrlimit(kind)[1]
    most = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
    try:
        resource.setrlimit(kind, (most, most))
    except (ValueError, OSError):
        pass
os.execvp(sys.argv[3], sys.argv[3:])
"""
# Threads spend CPU time side by side, so the bound is well above the one on time.
_CPU_SECONDS_PER_SECOND = 4
_OUT_OF_CPU_TIME = (9, 24)  # SIGKILL and SIGXCPU, which Windows does not name


def _with_limits(memory_mb: int, cpu_seconds: float) -> list[str]:
    if WINDOWS:
        return []
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(memory_mb), str(math.ceil(cpu_seconds) + 1)]


def new_group() -> dict[str, Any]:
    """Keyword arguments for Popen that put the child at the head of a process group of its own."""
    if WINDOWS:
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"start_new_session": True}


def end_group(process: subprocess.Popen[bytes], *, grace: float) -> None:
    """Ask the group of `process` to end, wait `grace` seconds, then kill it. Returns when it is gone."""
    if WINDOWS:
        _end_group_windows(process, grace=grace)
        return
    for number, wait in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):  # noqa: TID251 (this is the place)
        if wait <= 0:
            continue
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)  # noqa: TID251 (this is the place)
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            continue
        if number == signal.SIGTERM:
            # The head is gone; whoever it left behind in its group goes too.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # noqa: TID251 (this is the place)
        return


def _end_group_windows(process: subprocess.Popen[bytes], *, grace: float) -> None:
    if grace > 0:
        with contextlib.suppress(OSError):
            process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    # taskkill ends the whole tree, which TerminateProcess does not.
    subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
    process.wait(10)


def on_stop_request(stop: threading.Event) -> None:
    """Set `stop` when this process is asked to end: Ctrl-C, SIGTERM, or Ctrl-Break on Windows."""

    def handler(_number: int, _frame: object) -> None:
        stop.set()

    signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGTERM, handler)
    if WINDOWS:
        signal.signal(getattr(signal, "SIGBREAK"), handler)  # noqa: B009 (exists on Windows only)


_parent_at_start = os.getppid()


def parent_is_gone() -> bool:
    """True when the process that started this one has ended. Always False on Windows, which does not tell."""
    return not WINDOWS and os.getppid() != _parent_at_start


def own_memory_bytes() -> int | None:
    """Memory of the machine that this process holds now; None where the system does not tell."""
    if WINDOWS:
        return _own_memory_windows()
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return None  # macOS tells only the most that it ever was
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _own_memory_windows() -> int | None:
    import ctypes

    class Counters(ctypes.Structure):
        _fields_ = [
            ("cb", ctypes.c_ulong),
            ("PageFaultCount", ctypes.c_ulong),
            *((name, ctypes.c_size_t) for name in ("PeakWorkingSetSize", "WorkingSetSize")),
            *((f"_unused{number}", ctypes.c_size_t) for number in range(6)),
        ]

    told = Counters(cb=ctypes.sizeof(Counters))
    dll: Any = getattr(ctypes, "WinDLL")  # noqa: B009 (exists on Windows only)
    kernel = dll("kernel32", use_last_error=True)
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.K32GetProcessMemoryInfo.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong]
    known = kernel.K32GetProcessMemoryInfo(kernel.GetCurrentProcess(), ctypes.byref(told), told.cb)
    return int(told.WorkingSetSize) if known else None

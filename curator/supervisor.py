"""Everything that `python run.py` keeps running: web, workers, sweeper. Ends all of it cleanly."""

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import connection

from curator import jobs, sweeps
from curator.environment import ROOT
from curator.processes import end_group, new_group, on_stop_request, parent_is_gone

log = logging.getLogger(__name__)

QUEUES = ("gpu", "cpu", "training")
GRACE_SECONDS = 8.0
# A child that dies at once is started again after 1, 2, 4 ... at most 30 seconds.
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 20.0
LOG_BYTES = 5_000_000


@dataclass
class Child:
    """One process that is started again when it dies."""

    name: str
    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    next_start: float = field(default=0.0)

    @property
    def log(self) -> Path:
        """Where its output goes, so that the terminal keeps the address and the link in sight."""
        return Path(settings.DATA) / "logs" / f"{self.name.replace(' ', '-')}.log"

    def keep_alive(self) -> None:
        """Start the process unless it runs or has to wait after a failure."""
        now = time.monotonic()
        if self.process is not None:
            status = self.process.poll()
            if status is None:
                return
            self.failures = 0 if now - self.started_at > STEADY_SECONDS else self.failures + 1
            pause = self._pause(now)
            log.warning("%s ended with status %s, starts again in %.0f s; see %s", self.name, status, pause, self.log)
            self.process = None
        if now >= self.next_start:
            try:
                self.process = self._start()
            except OSError as error:
                # A full disk, a folder that is gone: no reason to end the others.
                self.failures += 1
                log.warning("%s cannot be started, tried again in %.0f s: %s", self.name, self._pause(now), error)
            self.started_at = now

    def _pause(self, now: float) -> float:
        """Put the next start off, the longer the more starts have failed; returns the seconds."""
        pause = min(2.0 ** min(self.failures, 16) - 1, LONGEST_PAUSE)
        self.next_start = now + pause
        return pause

    def _start(self) -> "subprocess.Popen[bytes]":
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            # Windows does not rename a file that somebody has open; the log then grows on.
            with contextlib.suppress(OSError):
                self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as output:
            return subprocess.Popen(
                self.arguments,
                cwd=ROOT,
                # Windows would write redirected output in its code page, which has no musical signs.
                env=os.environ | {"PYTHONUTF8": "1"} | self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                **new_group(),
            )


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


def run(*, queues: Sequence[str] = QUEUES, web: bool = True) -> None:
    """Keep web and workers running until this process is asked to stop or its parent is gone."""
    stop = threading.Event()
    on_stop_request(stop)
    # Small matrices: a second BLAS thread costs the ranking more than it brings.
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    children = [Child("web", _manage("web"), threads)] if web else []
    children += [Child(f"worker {queue}", _manage("work", "--queue", queue)) for queue in queues]
    sweeper = threading.Thread(target=_sweep, args=(stop,), name="sweeper", daemon=True)
    sweeper.start()
    try:
        while not stop.wait(0.5) and not parent_is_gone():
            for child in children:
                child.keep_alive()
    finally:
        stop.set()
        enders = [
            threading.Thread(target=end_group, args=(child.process,), kwargs={"grace": GRACE_SECONDS})
            for child in children
            if child.process is not None
        ]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()
        sweeper.join(settings.JOB_SWEEP_SECONDS + 2)


def _sweep(stop: threading.Event) -> None:
    while not stop.wait(settings.JOB_SWEEP_SECONDS):
        try:
            jobs.sweep()
            sweeps.sweep_others()
        except DatabaseTrouble as error:
            log.warning("sweep failed, tried again in %s s: %s", settings.JOB_SWEEP_SECONDS, error)
            connection.close()
        except Exception:
            log.exception("sweep failed, tried again in %s s", settings.JOB_SWEEP_SECONDS)
            connection.close()
    connection.close()

"""Trains on this machine: `python -m training.recipes.run job.json` in a process group of its own.

The trainer outlives the worker that started it. Whoever comes next sees by the heartbeat that it lives and takes it
over, so there are never two in one folder.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curator.environment import ROOT
from curator.processes import end_group, new_group
from training.executors.executor import Ended
from training.recipes.run_folder import RunFolder

SILENT_SECONDS = 20.0
"""A heartbeat comes every two; after so many without one a trainer that we did not start is dead."""

HUNG_SECONDS = 180.0
"""After so many without a heartbeat our own trainer is ended, though its process is there."""

LOG = "log.txt"
_ENDINGS = {
    "finished": Ended.FINISHED,
    "guarded": Ended.FINISHED,
    "stopped": Ended.STOPPED,
    "refused": Ended.REFUSED,
    "failed": Ended.BROKEN,
}
_STATUSES = {0: Ended.FINISHED, 2: Ended.REFUSED, 3: Ended.STOPPED}
_SECRETS = ("CUEWRIGHT_", "DATABASE_", "BROKER_", "AWS_", "RUNPOD_")


class LocalExecutor:
    """Starts trainers on this machine."""

    here = True

    def attend(self, folder: Path) -> "LocalAttempt":
        """The run of this folder, taken over or started. A request to stop is waited for and then forgotten."""
        if _lives(folder):
            return LocalAttempt(folder)
        for name in ("stop", "heartbeat.json"):
            (folder / name).unlink(missing_ok=True)
        (folder / "launched").write_text(str(time.time()))
        with (folder / LOG).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "training.recipes.run", "job.json"],
                cwd=folder,
                env=_environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **new_group(),
            )
        return LocalAttempt(folder, process)


class LocalAttempt:
    """A trainer on this machine. Without `process` another process started it, and only the heartbeat tells of it."""

    def __init__(self, folder: Path, process: "subprocess.Popen[bytes] | None" = None) -> None:
        self._folder = folder
        self._process = process
        self.note = ""

    @property
    def saved_step(self) -> int:
        """See training.executors.executor.Attempt."""
        newest = RunFolder(self._folder).newest_state()
        return newest[1] if newest else 0

    def poll(self) -> Ended | None:
        """See training.executors.executor.Attempt."""
        if self._process is not None:
            status = self._process.poll()
            if status is not None:
                return _STATUSES.get(status, Ended.BROKEN)
            if _silence(self._folder) > HUNG_SECONDS:
                self.kill()
                return Ended.BROKEN
            return None
        if _lives(self._folder):
            return None
        return _ENDINGS.get(heartbeat(self._folder).get("state", ""), Ended.BROKEN)

    def ask_to_stop(self) -> None:
        """See training.executors.executor.Attempt."""
        (self._folder / "stop").touch()

    def kill(self) -> None:
        """End our own trainer. One that was taken over sees the request to stop at its next step."""
        if self._process is not None:
            end_group(self._process, grace=2.0)
        else:
            self.ask_to_stop()


def heartbeat(folder: Path) -> dict[str, Any]:
    """What the trainer of this folder said last; empty before its first word."""
    try:
        found: dict[str, Any] = json.loads((folder / "heartbeat.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found


def _lives(folder: Path) -> bool:
    said = heartbeat(folder)
    return said.get("state") not in _ENDINGS and _silence(folder) < SILENT_SECONDS


def _silence(folder: Path) -> float:
    """Seconds since the last heartbeat, before the first one since the start."""
    said = heartbeat(folder)
    if said:
        return time.time() - float(said.get("at", 0.0))
    try:
        return time.time() - float((folder / "launched").read_text())
    except (FileNotFoundError, ValueError):
        return float("inf")


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """What the trainer sees: nothing of the app's secrets, and where the code lies."""
    kept = {name: value for name, value in given.items() if not name.startswith(_SECRETS)}
    path = os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH", ""))))
    return kept | {"PYTHONPATH": path, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}

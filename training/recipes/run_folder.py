"""The folder of a run: what it says of itself while it works, where it is taken up from, what it leaves.

heartbeat.json    state, step, time of the last step; written anew every two seconds
metrics.jsonl     one row a step and one an epoch
checkpoints/      states to go on from; one counts when `whole` lies in it
kept-N/           weights after step N that may become the result
result/           weights with their meta.json
result.json       written last: what came out, with the hash of every file
started.json      whose run it is
stop              put there by whoever wants the run to save and stop
"""

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

BEAT = 2.0
"""Seconds between two heartbeats."""


class RunFolder:
    """Reads and writes these files; everything that others read appears whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def stop_wanted(self) -> bool:
        return (self.path / "stop").exists()

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a JSON file of this name."""
        part = self.path / f"{name}.part"
        part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(self.path / name)

    def read(self, name: str) -> dict[str, Any] | None:
        """A JSON file of this name, or None."""
        file = self.path / name
        found: dict[str, Any] | None = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
        return found

    def note(self, row: Mapping[str, Any]) -> None:
        """Add a row to the metrics."""
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows of the metrics; a last one that was broken off is left out."""
        file = self.path / "metrics.jsonl"
        for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
            try:
                yield json.loads(line)
            except ValueError:
                return

    def belongs_to(self, job: str) -> bool:
        """Whether this is the folder of that job; an unused one becomes its."""
        if (started := self.read("started.json")) is None:
            self.write("started.json", {"job": job})
            return True
        return bool(started["job"] == job)

    def newest_state(self) -> tuple[Path, int] | None:
        """The last whole state and its step."""
        found = [
            (path, int(path.name.rpartition("-")[2]))
            for path in self.checkpoints.glob("checkpoint-*")
            if (path / "whole").is_file()
        ]
        return max(found, key=lambda one: one[1], default=None)

    def go_back_to(self, step: int) -> None:
        """Forget what was written after `step`: a run that is taken up writes it again."""
        rows = [row for row in self.rows() if row["step"] <= step]
        part = self.path / "metrics.part"
        part.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        part.replace(self.path / "metrics.jsonl")
        for path in (*self.checkpoints.glob("checkpoint-*"), *self.path.glob("kept-*")):
            if int(path.name.rpartition("-")[2]) > step:
                shutil.rmtree(path)

    def kept(self, step: int) -> Path:
        """Where weights kept after `step` lie."""
        return self.path / f"kept-{step}" / "model.safetensors"

    def keep_only(self, step: int) -> None:
        """Remove the weights kept after other steps."""
        for path in self.path.glob("kept-*"):
            if int(path.name.rpartition("-")[2]) != step:
                shutil.rmtree(path)

    def tidy(self) -> None:
        """Remove what is of no use once the result is written: the states to go on from are three times as large."""
        for path in (self.checkpoints, *self.path.glob("kept-*")):
            shutil.rmtree(path, ignore_errors=True)


class Heart:
    """Writes the heartbeat from a thread of its own until the run ends."""

    def __init__(self, folder: RunFolder, *, job: str) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._ended = threading.Event()
        self._said: dict[str, Any] = {"job": job, "pid": os.getpid(), "state": "starting", "step": 0, "steps": 0}
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def start(self) -> None:
        self._write()
        self._thread.start()

    def say(self, **news: Any) -> None:
        """What the next heartbeat tells; `step` brings its time along, a new state is told at once."""
        with self._lock:
            self._said.update(news)
            if "step" in news:
                self._said["step_at"] = time.time()
        if "state" in news and self._thread.is_alive():
            self._write()

    def end(self, state: str, **news: Any) -> None:
        """Write the last heartbeat."""
        self.say(state=state, **news)
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._write()

    def _beat(self) -> None:
        while not self._ended.wait(BEAT):
            self._write()

    def _write(self) -> None:
        with self._writing:
            with self._lock:
                said = {**self._said, "at": time.time()}
            self._folder.write("heartbeat.json", said)

"""A whole installation for a test: its own data folder, port and processes, started by the command users start."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psycopg

ROOT = Path(__file__).resolve().parents[2]

PATIENCE = 600.0
"""Seconds after which nothing comes any more, on however slow and busy a machine."""


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Installation:
    """An installation in `data`. Processes started here end with `stop`."""

    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Address of its pages."""
        return f"http://localhost:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What its processes see."""
        return {
            **{
                name: value for name, value in os.environ.items() if not name.startswith(("CUEWRIGHT_", "DATABASE_URL"))
            },
            "DJANGO_SETTINGS_MODULE": "curator.settings",
            "CUEWRIGHT_DATA": str(self.data),
            "CUEWRIGHT_PORT": str(self.port),
            "CUEWRIGHT_SECRET_KEY": "only-for-tests",
            "PYTHONUNBUFFERED": "1",
            **self.settings,
        }

    def manage(self, *arguments: str, check: bool = True) -> str:
        """Run a management command to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"manage.py {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def manage_json(self, *arguments: str) -> Any:
        """Run a management command with --json and return its answer."""
        return json.loads(self.manage(*arguments, "--json"))

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a management command that stays up; its output goes to a log in the data folder."""
        path = self.data / f"log-{len(self.processes)}-{arguments[0]}.txt"
        with path.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *arguments],
                cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def log(self, number: int = -1) -> str:
        """What the started process `number` has printed."""
        index = number % len(self.processes)
        return next(self.data.glob(f"log-{index}-*.txt")).read_text(errors="replace")

    def logs(self) -> str:
        """The ends of all logs, for the message of a failing test."""
        files = [*self.data.glob("log-*.txt"), *self.data.glob("logs/*.log")]
        return "\n".join(f"== {file.name}\n{file.read_text(errors='replace')[-2500:]}" for file in files)

    def serve(self) -> str:
        """Start everything as a user does and return the sign-in link."""
        process = self.start("serve")
        number = len(self.processes) - 1
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            link = re.search(r"http://localhost:\d+/sign-in/\S+", self.log(number))
            if link and self.answers():
                return link.group()
            if process.poll() is not None:
                break
            time.sleep(0.2)
        raise AssertionError(f"the server did not come up:\n{self.log(number)}")

    def serve_seeded(self, script: str) -> str:
        """Set up, run `script` in Django's shell, start the web server alone; what the script printed last."""
        self.manage("migrate")
        self.manage("messages", "--compile")
        told = self.manage("shell", "-v0", "-c", script).strip()
        self.start_web()
        return told.rpartition("\n")[2]

    @classmethod
    @contextmanager
    def seeded(cls, data: Path, script: str) -> Iterator[Self]:
        """An installation in `data` after `script`, its web server up, until the end of the block."""
        made = cls(data, settings={"CUEWRIGHT_DEBUG": "1"})
        try:
            made.serve_seeded(script)
            yield made
        finally:
            made.stop()

    def start_web(self) -> subprocess.Popen[bytes]:
        """Start the web server alone and wait until it answers."""
        process = self.start("web")

        def answers() -> bool:
            assert process.poll() is None, self.logs()
            return self.answers()

        self.until(answers)
        return process

    def answers(self) -> bool:
        """True when the port is open."""
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the database, read beside the running processes."""
        if "DATABASE_URL" in self.settings:
            with psycopg.connect(self.settings["DATABASE_URL"], autocommit=True) as server:
                return server.execute(query.replace("?", "%s"), values).fetchall()
        with closing(sqlite3.connect(self.data / "cuewright.sqlite3", timeout=30)) as database:
            return database.execute(query, values).fetchall()

    def wait(self, query: str, expected: Any) -> None:
        """Wait until the first cell of `query` is `expected`."""
        found: list[Any] = []

        def look() -> bool:
            found[:] = self.rows(query)[0]
            return bool(found[0] == expected)

        self.until(look, lambda: f"{query} is {found[0]}, not {expected}")

    def until(self, true: Callable[[], object], told: Callable[[], str] = str) -> None:
        """Wait until `true` is; where it never is, the failure begins with what is `told`."""
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, f"{told()}\n{self.logs()}"
            time.sleep(0.05)

    def stop(self) -> None:
        """End every process, gently first."""
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(25)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # noqa: TID251 (a test that runs on POSIX only)
                process.wait(10)

"""A Redis and a PostgreSQL server of a test's own, to be killed and started again: own folder, own port."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Any

import psycopg

from tests.e2e.installation import free_port


def _as(user: str) -> dict[str, Any]:
    """Keyword arguments for a subprocess that is to run as another user."""
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


@dataclass
class Server:
    """A server process that can be ended at once and started again with what it had written."""

    command: list[str]
    folder: Path
    port: int
    url: str
    user: str | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder, start_new_session=True,
                **({} if self.user is None else _as(self.user)),
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while not self.answers():
            told = (self.folder / "server.log").read_text(errors="replace")[-2000:]
            assert self.process.poll() is None and time.monotonic() < deadline, told  # noqa: PT018 (one reason)
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether it takes work; a PostgreSQL that mends itself after a crash does not yet."""
        if self.url.startswith("postgresql"):
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url, connect_timeout=2):
                return True
            return False
        with closing(socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def end(self, how: int) -> None:
        """Send it a signal and wait until it is gone."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(60)


@contextmanager
def redis_server() -> Iterator[Server]:
    """A Redis that keeps what it was told in an append-only file."""
    with tempfile.TemporaryDirectory(prefix="cuewright-redis-") as name:
        folder, port = Path(name), free_port()
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", name]
        command += ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
        server = Server(command, folder, port, f"redis://127.0.0.1:{port}/0")
        server.start()
        try:
            yield server
        finally:
            server.end(signal.SIGTERM)


@contextmanager
def postgresql_server(*, like: Path | None = None) -> Iterator[Server]:
    """A PostgreSQL cluster made for this test, run by an ordinary user where this one is root.

    like: the folder of one that has ended, whose content it begins with.
    """
    programs = shutil.which("initdb") or ""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert programs or found, "needs PostgreSQL: apt-get install postgresql"
    bin_folder = (found[-1] if found else Path(programs).resolve()).parent
    user = "postgres" if os.geteuid() == 0 else None
    as_user: dict[str, Any] = {} if user is None else _as(user)
    # Not below pytest's folders, which nobody else may enter.
    folder, port = Path(tempfile.mkdtemp(prefix="cuewright-postgresql-")), free_port()
    try:
        if user:
            shutil.chown(folder, user)
        if like is None:
            made = [
                str(bin_folder / "initdb"),
                "-D",
                str(folder / "data"),
                "-A",
                "trust",
                "-U",
                "cuewright",
                "-E",
                "UTF8",
            ]
            subprocess.run(made, check=True, capture_output=True, cwd=folder, **as_user)
        else:
            shutil.copytree(like / "data", folder / "data")
            if user:
                subprocess.run(["chown", "-R", user, folder / "data"], check=True)
        command = [str(bin_folder / "postgres"), "-D", str(folder / "data"), "-p", str(port), "-k", str(folder)]
        command += ["-c", "listen_addresses=127.0.0.1"]
        url = f"postgresql://cuewright@127.0.0.1:{port}/postgres"
        server = Server(command, folder, port, url, user)
        server.start()
        try:
            yield server
        finally:
            server.end(signal.SIGINT)
    finally:
        shutil.rmtree(folder)

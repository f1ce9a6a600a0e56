"""Figures of the library: its pages with ten thousand pieces, and how soon new pieces are seen and heard."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.bench.figure import Figure
from tests.e2e.installation import Installation
from tests.shared import SATIE

ROOT = Path(__file__).resolve().parents[2]
SERVER = os.environ.get("CUEWRIGHT_TEST_DATABASE_URL") or "postgresql://root@127.0.0.1:5432/postgres"
PIECES = 10_000


def shelf() -> Iterator[Figure]:
    """Server time of the list, of facets and of searches with 10,000 pieces on both databases."""
    command = f"python -m tests.bench.shelf {PIECES}"
    for engine in ("SQLite", "PostgreSQL"):
        load = os.getloadavg()[0]
        try:
            found = _measure(engine)
        except psycopg.OperationalError as error:
            for kind in ("list", "facets", "search"):
                name = f"{engine}, {PIECES} pieces, p95 of {kind} in ms"
                yield Figure(4, name, None, "<= 100", None, command, note=f"no server: {error}"[:200])
            continue
        for kind in ("list", "facets", "search"):
            one = found[kind]
            note = (
                f"median {one['median']} ms of {one['requests']} requests, processor time p95 {one['cpu_p95']} ms; "
                f"load {load:.1f} before and {os.getloadavg()[0]:.1f} after on {os.cpu_count()} cores"
            )
            yield Figure(
                4, f"{engine}, {PIECES} pieces, p95 of {kind} in ms", one["p95"], "<= 100", one["p95"] <= 100, command,
                note=note,
            )  # fmt: skip
        queries = max(found[kind]["queries"] - found[kind]["queries_of_13"] for kind in ("list", "facets", "search"))
        most = max(found[kind]["queries"] for kind in ("list", "facets", "search"))
        name = f"{engine}, queries of a page more with {PIECES} pieces than with 13"
        yield Figure(4, name, queries, "0", queries == 0, command, note=f"{most} queries at most")


def _measure(engine: str) -> dict[str, dict[str, float]]:
    url = ""
    if engine == "PostgreSQL":
        name = "cuewright_bench_shelf"
        with psycopg.connect(SERVER, autocommit=True, connect_timeout=5) as server:
            server.execute(f"DROP DATABASE IF EXISTS {name}")
            server.execute(f"CREATE DATABASE {name}")
        url = f"{SERVER.rpartition('/')[0]}/{name}"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "CUEWRIGHT_TEST_DATABASE_URL": url}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.shelf", str(PIECES)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if url:
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute("DROP DATABASE IF EXISTS cuewright_bench_shelf WITH (FORCE)")
    if done.returncode:
        raise AssertionError(done.stderr[-2000:])
    answer: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return answer


_UPLOAD = """
import sys
from pathlib import Path
from curator.domain.library import upload_score
for path in sorted(Path({folder!r}).glob("*.m*")):
    upload_score(name=path.name, data=path.read_bytes())
"""


def engrave() -> Iterator[Figure]:
    """The Satie files as if dropped on the page: seconds until all are found and engraved, and until all sound."""
    command = "python -m tests.bench.figures engrave"
    names = ("seconds until 20 Satie files are searchable and engraved", "seconds until they sound")
    if not SATIE.is_dir():
        for name, goal in zip(names, ("<= 30", "<= 120"), strict=True):
            yield Figure(4, name, None, goal, None, command, note=f"not measured: no {SATIE}")
        return
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="cuewright-figures-") as folder:
        installation = Installation(Path(folder))
        installation.manage("migrate", "-v0")
        try:
            for number in (1, 2):  # one after the other: they would meet at the broker's control file
                installation.start("work", "--queue", "cpu")
                installation.wait("SELECT count(*) FROM curator_worker WHERE stopped_at IS NULL", number)
            start = time.monotonic()
            installation.manage("shell", "-v0", "-c", _UPLOAD.format(folder=str(SATIE)))
            imports = (
                "SELECT count(*) FROM curator_job WHERE kind = 'library.import' AND state IN ('queued', 'running')"
            )
            waiting = "SELECT count(*) FROM curator_rendering WHERE state = 'pending' AND target = "
            installation.wait(imports, 0)
            installation.wait(f"{waiting}'engraving'", 0)
            seen = time.monotonic() - start
            installation.wait(f"{waiting}'sound'", 0)
            heard = time.monotonic() - start
            pieces = installation.rows("SELECT count(*) FROM curator_piece WHERE words <> ''")[0][0]
            ready = installation.rows("SELECT count(*) FROM curator_rendering WHERE state = 'ready'")[0][0]
        finally:
            installation.stop()
    note = (
        f"two workers; {pieces} of 20 files became searchable, {ready} renderings ready; "
        f"load {load:.1f} before and {os.getloadavg()[0]:.1f} after on {os.cpu_count()} cores"
    )
    yield Figure(4, names[0], round(seen, 1), "<= 30", pieces == 20 and seen <= 30, command, note=note)
    yield Figure(4, names[1], round(heard, 1), "<= 120", pieces == 20 and heard <= 120, command, note=note)

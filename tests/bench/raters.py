"""Twenty listeners at once against a running installation, by real HTTP: `python -m tests.bench.raters [DATABASE ...]`.

Each one hears as the page does (page, both sounds, what follows) and answers once in three seconds, twenty times. Every
tenth answer is sent twice at the same moment, as an impatient finger does.
"""

import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.e2e.installation import Installation

SERVER = os.environ.get("CUEWRIGHT_TEST_DATABASE_URL", "postgresql://root@127.0.0.1:5432/postgres")
LISTENERS, ANSWERS, EVERY = 20, 20, 3.0
DATABASES = ("sqlite", "postgresql")

SEED = f"""
from curator.domain.accounts import create_sign_in_link
from tests.factories import make_film, make_user
from tests.listening import cue_with_takes, give_opus
film = make_film(slug="load")
for position in range(2):
    cue = cue_with_takes(8, film=film, state="to_rank")
    for take in cue.takes.all():
        give_opus(take, seconds=20 + take.number / 10, lufs=-23.0)
print("|".join(create_sign_in_link(user=make_user(role="rater")) for _ in range({LISTENERS})))
"""


@dataclass
class Told:
    """What the listeners met: milliseconds by kind of request, and everything that was not as it should be."""

    times: dict[str, list[float]] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)
    pairs: list[str] = field(default_factory=list)
    server_seconds: float = 0.0

    def p95(self, kind: str) -> float:
        """The 95th percentile, milliseconds."""
        return statistics.quantiles(self.times[kind], n=20, method="inclusive")[-1]


class Listener:
    """One browser: its cookies, and the page it is on."""

    def __init__(self, url: str, token: str, told: Told) -> None:
        self.client = httpx.Client(base_url=url, timeout=30, limits=httpx.Limits(max_connections=8))
        self.told = told
        self.at = ""
        self.sounds: dict[str, int] = {}
        page = self.ask("sign in", "GET", f"/sign-in/{token}/")
        self.ask("sign in", "POST", f"/sign-in/{token}/", data=self.form(page), expect=302)
        page = self.ask("first", "GET", "/listen/first/")
        where = self.ask("first", "POST", "/listen/first/", data=self.form(page) | {"way": "music"}, expect=302)
        self.at = self.ask("first", "GET", where.headers["Location"], expect=302).headers["Location"]

    def ask(self, kind: str, method: str, url: str, *, expect: int = 200, **more: Any) -> httpx.Response:
        """One request, timed; what does not answer as expected is written down."""
        start = time.perf_counter()
        response = self.client.request(method, url, **more)
        self.told.times.setdefault(kind, []).append(1000 * (time.perf_counter() - start))
        if response.status_code != expect:
            self.told.trouble.append(f"{kind}: {response.status_code}")
        return response

    def sound(self, url: str) -> int:
        """How many bytes a sound has; it is fetched once, mostly ahead of its turn."""
        if url not in self.sounds:
            self.sounds[url] = len(self.ask("sound", "GET", url).content)
        return self.sounds[url]

    @staticmethod
    def form(page: httpx.Response) -> dict[str, str]:
        """What every form of a page carries."""
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        return {"csrfmiddlewaretoken": found.group(1) if found else ""}

    def hear(self, patient: bool) -> None:
        """The page, both sounds, what follows; then the answer, twice at once where not patient."""
        page = self.ask("page", "GET", self.at)
        pair = re.search(r'name="pair" value="(\w+)"', page.text)
        action = re.search(r'class="answers"[^>]*action="([^"]+)"', page.text)
        if not pair or not action:
            self.told.trouble.append("page without a pair")
            return
        if len({self.sound(url) for url in re.findall(r'data-src="([^"]+)"', page.text)}) != 1:
            self.told.trouble.append("sounds of two sizes")
        form = self.form(page)
        ahead = re.search(r'data-ahead="([^"]+)"', page.text)
        told = self.ask("ahead", "POST", ahead.group(1), data=form) if ahead else None
        for url in told.json()["sounds"] if told is not None and told.status_code == 200 else []:
            self.sound(url)
        answer = form | {"pair": pair.group(1), "answer": ("left", "right", "tie", "bad")[len(self.told.pairs) % 4]}
        self.told.pairs.append(pair.group(1))
        with ThreadPoolExecutor(2) as hands:
            sent = [
                hands.submit(self.ask, "answer", "POST", action.group(1), data=answer, expect=302)
                for _ in range(1 if patient else 2)
            ]
        self.at = sent[0].result().headers.get("Location", self.at)


def measure(installation: Installation) -> tuple[Told, list[tuple[Any, ...]]]:
    """What the listeners met, and (listener, pair) of every answer that is kept."""
    installation.manage("collectstatic", "--noinput", "-v0")
    tokens = installation.serve_seeded(SEED).split("|")
    told = Told()
    listeners = [Listener(installation.url, token, told) for token in tokens]
    begin = time.monotonic()

    def sit(place: int) -> None:
        for turn in range(ANSWERS):
            # evenly spread, as people are: each at his own moment of the three seconds
            due = begin + EVERY * (turn + place / LISTENERS)
            time.sleep(max(0.0, due - time.monotonic()))
            listeners[place].hear(patient=(turn * LISTENERS + place) % 10 != 0)

    with ThreadPoolExecutor(LISTENERS) as house:
        list(house.map(sit, range(LISTENERS)))
    told.server_seconds = sum(_spent(process.pid) for process in installation.processes)
    kept = installation.rows("select rater_id, pair from curator_judgement")
    for listener in listeners:
        listener.client.close()
    return told, kept


def _spent(pid: int) -> float:
    """Processor time of a process so far, seconds (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def an_installation(database: str) -> Iterator[Installation]:
    """An empty installation on SQLite, or on a PostgreSQL database of its own that is dropped afterwards."""
    with tempfile.TemporaryDirectory(prefix="cuewright-raters-") as folder:
        installation = Installation(Path(folder))
        if database == "sqlite":
            try:
                yield installation
            finally:
                installation.stop()
            return
        name = f"cuewright_raters_{os.getpid()}"
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute(f"create database {name}")  # a name of our own
            try:
                installation.settings["DATABASE_URL"] = f"{SERVER.rsplit('/', 1)[0]}/{name}"
                yield installation
            finally:
                installation.stop()
                server.execute(f"drop database {name} with (force)")


def run(database: str) -> dict[str, Any]:
    """The figures of one database."""
    with an_installation(database) as installation:
        told, kept = measure(installation)
    twice = sum(count - 1 for count in Counter(kept).values())
    return {
        "database": database,
        "answers": len(told.pairs),
        "kept": len(kept),
        "lost": len(set(told.pairs) - {pair for _rater, pair in kept}),
        "doubled": twice + len(told.pairs) - len(set(told.pairs)),
        "errors": Counter(told.trouble),
        "p95_ms": {kind: round(told.p95(kind), 1) for kind in ("answer", "page", "sound", "ahead")},
        "server_ms_an_answer": round(1000 * told.server_seconds / len(told.pairs), 1),
        "median_ms": round(statistics.median(told.times["answer"]), 1),
        "longest_ms": round(max(told.times["answer"]), 1),
    }


if __name__ == "__main__":
    for chosen in sys.argv[1:] or DATABASES:
        sys.stdout.write(json.dumps(run(chosen)) + "\n")
        sys.stdout.flush()

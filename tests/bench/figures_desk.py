"""Figures of the cue desk: how soon a cancel holds, a long queue, open pages that ask, runs among ten thousand."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import httpx
import numpy as np

from tests.bench.command import Measure, passed_tests_of
from tests.bench.figure import Figure
from tests.e2e.installation import Installation

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = 20
POLL_SECONDS = 2.0
WATCHED = 40.0
"""Seconds for which the pages ask."""
CANCELS = 5


def queue() -> Iterator[Figure]:
    """Server time of the queue page with two hundred requests; of the other pages that show them in the note."""
    command = "python -m tests.bench.desk"
    load = os.getloadavg()[0]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.desk"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise AssertionError(done.stderr[-2000:])
    found = json.loads(done.stdout.splitlines()[-1])
    told = "; ".join(
        f"{name} {one['p95']} ms (median {one['median']}, processor {one['cpu_p95']}, {one['queries']} queries)"
        for name, one in found.items()
    )
    note = f"p95 of 40 requests in one process, SQLite: {told}; load {load:.1f} before, {os.getloadavg()[0]:.1f} after"
    p95 = found["queue"]["p95"]
    yield Figure(9, "200 queued requests, p95 of the queue page in ms", p95, "<= 100", p95 <= 100, command, note=note)


_SEED = """
from tests.bench.desk import seed
print(seed(20)[0].film.slug)
"""


def polling() -> Iterator[Figure]:
    """Processor time of the web process while twenty browsers have the desk open that is being written."""
    command = "python -m tests.bench.figures desk-polling"
    with tempfile.TemporaryDirectory(prefix="cuewright-figures-") as folder:
        installation = Installation(Path(folder))
        try:
            installation.manage("migrate", "-v0")
            installation.manage("collectstatic", "--noinput", "-v0")
            slug = installation.serve_seeded(_SEED)
            link = installation.manage("sign_in_link").strip()
            with httpx.Client(follow_redirects=True) as client:
                client.post(link, data={"csrfmiddlewaretoken": _token(client, link)}, headers={"Referer": link})
                cookies = dict(client.cookies)
            address = f"{installation.url}/films/{slug}/desk/1m1/live/"
            over = threading.Event()
            answers: list[tuple[int, bool]] = []
            pages = [
                threading.Thread(target=_page, args=(address, cookies, number, over, answers))
                for number in range(BROWSERS)
            ]
            pid = installation.processes[-1].pid
            for page in pages:
                page.start()
            time.sleep(3)  # the first answers bring everything
            before, began, asked = _busy(pid), time.monotonic(), len(answers)
            while time.monotonic() - began < WATCHED:
                time.sleep(0.5)
                _one_bar_more(installation)
            share = (_busy(pid) - before) / (time.monotonic() - began)
            asked = len(answers) - asked
            over.set()
            for page in pages:
                page.join(10)
        finally:
            installation.stop()
    bad = sum(status not in (200, 204) for status, _changed in answers)
    note = (
        f"{asked} questions in {WATCHED:.0f} s, {bad} of all not answered with 200 or 204; bars of the eight takes go "
        f"on twice a second, so that every answer is a new one; processor time of the web process with its children; "
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    name = "share of a core for the polling of 20 open desks"
    yield Figure(9, name, round(share, 3), "<= 0.20", share <= 0.2 and not bad, command, note=note)


def _page(
    address: str, cookies: dict[str, str], number: int, over: threading.Event, answers: list[tuple[int, bool]]
) -> None:
    """Asks as htmx does on an open page: every two seconds, with the stamp that it has seen."""
    stamp = ""
    with httpx.Client(cookies=cookies, headers={"HX-Request": "true"}, timeout=20) as client:
        over.wait(POLL_SECONDS * number / BROWSERS)
        while not over.is_set():
            answer = client.get(address, params={"open": "9,10,11,12,13,14,15,16", "stamp": stamp})
            found = re.search(r"stamp=([\w-]+)", answer.text)
            answers.append((answer.status_code, found is not None))
            stamp = found[1] if found else stamp
            over.wait(POLL_SECONDS)


def _one_bar_more(installation: Installation) -> None:

    with sqlite3.connect(installation.data / "cuewright.sqlite3", timeout=30) as database:
        database.execute("update generation_candidate set bars_written = bars_written + 1 where state = 'writing'")


def _busy(pid: int) -> float:
    """Seconds of processor time of a process and its children, as Linux counts them."""
    total = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(path.parent.name) == pid or int(fields[1]) == pid:
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


_AT_WORK = "select count(*) > 0 from generation_candidate where state = 'writing' and bars_written > 0"
_OPEN = "select count(*) from generation_candidate where state in ('waiting', 'writing')"
_ASK = """
from curator.models.film import Cue
from generation.domain.requests import request_takes
print(request_takes(cue=Cue.objects.get(film__slug="demo", number="1m1"), count=8).job.public_id)
"""


def cancel() -> Iterator[Figure]:
    """From the click that cancels eight takes at work until nothing of them waits or is written; five times."""
    command = "python -m tests.bench.figures desk-cancel"
    times: list[float] = []
    later = 0
    with tempfile.TemporaryDirectory(prefix="cuewright-figures-") as folder:
        installation = Installation(Path(folder))
        try:
            link = installation.serve()
            installation.wait("select count(*) > 0 from curator_cue", 1)
            with httpx.Client(follow_redirects=True, timeout=60) as client:
                client.post(link, data={"csrfmiddlewaretoken": _token(client, link)}, headers={"Referer": link})
                desk = f"{installation.url}/films/demo/desk/1m1/"
                for _turn in range(CANCELS):
                    installation.manage("shell", "-v0", "-c", _ASK)
                    installation.wait(_AT_WORK, 1)
                    token = _token(client, desk)
                    began = time.monotonic()
                    client.post(f"{desk}cancel/", data={"csrfmiddlewaretoken": token}, headers={"Referer": desk})
                    installation.wait(_OPEN, 0)
                    times.append(time.monotonic() - began)
                    made = "select count(*), sum(bars_written) from generation_candidate"
                    left = installation.rows(made)
                    time.sleep(3)
                    later += installation.rows(made) != left
        finally:
            installation.stop()
    worst = max(times)
    told = ", ".join(f"{seconds:.2f}" for seconds in times)
    note = f"eight takes at work, {CANCELS} times: {told} s, page included; load {os.getloadavg()[0]:.1f}"
    name = "worst seconds from the click until a request is cancelled"
    yield Figure(9, name, round(worst, 2), "<= 2", worst <= 2, command, note=note)
    name, note = "cancelled requests of which something was written later", f"looked at 3 s later, {CANCELS} times"
    yield Figure(9, name, later, "0", later == 0, command, note=note)


def _token(client: httpx.Client, address: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(address).text)
    assert found is not None
    return found[1]


def kills(broker: str) -> Measure:
    """The cases of the kill tests over one broker, by one worker and by three, that lost and doubled nothing."""
    engines, goal = {"embedded": ("SQLite and a folder", 6), "redis": ("Redis and PostgreSQL", 8)}[broker]
    name = f"24 takes, each once and whole, after kills or a full disk in their middle, {engines}: passed cases"
    return passed_tests_of(9, name, goal, "-m", "matrix", "tests/e2e/test_kill.py", "-k", broker + "-")


def runs() -> Iterator[Figure]:
    """Processor time of finding the longest run shared with ten thousand pieces, and whether a copied one is found."""
    from curator.notation.abc import parse
    from curator.notation.runs import Shelf, steps_of
    from generation.etudes.composer import compose
    from tests.bench.seed_library import KEYS

    command = "python -m tests.bench.figures desk-runs"
    known = []
    for seed in range(200):
        drawn = Random(seed)
        known.append(steps_of(parse(compose(seed, key=drawn.choice(KEYS), bars=drawn.choice((16, 24, 32))).stored)))
    drawn = Random(1)
    library = [steps.values for steps in known]
    while len(library) < 10_000:  # other pieces of the same lengths, whose steps nobody shares
        length = len(drawn.choice(known).values)
        library.append(np.array([drawn.getrandbits(64) for _ in range(length)], dtype=np.uint64))
    shelf = Shelf(library)
    shelf.longest(known[0].values, without=frozenset({0}))  # builds what is shared by all searches
    times, found = [], 0
    for place in range(60):
        steps = known[place].values
        copied = library[5000 + place][20:60]
        text = np.concatenate([steps[:30], copied, steps[30:]])
        began = time.process_time()
        run = shelf.longest(text, without=frozenset({place}))
        times.append(1000 * (time.process_time() - began))
        found += run is not None and run[0] == len(copied) and run[1] == 30
    worst = max(times)
    note = f"60 pieces with 40 copied steps each; median {sorted(times)[30]:.0f} ms, {sum(map(len, library))} moments"
    name = "processor ms of the longest run among 10000 pieces, worst of 60"
    yield Figure(9, name, round(worst, 1), "<= 250", worst <= 250, command, note=note)
    yield Figure(9, "copied runs found with their place, of 60", found, "60", found == 60, command)

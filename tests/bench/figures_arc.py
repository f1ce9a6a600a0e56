"""Figures of the arc with 20 scenes, 400 shots and 60 cues: server time, and long tasks in Chromium while dragging."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.bench.figure import Figure
from tests.e2e.browsing import sign_in
from tests.e2e.conftest import CHROMIUM
from tests.e2e.installation import Installation

ROOT = Path(__file__).resolve().parents[2]
SIZE = "20 scenes, 400 shots, 60 cues"
COMMAND = "python -m tests.bench.arc"
LONGEST = 50
"""Milliseconds that no task may last while a border is dragged."""

SEED = "from tests.bench.seed_film import seed_long_film; print(seed_long_film())"


def arc() -> Iterator[Figure]:
    """Both halves of the line in the issue."""
    yield from _server()
    yield _dragging()


def _server() -> Iterator[Figure]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    load = os.getloadavg()[0]
    done = subprocess.run(
        [sys.executable, *COMMAND.split()[1:]], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise AssertionError(done.stderr[-2000:])
    found = json.loads(done.stdout.splitlines()[-1])
    for kind, words in (("whole", "on one page"), ("zoomed", "eight times as wide")):
        one = found[kind]
        note = (
            f"{found['engine']}; median {one['median']} ms of {one['requests']} requests, processor time median "
            f"{one['cpu_median']} and p95 {one['cpu_p95']} ms, {one['bytes'] // 1000} kB; load {load:.1f} before and "
            f"{os.getloadavg()[0]:.1f} after on {os.cpu_count()} cores"
        )
        name = f"{SIZE}: arc {words}, p95 of the server in ms"
        yield Figure(8, name, one["p95"], "<= 100", one["p95"] <= 100, COMMAND, note=note)
    more = found["queries"] - found["queries_of_two_cues"]
    name = f"{SIZE}: queries of the arc more than with two cues"
    yield Figure(8, name, more, "0", more == 0, COMMAND, note=f"{found['queries']} queries")


def _dragging() -> Figure:
    """The longest task of the page's main thread while a border goes to and fro, from a trace of Chromium."""
    name, goal = f"{SIZE}: longest task while dragging, ms", f"<= {LONGEST}"
    command = "python -m tests.bench.figures arc"
    if not CHROMIUM:
        return Figure(8, name, None, goal, None, command, note="not measured: no Chromium")
    with tempfile.TemporaryDirectory(prefix="cuewright-figures-") as folder:
        site = Installation(Path(folder), settings={"CUEWRIGHT_DEBUG": "1"})
        try:
            slug = site.serve_seeded(SEED)
            found = _trace(site, slug)
        finally:
            site.stop()
    longest = round(max(found["tasks"], default=0.0), 1)
    over = sum(task > LONGEST for task in found["tasks"])
    note = (
        f"{found['moves']} moves of the pointer, {len(found['tasks'])} tasks of the page's main thread meanwhile, "
        f"{over} over {LONGEST} ms, at most {found['busy']} ms of processor time in one; PerformanceObserver saw "
        f"{found['observed']} long ones; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    return Figure(8, name, longest, goal, longest <= LONGEST and found["observed"] == 0, command, note=note)


CATEGORIES = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"]
_WATCH = """() => {
  window.longTasks = 0;
  new PerformanceObserver((list) => { window.longTasks += list.getEntries().length; }).observe({ type: "longtask" });
}"""


def _trace(site: Installation, slug: str) -> dict[str, Any]:
    """Drag a border for some seconds; how long each task took, and what the page itself saw."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
        sign_in(page, site)
        page.goto(f"{site.url}/films/{slug}/?zoom=4")
        page.get_by_role("button", name="Move borders").click()
        grip = page.get_by_role("slider", name="1m3, where it ends")
        grip.scroll_into_view_if_needed()
        page.wait_for_timeout(1500)
        box = grip.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.evaluate(_WATCH)
        browser.start_tracing(page=page, categories=CATEGORIES)
        page.mouse.down()
        moves = 0
        for turn in range(6):
            for step in range(40):
                page.mouse.move(x + (step if turn % 2 else 40 - step) * 2, y)
                moves += 1
        observed = page.evaluate("window.longTasks")
        page.keyboard.press("Escape")
        trace = json.loads(browser.stop_tracing())
        browser.close()
    tasks = _tasks(trace["traceEvents"])
    busy = max((task.get("tdur", 0) / 1000 for task in tasks), default=0.0)
    lengths = [task["dur"] / 1000 for task in tasks]
    return {"tasks": lengths, "busy": round(busy, 1), "moves": moves, "observed": observed}


def _tasks(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every task that the main thread of the page ran."""
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"].get("name") == "CrRendererMain"
    }
    return [
        event
        for event in events
        if event.get("ph") == "X" and event.get("name") == "RunTask" and (event["pid"], event["tid"]) in mains
    ]

"""Measures every "It must show" figure and rewrites docs/figures.json: `make figures`.

A figure that cannot be measured on this machine gets the value null and a note that says why.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench import figures_clamp, figures_desk, figures_ranking, figures_workers
from tests.bench.command import ROOT, Measure, passed_tests, passed_tests_of, run_command
from tests.bench.figure import Figure as Figure
from tests.bench.figures_arc import arc
from tests.bench.figures_delivery import delivery, packages
from tests.bench.figures_demo_round import MEASURES as DEMO_ROUNDS
from tests.bench.figures_engine import demo_alone, demo_pieces, engine
from tests.bench.figures_film import storyboard, timecode
from tests.bench.figures_intake import hostile, satie
from tests.bench.figures_library import engrave, shelf
from tests.bench.figures_plan import fitter
from tests.bench.figures_preferences import forecast, preferences
from tests.bench.figures_renting import MEASURES as RENTING
from tests.bench.figures_training import curves, speed
from tests.e2e.installation import Installation, free_port


def clean_clone() -> Iterator[Figure]:
    """A stranger's first minutes: clone, `make run`, first page, second start, `make test`."""
    with tempfile.TemporaryDirectory(prefix="cuewright-clone-") as folder:
        clone = Path(folder) / "cuewright"
        run_command("git", "clone", "--quiet", str(ROOT), str(clone))
        first = _first_page(clone)
        goal = "<= 600 s from clone to the first served page"
        yield Figure(2, "make run on a clean clone", round(first, 1), goal, first <= 600, "make run")
        second = _first_page(clone)
        yield Figure(2, "second start", round(second, 1), "< 10 s", second < 10, "make run (again)")
        run_command("make", "-C", str(clone), "set-up")
        run_command(sys.executable, "run.py", "licences", cwd=clone)  # sets the developers' tools up
        status, seconds, _output = run_command("make", "test", cwd=clone)
        yield Figure(
            2,
            "make test after set-up",
            round(seconds, 1),
            "<= 300 s, passing",
            not status and seconds <= 300,
            "make test",
        )


def _first_page(clone: Path) -> float:
    """Seconds from `make run` until the sign-in page is served; everything is stopped again."""
    port = free_port()
    start = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CUEWRIGHT_")}
    with (clone / ".log").open("wb") as log:
        process = subprocess.Popen(
            ["make", "run"], cwd=clone, env={**environment, "CUEWRIGHT_PORT": str(port)}, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            while not _served(port):
                if process.poll() is not None or time.monotonic() - start > 1800:
                    raise AssertionError((clone / ".log").read_text(errors="replace")[-3000:])
                time.sleep(0.1)
            return time.monotonic() - start
        finally:
            subprocess.run(["pkill", "-TERM", "-s", str(process.pid)], check=False)
            process.wait(60)


def _served(port: int) -> bool:
    import httpx  # here, so that listing the figures needs no network library

    try:
        return httpx.get(f"http://localhost:{port}/sign-in/", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def eight_candidates() -> Iterator[Figure]:
    """The demo film's first cue, eight times, in one process without workers."""
    command = "manage.py generate_cues --film demo --cue 1m1 --count 8 --wait --json"
    with tempfile.TemporaryDirectory(prefix="cuewright-figures-") as folder:
        installation = Installation(Path(folder))
        installation.manage("migrate", "-v0")
        installation.manage("seed_demo")
        start = time.monotonic()
        said = installation.manage_json(*command.removeprefix("manage.py ").removesuffix(" --json").split())
        seconds = time.monotonic() - start
    found = said["candidates"]
    exact = sum(one["bars_asked"] == one["bars_found"] for one in found)
    texts = len({one["abc"] for one in found})
    bars = found[0]["bars_asked"]
    yield Figure(2, "valid candidates of 8", said["valid"], "8", said["valid"] == 8, command)
    yield Figure(2, "candidates with bars asked = found", exact, "8", exact == 8, command)
    yield Figure(2, "distinct texts", texts, "8", texts == 8, command)
    yield Figure(2, "bars of 1m1", bars, ">= 16", bars >= 16, command)
    yield Figure(2, "seconds for eight candidates", round(seconds, 1), "<= 60", seconds <= 60, command)


def training_files() -> Iterator[Figure]:
    """Training files beside those of the reference: bytes and time."""
    command = "python -m tests.bench.dataset"
    status, _seconds, output = run_command(sys.executable, "-W", "ignore", *command.split()[1:])
    if status:
        raise AssertionError(output[-2000:])
    found = json.loads(output.splitlines()[-1])
    for what, title, note in (
        ("goldens", "golden files of the reference's preparation, byte for byte", ""),
        ("others", "other inputs prepared as by abctoolkit's functions", "golden texts changed at random; "
         f"{found['others'][2]} of them the reference drops, each with a reason here"),
        ("letters", "letters of Europe read as by Unidecode", ""),
    ):  # fmt: skip
        equal, count = found[what][:2]
        yield Figure(4, title, equal, f"{count} of {count}", equal == count, command, note=note)
    solos, goal = found["solos"], "<= 0.333, identical files"
    title = "ten solos in fifteen keys: share of the time of abctoolkit's functions"
    if solos is None:
        yield Figure(4, title, None, goal, None, command, note="the ten solos are not on this machine")
        return
    share = round(solos["ours"] / solos["reference"], 3)
    note = (
        f"one run in one process: choose, prepare, hash, freeze, pack and write {solos['ours']:.2f} s; the reference's "
        f"functions and their files {solos['reference']:.2f} s; {solos['equal']} of {solos['files']} files identical"
    )
    yield Figure(4, title, share, goal, share <= 1 / 3 and solos["equal"] == solos["files"], command, note=note)


def raters() -> Iterator[Figure]:
    """Twenty listeners with one answer every three seconds each, on both databases."""
    for database in ("sqlite", "postgresql"):
        command = f"python -m tests.bench.raters {database}"
        status, _seconds, output = run_command(sys.executable, *command.split()[1:])
        title = f"20 raters, 400 answers by HTTP, {database}"
        if status:
            yield Figure(5, f"{title}: p95 of an answer, ms", None, "<= 150", None, command, note=output[-300:])
            continue
        found = json.loads(output.splitlines()[-1])
        lost = found["lost"] + found["doubled"] + sum(found["errors"].values())
        clean = lost == 0 and found["kept"] == found["answers"] == 400
        spent = ", ".join(f"{kind} {value}" for kind, value in found["p95_ms"].items())
        note = f"p95 in ms: {spent}; answer: median {found['median_ms']}, longest {found['longest_ms']}; "
        note += f"processor time of the server {found['server_ms_an_answer']} ms an answer, with page and sounds"
        p95 = found["p95_ms"]["answer"]
        yield Figure(5, f"{title}: kept", found["kept"], "400", clean, command, note="one in ten sent twice at once")
        yield Figure(5, f"{title}: lost, doubled or refused", lost, "0", clean, command, note=str(found["errors"]))
        yield Figure(5, f"{title}: p95 of an answer, ms", p95, "<= 150", p95 <= 150, command, note=note)


def twins() -> Iterator[Figure]:
    """Altered editions that the library knows again, and different pieces that it takes for one another."""
    command = "python -m tests.bench.twins"
    status, seconds, output = run_command(sys.executable, "-m", "tests.bench.twins", timeout=7200)
    if status:
        raise AssertionError(output[-2000:])
    told = json.loads(output.splitlines()[-1])
    kinds = [kind for kind in told["asked"] if kind != "misread"]
    asked, found = (sum(told[which].get(kind, 0) for kind in kinds) for which in ("asked", "found"))
    each = ", ".join(f"{kind} {told['found'].get(kind, 0)} of {told['asked'][kind]}" for kind in kinds)
    more = f"{told['found'].get('misread', 0)} of {told['asked']['misread']}"
    share = round(found / asked, 4)
    note = f"{each}; beside them {more} re-laid with every fiftieth note wrong; {seconds:.0f} s"
    name, enough = f"altered editions known again, of {asked}", share >= 0.95 and asked >= 200
    yield Figure(4, name, share, ">= 0.95 of >= 200", enough, command, note=note)
    note = f"and {told['false']} of {told['pairs']} with the altered editions of different pieces among them"
    name = f"different pieces taken for one another, of {told['pairs_of_works']} pairs"
    none = told["false"] == 0 and told["pairs_of_works"] >= 1000
    yield Figure(4, name, told["false"], "0 of >= 1000", none, command, note=note)


FIGURES: dict[str, Measure] = {
    "clone": clean_clone,
    "candidates": eight_candidates,
    "browser": passed_tests("whole way in Chromium: passed tests", "-m", "e2e", "tests/e2e"),
    "engine": engine,
    "raters": raters,
    "listening-browser": passed_tests_of(
        5,
        "listening in Chromium: passed tests",
        12,
        "-m",
        "e2e",
        "tests/e2e/test_listening.py",
        "tests/e2e/test_sitting.py",
    ),
    "preferences": preferences,
    "forecast": forecast,
    "standings-browser": passed_tests_of(
        5, "standings and wall in Chromium: passed tests", 3, "-m", "e2e", "tests/e2e/test_standings.py"
    ),
    "demo": demo_pieces,
    "demo-alone": demo_alone,
    "dataset": training_files,
    "shelf": shelf,
    "arc": arc,
    "arc-browser": passed_tests_of(8, "the arc in Chromium: passed tests", 9, "-m", "e2e", "tests/e2e/test_arc.py"),
    "picture-browser": passed_tests_of(
        8, "a video in step with a cue, in Chromium: passed tests", 2, "-m", "e2e", "tests/e2e/test_picture.py"
    ),
    "ear-browser": passed_tests_of(
        11, "encoder's ear and taste in Chromium: passed tests", 6, "-m", "e2e", "tests/e2e/test_ear.py"
    ),
    "engrave": engrave,
    "twins": twins,
    "ranking-winner": figures_ranking.winner,
    "ranking-order": figures_ranking.order,
    "ranking-pairs": figures_ranking.pairs,
    "ranking-mathematics": figures_ranking.mathematics,
    "fitter": fitter,
    "plan-browser": passed_tests_of(
        8,
        "storyboard to music that meets its plan, in Chromium: passed tests",
        1,
        "-m",
        "e2e",
        "tests/e2e/test_plan.py",
    ),
    "training-curves": curves,
    "training-speed": speed,
    **DEMO_ROUNDS,
    **RENTING,
    "clamp-goldens": passed_tests_of(
        11, "reference numbers of CLaMP: passed tests", 30, "tests/generation/clamp/test_goldens.py"
    ),
    "clamp-speed": figures_clamp.speed,
    "clamp-scores": figures_clamp.scores,
    "clamp-memory": figures_clamp.memory,
    "demo-encoder": figures_clamp.demo_encoder,
    "taste": figures_clamp.taste,
    "storyboard": storyboard,
    "timecode": timecode,
    "storyboard-browser": passed_tests_of(
        8, "storyboard in Chromium: passed tests", 6, "-m", "e2e", "tests/e2e/test_storyboard.py"
    ),
    "desk-queue": figures_desk.queue,
    "desk-polling": figures_desk.polling,
    "desk-cancel": figures_desk.cancel,
    "desk-runs": figures_desk.runs,
    "kill-embedded": figures_desk.kills("embedded"),
    "kill-redis": figures_desk.kills("redis"),
    "workers-sharing": figures_workers.sharing,
    "desk-browser": passed_tests_of(
        9, "the desk in Chromium: passed tests", 2, "-m", "e2e", "tests/e2e/test_desk.py", "tests/e2e/test_workers.py"
    ),
    "hostile": hostile,
    "satie": satie,
    "delivery": delivery,
    "packages": packages,
    "package-names": passed_tests_of(
        10,
        "names that Windows takes, packages of the same bytes: passed tests",
        40,
        "tests/curator/delivery/test_package.py",
        "tests/curator/delivery/test_names.py",
    ),
    "delivery-browser": passed_tests_of(
        10, "delivery in Chromium: passed tests", 9, "-m", "e2e", "tests/e2e/test_delivery.py"
    ),
    "kill": passed_tests("SIGKILL costs no candidate: passed tests", "-m", "kill", "tests/e2e/test_kill.py"),
}


def main(names: list[str]) -> int:
    """Measure all figures, or the named ones only; the others in docs/figures.json stay as they are."""
    path = ROOT / "docs" / "figures.json"
    commit = run_command("git", "rev-parse", "--short", "HEAD")[2].strip()
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    failed = 0
    for name in names or list(FIGURES):
        for figure in FIGURES[name]():
            figure.commit, figure.machine = commit, machine
            failed += figure.ok is False
            sys.stdout.write(f"{'ok ' if figure.ok else 'NOT'} {figure.name}: {figure.value} (goal {figure.goal})\n")
            sys.stdout.flush()
            # Read again each time: another run may have written other figures meanwhile.
            known: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
            known = [one for one in known if (one["issue"], one["name"]) != (figure.issue, figure.name)]
            known.append(asdict(figure))
            known.sort(key=lambda one: one["issue"])
            path.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

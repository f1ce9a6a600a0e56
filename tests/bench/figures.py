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
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.bench import figures_clamp, figures_desk, figures_ranking
from tests.bench.figure import Figure as Figure
from tests.bench.figures_arc import arc
from tests.bench.figures_delivery import delivery, packages
from tests.bench.figures_demo_round import MEASURES as DEMO_ROUNDS
from tests.bench.figures_film import storyboard, timecode
from tests.bench.figures_intake import hostile, satie
from tests.bench.figures_library import engrave, shelf
from tests.bench.figures_plan import fitter
from tests.bench.figures_preferences import forecast, preferences
from tests.bench.figures_renting import MEASURES as RENTING
from tests.bench.figures_training import curves, speed
from tests.e2e.installation import Installation, free_port

ROOT = Path(__file__).resolve().parents[2]


Measure = Callable[[], Iterator[Figure]]


def _run(*command: str, cwd: Path = ROOT, timeout: float = 3600, **environment: str) -> tuple[int, float, str]:
    """Exit status, seconds and output of a command."""
    start = time.monotonic()
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return done.returncode, time.monotonic() - start, done.stdout + done.stderr


def clean_clone() -> Iterator[Figure]:
    """A stranger's first minutes: clone, `make run`, first page, second start, `make test`."""
    with tempfile.TemporaryDirectory(prefix="cuewright-clone-") as folder:
        clone = Path(folder) / "cuewright"
        _run("git", "clone", "--quiet", str(ROOT), str(clone))
        first = _first_page(clone)
        goal = "<= 600 s from clone to the first served page"
        yield Figure(2, "make run on a clean clone", round(first, 1), goal, first <= 600, "make run")
        second = _first_page(clone)
        yield Figure(2, "second start", round(second, 1), "< 10 s", second < 10, "make run (again)")
        _run("make", "-C", str(clone), "set-up")
        _run(sys.executable, "run.py", "licences", cwd=clone)  # sets the developers' tools up
        status, seconds, _output = _run("make", "test", cwd=clone)
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


SMALL, LARGE = ("6x384", (384, 6, 3, 256), 15), ("20x1280", (1280, 20, 6, 512), 5)
"""Sizes of the engine's figures: name; width, patch and character layers, patches in the context; repeats."""


def engine() -> Iterator[Figure]:
    """The engine against the reference's way, medians of one run for each size, one thread, random weights."""
    for (name, size, repeats), one, eight in ((SMALL, 4.5, 20), (LARGE, 12, 40)):
        command, found = _bench(*size, repeats=repeats)
        seconds, faster = found["seconds_per_patch"], found["times_faster"]
        note = (
            f"medians of {repeats} patches each, in turn: reference {seconds['reference']} s, one {seconds['one']} s "
            f"(twelve characters as in real pieces; all sixteen {seconds['one_sixteen']} s), "
            f"per candidate of eight {seconds['side_by_side']} s"
        )
        where = f"{name} at {size[3]} patches, times faster than the reference's way"
        yield Figure(3, f"{where}: one", faster["one"], f">= {one}", faster["one"] >= one, command, note=note)
        many = faster["side_by_side"]
        yield Figure(3, f"{where}: each of eight", many, f">= {eight}", many >= eight, command, note=note)
    yield from _bfloat16()
    yield _cancel()
    for name, goal in (
        ("GPU, 20x1280, bf16, eight: milliseconds of a patch step", "reported"),
        ("GPU: share of the memory-bandwidth floor", ">= 0.30 (H200), >= 0.40 (4090)"),
        ("GPU: memory in GB", "<= 6"),
        ("GPU: seconds for eight pieces of 48 bars", "reported"),
    ):
        command = "python -m generation.notagen.bench --json --device cuda --dtype bfloat16 --no-reference"
        yield Figure(3, name, None, goal, None, command, note="not measured: no GPU could be had; the path is tested "
                     "on the CPU (tests/generation/notagen/test_decoding.py)")  # fmt: skip


def _bench(hidden: int, patch_layers: int, char_layers: int, patches: int, *more: str, repeats: int) -> tuple[str, Any]:
    sizes = {"hidden": hidden, "patch-layers": patch_layers, "char-layers": char_layers, "patches": patches}
    words = [f"--{name}={value}" for name, value in sizes.items()]
    arguments = ["-m", "generation.notagen.bench", "--json", *words, f"--repeats={repeats}", *more]
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return "python " + " ".join(arguments), json.loads(done.stdout)


def _bfloat16() -> Iterator[Figure]:
    import torch  # here, so that listing the figures needs no torch

    name, size, repeats = LARGE
    for way, words in (("one", "one"), ("side_by_side", "each of eight")):
        title = f"{name} at {size[3]} patches, bf16 on the CPU, seconds a patch: {words}"
        if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
            yield Figure(3, title, None, "reported", None, "", note="this CPU computes no bf16")
            continue
        command, found = _bench(*size, "--dtype=bfloat16", "--no-reference", repeats=repeats)
        yield Figure(3, title, found["seconds_per_patch"][way], "reported", True, command)


def _cancel() -> Figure:
    """Seconds from the moment a cancel is seen until the engine has stopped, with the shipped checkpoint."""
    import torch

    from generation.notagen.checkpoint import load_checkpoint
    from generation.notagen.engine import Engine
    from generation.notagen.header import prompt_lines
    from generation.notagen.piece import Brief
    from generation.notagen.sampling import Sampling

    torch.set_num_threads(1)
    writer = Engine(load_checkpoint(ROOT / "data" / "demo" / "checkpoint" / "model.safetensors").model)
    brief = Brief(prompt_lines("Minimal", "Etude, Waltz", "Keyboard", "Peace"), "3/4", "C", 60, 48)
    looks: list[float] = []

    def look() -> bool:
        looks.append(time.perf_counter())
        return looks[-1] - looks[0] > 5

    for _ in writer.write(brief, seeds=range(64), sampling=Sampling(0, 0.95, 0.85), should_stop=look):
        pass
    longest = max(after - before for before, after in pairwise(looks))
    stopped = time.perf_counter() - looks[-1]
    value = round(longest + stopped, 3)
    return Figure(3, "seconds from cancel to stop, demo checkpoint, eight side by side", value, "<= 1", value <= 1,
                  "python run.py figures engine", note="the longest wait between two looks at the cancel in five "
                  "seconds of writing, and the stop itself")  # fmt: skip


DEMO = "training.recipes.demo_figures data/demo/checkpoint/model.safetensors --only"


def _demo(what: str) -> tuple[dict[str, Any], float]:
    """What the measuring of the demo checkpoint says of `what`, and the seconds it took."""
    status, seconds, output = _run(sys.executable, "-m", *DEMO.split(), what, timeout=7200)
    if status:
        raise AssertionError(output[-2000:])
    return json.loads(output.splitlines()[-1]), seconds


def demo_pieces() -> Iterator[Figure]:
    """The demo checkpoint in the engine: 96 guarded pieces, and what of them is copied."""
    found, seconds = _demo("guarded")
    guarded = found["guarded"]
    count, drawn = guarded["count"], "top-p {top_p}, temperature {temperature}".format(**found["sampling"])

    def figure(name: str, value: float, goal: str, ok: bool, note: str = "") -> Figure:
        return Figure(3, name, value, goal, ok, f"python -m {DEMO} guarded", note=note)

    metres = f"4 metres, keys and lengths of 16 to 48 bars, {drawn}, {seconds:.0f} s in all on a busy machine"
    yield figure(f"valid of {count} guarded pieces", guarded["valid"], "96", guarded["valid"] == 96, metres)
    yield figure(f"of the asked length, of {count}", guarded["long"], "96", guarded["long"] == 96)
    tries = round(guarded["tries"], 3)
    yield figure("tries a line", tries, "<= 1.3", tries <= 1.3)
    share, longest = guarded["short_copies"], max(guarded["copied"])
    note = f"longest run {longest}; bars compared as text with the {found['pieces']} training pieces"
    yield figure("pieces that copy at most 4 bars in a row", round(share, 3), ">= 0.95", share >= 0.95, note)
    moved, longest = guarded["short_moves"], max(guarded["moved"])
    note = f"longest run {longest}; transposed copies count, accidentals are not told apart"
    yield figure("the same in degrees of the key", round(moved, 3), ">= 0.95", moved >= 0.95, note)
    yield figure("share of distinct single bars", round(guarded["distinct"], 3), "reported", True)


def demo_alone() -> Iterator[Figure]:
    """How many bars of the demo checkpoint add up when no guard looks at them."""
    found, _seconds = _demo("free")
    alone = found["alone"]
    yield Figure(
        3,
        "share of bars that add up without guard",
        round(alone["bars"], 4),
        ">= 0.97 of >= 3000 bars at temperature 0.8",
        alone["bars"] >= 0.97 and alone["lines"] >= 3000,
        f"python -m {DEMO} free",
        note="{top_k} ids, top-p {top_p}, of {lines} bars".format(**found["free"], lines=alone["lines"]),
    )


def training_files() -> Iterator[Figure]:
    """Training files beside those of the reference: bytes and time."""
    command = "python -m tests.bench.dataset"
    status, _seconds, output = _run(sys.executable, "-W", "ignore", *command.split()[1:])
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


def _tests(name: str, *arguments: str) -> Measure:
    """A figure that is the number of passed tests of one kind, all of which must pass."""

    def measure() -> Iterator[Figure]:
        command = "pytest " + " ".join(arguments)
        status, seconds, output = _run(sys.executable, "-m", "pytest", "-q", *arguments)
        passed = next((int(word) for word, after in zip(output.split(), output.split()[1:], strict=False)
                       if after.startswith("passed")), 0)  # fmt: skip
        yield Figure(2, name, passed, "all pass", status == 0 and passed > 0, command, note=f"{seconds:.0f} s")

    return measure


def _tests_of(issue: int, name: str, goal: int, *arguments: str) -> Measure:
    """The number of passed tests of one kind for another issue; at least `goal`, all of them passing."""

    def measure() -> Iterator[Figure]:
        for figure in _tests(name, *arguments)():
            figure.issue, figure.goal = issue, f">= {goal}, all pass"
            figure.ok = bool(figure.ok) and (figure.value or 0) >= goal
            yield figure

    return measure


def raters() -> Iterator[Figure]:
    """Twenty listeners with one answer every three seconds each, on both databases."""
    for database in ("sqlite", "postgresql"):
        command = f"python -m tests.bench.raters {database}"
        status, _seconds, output = _run(sys.executable, *command.split()[1:])
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
    status, seconds, output = _run(sys.executable, "-m", "tests.bench.twins", timeout=7200)
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
    "browser": _tests("whole way in Chromium: passed tests", "-m", "e2e", "tests/e2e"),
    "engine": engine,
    "raters": raters,
    "listening-browser": _tests_of(
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
    "standings-browser": _tests_of(
        5, "standings and wall in Chromium: passed tests", 3, "-m", "e2e", "tests/e2e/test_standings.py"
    ),
    "demo": demo_pieces,
    "demo-alone": demo_alone,
    "dataset": training_files,
    "shelf": shelf,
    "arc": arc,
    "arc-browser": _tests_of(8, "the arc in Chromium: passed tests", 8, "-m", "e2e", "tests/e2e/test_arc.py"),
    "engrave": engrave,
    "twins": twins,
    "ranking-winner": figures_ranking.winner,
    "ranking-order": figures_ranking.order,
    "ranking-pairs": figures_ranking.pairs,
    "ranking-mathematics": figures_ranking.mathematics,
    "fitter": fitter,
    "plan-browser": _tests_of(
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
    "clamp-goldens": _tests_of(
        11, "reference numbers of CLaMP: passed tests", 30, "tests/generation/clamp/test_goldens.py"
    ),
    "clamp-speed": figures_clamp.speed,
    "clamp-scores": figures_clamp.scores,
    "clamp-memory": figures_clamp.memory,
    "demo-encoder": figures_clamp.demo_encoder,
    "taste": figures_clamp.taste,
    "storyboard": storyboard,
    "timecode": timecode,
    "storyboard-browser": _tests_of(
        8, "storyboard in Chromium: passed tests", 6, "-m", "e2e", "tests/e2e/test_storyboard.py"
    ),
    "desk-queue": figures_desk.queue,
    "desk-polling": figures_desk.polling,
    "desk-cancel": figures_desk.cancel,
    "desk-runs": figures_desk.runs,
    "desk-browser": _tests_of(9, "the desk in Chromium: passed tests", 1, "-m", "e2e", "tests/e2e/test_desk.py"),
    "hostile": hostile,
    "satie": satie,
    "delivery": delivery,
    "packages": packages,
    "package-names": _tests_of(
        10,
        "names that Windows takes, packages of the same bytes: passed tests",
        40,
        "tests/curator/delivery/test_package.py",
        "tests/curator/delivery/test_names.py",
    ),
    "delivery-browser": _tests_of(
        10, "delivery in Chromium: passed tests", 9, "-m", "e2e", "tests/e2e/test_delivery.py"
    ),
    "kill": _tests("SIGKILL costs no candidate: passed tests", "-m", "kill", "tests/e2e/test_kill.py"),
}


def main(names: list[str]) -> int:
    """Measure all figures, or the named ones only; the others in docs/figures.json stay as they are."""
    path = ROOT / "docs" / "figures.json"
    commit = _run("git", "rev-parse", "--short", "HEAD")[2].strip()
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

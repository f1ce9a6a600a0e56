"""The figures of rented rounds (issue 7): scenarios, the demo round there and back, faults, secrets, the pages."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "tests/training/domain"
SEQUENCES = 200


def scenarios() -> Iterator[Figure]:
    """Each scenario by name; all but one that looks at a row only end with `over`: no machine, ledger, state."""
    words = f"{DOMAIN}/test_rented.py"
    passed, failed = _tests(words)
    names = ", ".join(one.removeprefix("test_").replace("_", " ") for one in passed)
    fine = bool(passed) and not failed
    note = f"no machine left, ledger as the bill, round in the right state: {names}"
    if failed:
        note += f"; failed: {', '.join(failed)}"
    yield Figure(
        7, "scenarios against the stand-in: passed", len(passed), "all pass", fine, f"pytest {words}", note=note
    )


def faults() -> Iterator[Figure]:
    """Random sequences of faults."""
    words = f"{DOMAIN}/test_rented_faults.py"
    passed, failed = _tests(words, CUEWRIGHT_FAULT_SEQUENCES=str(SEQUENCES))
    note = (
        "of orders (no capacity, 403, 429, 500, lost answers, stuck), machines (vanish, EXITED, ERROR, silent, started "
        "again, dearer) and the app (worker killed or away, or off while the machine can end "
        "itself); each: cost at most the cap and one "
        "heartbeat's worth, no two machines of a name, none left, ledger within 3 cents a machine"
    )
    if failed:
        note += f"; failed: {', '.join(failed)}"
    name = f"random fault sequences that come out right, of {SEQUENCES}"
    fine = len(passed) == SEQUENCES and not failed
    yield Figure(
        7, name, len(passed), f"{SEQUENCES}", fine, f"CUEWRIGHT_FAULT_SEQUENCES={SEQUENCES} pytest {words}", note=note
    )


def demo() -> Iterator[Figure]:
    """The demo round here and on a rented machine, then a search of all that it left behind."""
    command = "python -m tests.runpod.demo"
    done = subprocess.run([sys.executable, *command.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stderr[-2000:])
    found = json.loads(done.stdout.splitlines()[-1])
    here, away = found["sha256"]["local"], found["sha256"]["runpod"]
    fine = here == away and found["curves_equal"] and not found["pods_left"]
    note = (
        f"demo checkpoint, {found['takes']} takes, {found['answers']} answers of a scripted listener, {found['pairs']} "
        f"pairs, {found['steps']} steps; here {here}, over S3 {away}; curves equal {found['curves_equal']}, machines "
        f"left {found['pods_left']}, ledger {found['cost_usd']:.4f} $, bill {found['billed_usd']:.4f} $; one thread "
        "and the same packages on both sides, since sums depend on them"
    )
    name = "demo DPO round over S3 and here: the same checkpoint hash"
    yield Figure(7, name, int(here == away), "1", fine, command, note=note)
    places = found["places"]
    hits = sum(len(kinds) for kinds in found["secrets"].values())
    seen = {"orders to RunPod", "objects in the bucket", "files of the database"} <= set(found["control"])
    note = (
        f"planted: {', '.join(found['secrets'])}; searched: "
        + ", ".join(f"{count} {kind}" for kind, count in places.items())
        + f"; the round's own id, which must be there, was found in: {', '.join(found['control'])}"
    )
    yield Figure(7, "planted secrets found in what a rented round leaves behind", hits, "0", not hits and seen, command,
                 note=note)  # fmt: skip


def smoke() -> Iterator[Figure]:
    """The machine's program in clean environments: with the torch that pip gives here, and with the image's."""
    for torch in ("2.13.0", "2.8.0"):
        command = f"python -m tests.runpod.smoke --torch {torch}"
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, *command.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=False
        )
        seconds = round(time.monotonic() - start)
        note = f"{seconds} s, packages fetched; " + (done.stdout.splitlines() or ["nothing said"])[-1]
        name = f"make pod-smoke, torch {torch} on this CPU: exit status"
        yield Figure(7, name, done.returncode, "0", not done.returncode, command, note=note)


def browser() -> Iterator[Figure]:
    """Set-up, terms, consent, machine and cost, by the keyboard alone."""
    words = "-m e2e tests/e2e/test_renting.py"
    passed, failed = _tests(*words.split())
    fine = len(passed) == 2 and not failed
    yield Figure(7, "renting in Chromium: passed tests", len(passed), "2", fine, f"pytest {words}")


def _tests(*words: str, **environment: str) -> tuple[list[str], list[str]]:
    """Names of tests that passed, and of those that did not."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-n", "2", "--no-migrations", *words],
        cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = re.findall(r"^(PASSED|FAILED|ERROR) \S+::(\S+)", done.stdout, re.MULTILINE)
    return [name for how, name in said if how == "PASSED"], [name for how, name in said if how != "PASSED"]


MEASURES = {
    "renting-scenarios": scenarios,
    "renting-faults": faults,
    "renting-demo": demo,
    "renting-smoke": smoke,
    "renting-browser": browser,
}

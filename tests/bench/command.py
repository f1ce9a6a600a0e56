"""Commands whose outcome is a figure: how they ended, and how many tests passed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.figure import Figure

ROOT = Path(__file__).resolve().parents[2]

Measure = Callable[[], Iterator[Figure]]


def run_command(*command: str, cwd: Path = ROOT, timeout: float = 3600, **environment: str) -> tuple[int, float, str]:
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


def passed_tests(name: str, *arguments: str) -> Measure:
    """A figure that is the number of passed tests of one kind, all of which must pass."""

    def measure() -> Iterator[Figure]:
        command = "pytest " + " ".join(arguments)
        status, seconds, output = run_command(sys.executable, "-m", "pytest", "-q", *arguments)
        passed = next((int(word) for word, after in zip(output.split(), output.split()[1:], strict=False)
                       if after.startswith("passed")), 0)  # fmt: skip
        yield Figure(2, name, passed, "all pass", status == 0 and passed > 0, command, note=f"{seconds:.0f} s")

    return measure


def passed_tests_of(issue: int, name: str, goal: int, *arguments: str) -> Measure:
    """The number of passed tests of one kind for another issue; at least `goal`, all of them passing."""

    def measure() -> Iterator[Figure]:
        for figure in passed_tests(name, *arguments)():
            figure.issue, figure.goal = issue, f">= {goal}, all pass"
            figure.ok = bool(figure.ok) and (figure.value or 0) >= goal
            yield figure

    return measure

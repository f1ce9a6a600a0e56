"""The figures of the ranking's mathematics, from simulated listeners: see tests/bench/ranking.py."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure

ROOT = Path(__file__).resolve().parents[2]
SET_UP = "N=16, 500 runs, 5 % lapses, repeats and caps as shipped"


def _measure(part: str) -> tuple[Any, str, str]:
    """What tests.bench.ranking says of a part, the command, and how long it took."""
    command = f"python -m tests.bench.ranking {part}"
    done = subprocess.run(
        [sys.executable, *command.split()[1:]],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    return said["found"], command, f"{said['seconds']:.0f} s on a busy machine"


def winner() -> Iterator[Figure]:
    """Votes to the winner, beside uniform random pairs, and what the stop rule does."""
    found, command, took = _measure("winner")
    for one, most, stop in zip(found, (70, 160), (60, 95), strict=True):
        where = f"N=16, sigma={one['sigma']:g}"
        needed, theirs = one["needed"], one["random_needed"]
        right = one["right"].get(str(most), float("nan"))
        note = f"{SET_UP}; right in {100 * right:.1f} % after {most}; {100 * one['repeats']:.0f} % were repeats; {took}"
        ok = needed is not None and needed <= most
        yield Figure(
            5, f"{where}: votes until the winner is right in 90 %", needed, f"<= {most}", ok, command, note=note
        )
        title, goal = f"{where}: the same as a share of random pairs' votes", "<= 0.45 where those get there"
        if theirs is None or needed is None:
            note = (
                f"random pairs: right in {100 * one['random_right']:.0f} % after {one['random_votes']}, never in 90 %"
            )
            yield Figure(5, title, None, goal, None if theirs is None else False, command, note=note)
        else:
            share = round(needed / theirs, 3)
            yield Figure(5, title, share, goal, share <= 0.45, command, note=f"random pairs: {theirs}")
        note = (
            f"right in {100 * one['stop_right']:.1f} %, stated regret {one['stop_stated']:.3f}; "
            f"{100 * one['stop_open']:.1f} % not stopped by the end and counted as of then"
        )
        regret = round(one["stop_regret"], 4)
        yield Figure(5, f"{where}: true regret at the stop, mean", regret, "<= 0.1", regret <= 0.1, command, note=note)
        votes = one["stop_votes"]
        yield Figure(5, f"{where}: votes at the stop, median", votes, f"<= {stop}", votes <= stop, command)
        share = round(one["forecasts"], 3)
        title = f"{where}: forecasts of the votes still needed within a factor of two"
        yield Figure(5, title, share, "reported", True, command)


def order() -> Iterator[Figure]:
    """Votes to the order of all takes."""
    found, command, took = _measure("order")
    for one, most in zip(found, (95, 260), strict=True):
        needed = one["needed"]
        yield Figure(
            5,
            f"N=16, sigma={one['sigma']:g}: votes until mean tau is 0.8",
            needed,
            f"<= {most}",
            needed is not None and needed <= most,
            command,
            note=f"{SET_UP}; random pairs: {one['random_needed']}; {took}",
        )


def pairs() -> Iterator[Figure]:
    """Training pairs."""
    found, command, took = _measure("pairs")
    for name, words, least in (("teach", "mix", 40), ("winner", "winner policy", 25)):
        one = found[f"{name} 0.9"]
        loose = found[f"{name} 0.8"]
        count, right = round(one["pairs"], 1), round(one["right"], 4)
        note = (
            f"{SET_UP}, sigma 1; stated {one['stated']:.3f}; at 0.8: {loose['pairs']:.1f} pairs, "
            f"{100 * loose['right']:.1f} % right, stated {loose['stated']:.3f}; {took}"
        )
        title = f"posterior pairs at P >= 0.9 after 60 votes, {words}"
        yield Figure(5, title, count, f">= {least}", count >= least, command, note=note)
        goal, ok = (">= 0.9", right >= 0.9) if name == "teach" else ("reported", True)
        yield Figure(5, f"{title}: share right", right, goal, ok, command)
    films = found["films"]
    yield Figure(
        5,
        "training pairs of six cues with 60 votes each, one held out: least of the simulated films",
        films["least"],
        ">= 150",
        films["least"] >= 150,
        command,
        note=f"{films['count']} films, sigma 1, mean {films['mean']:.0f}; as shipped: {films['source']} pairs",
    )


def mathematics() -> Iterator[Figure]:
    """Agreement with another fit, and speed."""
    found, command, took = _measure("mathematics")
    worst = float(f"{found['choix']:.2g}")
    yield Figure(5, "largest difference from choix in log-odds", worst, "<= 1e-6", worst <= 1e-6, command,
                 note=f"20 random data sets of 3 to 40 clips; {took}")  # fmt: skip
    speed = round(found["next_pair_ms"], 1)
    yield Figure(5, "next pair of 64 takes with 350 to 400 votes, milliseconds", speed, "<= 20", speed <= 20, command,
                 note="fit and choice, median of 50, CPU time of one thread")  # fmt: skip
    seconds = round(found["refit_seconds"], 2)
    yield Figure(5, "refit of 1,000 items and 100,000 votes, seconds", seconds, "<= 3", seconds <= 3, command,
                 note="with covariance, best of three, CPU time of one thread")  # fmt: skip

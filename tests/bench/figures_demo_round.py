"""The figures of the whole loop on the demo model (issue 6): scripted listeners judge, one round learns from them.

Each part is one seed: the listeners of tests/demo_round with one taste, one after the other, and one who throws coins;
or the one whose taste turns with the stage. The settings were found on the seeds 1, 2, 11 and 12 (docs/training.md),
which are none of these; but the anchor of the latter was added after a look at the first of these.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure

ROOT = Path(__file__).resolve().parents[2]
SEEDS = (21, 22, 23)
TASTES = ("sparse-low", "singing")
"""Listeners whose taste is the same in all stages."""

EACH = {"sparse-low": 16, "singing": 16, "by-stage": 12, "coin": 16}
ALONE = {"sparse-low": 400, "singing": 400, "by-stage": 800, "coin": 0}
"""Fresh takes of each cue and model; pieces of each model without guard."""

PROCESSES = {"by-stage": 2}
"""His film has twice as many cues: two processes write its takes. The others are measured with one."""

ROUND = ("set-up", "takes", "judgements", "training", "fresh takes of the parent", "fresh takes of the result")
"""What counts as a round; pieces without guard are measured behind it."""

TRUE = "order of fresh pairs as the listener's"
Found = dict[str, Any]


def part(name: str, seed: int, of_seed: Callable[[int, Path], Iterator[Figure]]) -> Callable[[], Iterator[Figure]]:
    """What is measured with one seed, in a folder of its own."""

    def measure() -> Iterator[Figure]:
        with tempfile.TemporaryDirectory(prefix="cuewright-figures-") as folder:
            for figure in of_seed(seed, Path(folder)):
                figure.command = f"python -m tests.bench.figures {name}"
                yield figure

    return measure


def _one_taste(seed: int, folder: Path) -> Iterator[Figure]:
    for name in TASTES:
        found = _play(folder, name, seed)
        title = f"demo round, seed {seed}, {name}"
        yield from _learned(title, found)
        yield from _sound(title, found)
        yield _mean(name, seed, found["foresight"]["true"])
    found = _play(folder, "coin", seed)
    for name in TASTES:
        title = f"demo round, seed {seed}, coins for votes: change of the taste {name}, SD"
        if "refused" in found:  # no round, no other model: what is used goes on writing as it did
            value, note = 0.0, f"no round starts on {found['answers']} coins, so nothing changes: {found['refused']}"
        else:
            gain = found["gains"][name]
            value = round(gain["whole"], 2)
            note = f"plus or minus {gain['error']:.2f}; {_told(found)}"
        yield Figure(6, title, value, "-0.25 to 0.25", abs(value) <= 0.25, "", note=note)


def _by_stage(seed: int, folder: Path) -> Iterator[Figure]:
    found = _play(folder, "by-stage", seed)
    title = f"demo round, seed {seed}, by-stage"
    for stage in ("Forgotten", "Salvation"):
        value = round(found["gain"]["stages"][stage], 2)
        side = "sparser" if stage == "Forgotten" else "fuller"
        note = f"notes a bar {' -> '.join(map(str, found['traits'][stage]['notes a bar']))}; {_told(found)}"
        yield Figure(6, f"{title}: {side} in {stage}, SD", value, ">= 0.3", value >= 0.3, "", note=note)
    seen = found["foresight"]
    note = f"{seen['clear_pairs']} clear pairs; of all {seen['pairs']}: {seen['true']:.3f}"
    yield Figure(6, f"{title}: clear pairs foreseen", round(seen["clear"], 3), "reported", True, "", note=note)
    yield from _sound(title, found)


def _play(folder: Path, listener: str, seed: int) -> Found:
    """One round in an installation of its own."""
    words = ["--listener", listener, "--seed", str(seed), "--folder", str(folder), "--each", str(EACH[listener])]
    words += ["--processes", str(PROCESSES.get(listener, 1))]
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo_round", *words, "--alone", str(ALONE[listener]), "--json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise AssertionError(done.stderr[-2000:])
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


def _learned(title: str, found: Found) -> Iterator[Figure]:
    """What a listener with one taste gets."""
    gain, seen = found["gain"], found["foresight"]
    value = round(gain["whole"], 2)
    note = (
        f"plus or minus {gain['error']:.2f}, in the spread of the parent's takes of one cue; in that of all its takes "
        f"{gain['wide']:.2f}; by stage "
        + ", ".join(f"{stage} {one:+.2f}" for stage, one in gain["stages"].items())
        + f"; {_told(found)}"
    )
    yield Figure(6, f"{title}: taste of fresh takes up, SD", value, ">= 0.5", value >= 0.5, "", note=note)
    value = round(seen["clear"], 3)
    note = f"{seen['clear_pairs']} pairs of the parent's fresh takes of one cue, which nobody judged"
    yield Figure(6, f"{title}: clear pairs foreseen", value, ">= 0.75", value >= 0.75, "", note=note)
    value = round(seen["true"], 3)
    note = f"{seen['pairs']} pairs; of the listener's noisy answers {seen['noisy']:.3f}"
    yield Figure(6, f"{title}: {TRUE}", value, "reported, mean >= 0.65", True, "", note=note)


def _sound(title: str, found: Found) -> Iterator[Figure]:
    """What must not suffer, and what the round took."""
    free, guarded, learned = found["alone"], found["guarded"], found["round"]
    lost = free["against"]["adding"]
    value = round(100 * lost["at"], 2)
    parent, result = (free[side] for side in ("parent", "result"))
    note = (
        f"95 % interval {100 * lost['low']:+.2f} to {100 * lost['high']:+.2f}; {result['texts']} pieces each, "
        f"{parent['adding']['at']:.4f} -> {result['adding']['at']:.4f} of {result['bars']} bars; whole pieces valid "
        f"{parent['valid']['at']:.2f} -> {result['valid']['at']:.2f}"
    )
    yield Figure(6, f"{title}: unguarded bars that add up, points", value, ">= -1", value >= -1, "", note=note)
    for what, goal in (("distinct", 0.8), ("keys", 0.7)):
        ratio = free["against"][what]
        value = round(ratio["at"], 3)
        words = {"distinct": "distinct single bars", "keys": "distinct keys"}[what]
        note = (
            f"{parent[what]} -> {result[what]} without guard, 95 % interval {ratio['low']:.2f} to {ratio['high']:.2f}"
        )
        if what == "distinct":
            note += f"; with guard {guarded['parent']['distinct']} -> {guarded['result']['distinct']}"
        yield Figure(6, f"{title}: {words} against the parent", value, f">= {goal}", value >= goal, "", note=note)
    value = learned["chosen"]
    note = (
        f"nats a piece, the pairs it learned from, last epoch; rejected {learned['rejected']:+.1f}, "
        f"KL {learned['kl']:.4f} nats a character, {learned['steps']} steps, the run ended {learned['state']}"
    )
    yield Figure(6, f"{title}: chosen pieces' log-probability, change", value, ">= 0", value >= 0, "", note=note)
    value = round(guarded["result"]["valid"], 4)
    note = f"{guarded['result']['takes']} takes, {guarded['result']['tries']:.3f} tries a line"
    yield Figure(6, f"{title}: takes the guard brings to their end", value, ">= 0.97", value >= 0.97, "", note=note)
    yield _minutes(title, found)


def _minutes(title: str, found: Found) -> Figure:
    """By the clock where two processes wrote, otherwise by the processor, whatever else the machine did."""
    seconds, cpu = (sum(found["clock"][step][kind] for step in ROUND) for kind in ("clock", "cpu"))
    note = f"takes, votes, training, {found['guarded']['result']['takes']} fresh takes of each model; "
    if found["listener"] in PROCESSES:
        name, value = "minutes by the clock on two cores", round(seconds / 60, 2)
        note += "pieces without guard come on top"
    else:
        name, value = "minutes of a processor", round(cpu / 60, 2)
        note = f"one core: {note}pieces without guard come on top; {seconds / 60:.1f} minutes by the clock beside "
        note += "whatever else the machine did"
    return Figure(6, f"{title}: {name}", value, "<= 10", value <= 10, "", note=note)


def _told(found: Found) -> str:
    learned = found["round"]
    return (
        f"{found['answers']} answers about {found['takes']} takes, {learned['pairs']} pairs, {learned['steps']} steps"
    )


def _mean(listener: str, seed: int, value: float) -> Figure:
    """The mean over the seeds measured last; the others' values are those in docs/figures.json."""
    known = json.loads((ROOT / "docs" / "figures.json").read_text(encoding="utf-8"))
    titles = {f"demo round, seed {other}, {listener}: {TRUE}": other for other in SEEDS if other != seed}
    values = {titles[one["name"]]: one["value"] for one in known if one["name"] in titles} | {seed: value}
    mean = round(sum(values.values()) / len(values), 3)
    name = f"demo round, {listener}: {TRUE}, mean"
    note = "seeds " + ", ".join(map(str, sorted(values)))
    return Figure(6, name, mean, ">= 0.65", mean >= 0.65, "", note=note)


PARTS = {"demo-round": _one_taste, "demo-stages": _by_stage}
MEASURES = {
    f"{name}-{number}": part(f"{name}-{number}", seed, measured)
    for name, measured in PARTS.items()
    for number, seed in enumerate(SEEDS, start=1)
}

"""The figures of CLaMP: parity with the reference, speed, scores, memory."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure

ROOT = Path(__file__).resolve().parents[2]


def _bench(what: str) -> tuple[str, dict[str, Any]]:
    command = ["-m", "tests.bench.clamp", what]
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return "python " + " ".join(command), found


def speed() -> Iterator[Figure]:
    """Pieces of the lognormal mix by our way and the reference's, published size, random weights, one thread."""
    command, found = _bench("speed")
    seconds = ", ".join(f"{way} {spent}" for way, spent in found["seconds"].items())
    for way, goal in (("float32", 2.5), ("bfloat16", 6.0)):
        name = f"CLaMP at 12x768, times faster than the reference's way: {way}"
        if way not in found["times"]:
            yield Figure(11, name, None, f">= {goal}", None, command, note="this CPU computes no bf16")
            continue
        times = found["times"][way]
        note = f"processor seconds in one run, in turn: {seconds}; {found['pieces']} pieces, {found['patches']} patches"
        note += f"; least cosine to the reference's vectors {found['least_cosine'][way]:.7f}"
        yield Figure(11, name, times, f">= {goal}", times >= goal, command, note=note)


def scores() -> Iterator[Figure]:
    """All scores of vectors that are kept."""
    command, found = _bench("scores")
    value = found["milliseconds"]
    note = f"median of 9, one thread, from bytes to mean, nearest five and closest; least {found['least']}"
    name = "1,000 stored vectors against 500 references, ms"
    yield Figure(11, name, value, "<= 50", value <= 50, command, note=note)


def memory() -> Iterator[Figure]:
    """Anonymous memory of the import of a published file and of loading what is kept of it."""
    command, found = _bench("memory")
    needed = found["needed_mb"]
    note = f"a file of {found['file_mb']} MB, {needed} MB needed of it in float32; before: {{before}} MB of libraries"
    for step, title in (
        ("import", "importing a published file"),
        ("import-half", "importing it as bfloat16"),
        ("load", "having both encoders ready"),
    ):
        peak = found[step]["peak"]
        yield Figure(
            11,
            f"CLaMP, {title}: peak of RssAnon as a share of the needed part",
            round(peak / needed, 2),
            "< 1.5",
            peak < 1.5 * needed,
            command,
            note=f"peak {peak} MB; {note.format(before=found[step]['before'])}",
        )

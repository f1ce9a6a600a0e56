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
    note = (
        f"processor time, median of 9, one thread, from bytes to mean, nearest five and closest; least {found['least']}"
    )
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


def demo_encoder() -> Iterator[Figure]:
    """The shipped demo encoder on études it has not learned from: their stage by the six stage words."""
    from training.recipes.demo_encoder import held_out, retrieval

    folder = ROOT / "data" / "demo" / "encoder"
    found = retrieval(folder, held_out(300))
    command = "python run.py figures demo-encoder"
    each = ", ".join(f"{stage} {share}" for stage, share in found["first_by_stage"].items())
    note = (
        f"{each}; with the tempo taken out of the header {found['without_tempo']}; stage and music are by one composer"
    )
    first, reciprocal = found["first"], found["reciprocal"]
    name = f"stage of {found['pieces']} held-out études by text: first of six"
    yield Figure(11, name, first, ">= 0.60", first >= 0.6, command, note=note)
    name = f"stage of {found['pieces']} held-out études by text: mean reciprocal rank"
    yield Figure(11, name, reciprocal, ">= 0.75", reciprocal >= 0.75, command)
    size = round((folder / "clamp.safetensors").stat().st_size / 1e6, 2)
    yield Figure(11, "demo encoder, MB", size, "<= 10", size <= 10, command)


def taste() -> Iterator[Figure]:
    """The taste model on vectors alone with scripted listeners, means over eight listeners of each kind."""
    command = ["-m", "tests.bench.taste"]
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    for name, row in found.items():
        note = (
            f"proved in {row['proved']:.0%} of the runs; told by its own cross-validation {row['told']}; "
            f"least {row['least']}; the hidden taste itself would be right in {row['ceiling']}, for answers are noisy"
        )
        accuracy, coin = row["accuracy"], name == "coin"
        goal, fine = ("0.5, rarely proved", row["proved"] <= 0.125) if coin else (">= 0.65 (aim)", accuracy >= 0.65)
        title = f"taste of {name}, 100 judgements, new cues: answers foretold"
        yield Figure(11, title, accuracy, goal, fine, "python " + " ".join(command), note=note)
        note = (
            f"cold {row['cold']} votes, warm {row['warm']}, until the leader costs at most 0.25 units in 80 % of runs; "
            f"after 10 votes it costs {row['cold_cost_10']} and {row['warm_cost_10']}; the page says enough after "
            f"{row['cold_sure']} and {row['warm_sure']}; a start only where the taste was proved"
        )
        goal, fine = ("no more than cold", row["fewer"] >= -0.1) if coin else (">= 0.25 (aim)", row["fewer"] >= 0.25)
        title = f"taste of {name}: votes to the winner of a new cue, share saved by the start"
        yield Figure(11, title, row["fewer"], goal, fine, "python " + " ".join(command), note=note)

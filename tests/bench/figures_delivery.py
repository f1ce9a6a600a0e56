"""Figures of the delivery: the contract over many scores, a second reader, packages, the way in the browser."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure
from tests.e2e.installation import Installation

ROOT = Path(__file__).resolve().parents[2]

SCENE = """
from curator.domain.accounts import ensure_owner
from tests.curator.delivery_scene import lantern, lit_cue
film = lantern(slug="lantern")
for number in range(3):
    lit_cue(film, ensure_owner(), title=f"Über dem Meer {number}").hits.create(frame=40, label="=Tür", hard=True)
"""


def delivery() -> Iterator[Figure]:
    """Over 200 takes and the Satie files: schema, contract, notes, ends, tempo of bar 1, MIDI, MuseScore."""
    command = "python -m tests.bench.delivery"
    done = subprocess.run(
        [sys.executable, *command.split()[1:]],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False, timeout=7200,
    )  # fmt: skip
    if done.returncode:
        raise AssertionError(done.stderr[-3000:])
    told = json.loads(done.stdout.splitlines()[-1])
    scores = told["takes"] + told["satie"]
    enough = told["takes"] >= 200 and told["satie"] > 0 and not told["refused"]
    kinds = f"{told['takes']} takes of the demo checkpoint, {told['satie']} Satie files"
    for key, name, note in _lines(told, kinds):
        value = told[key]
        yield Figure(10, f"{name}, of {scores}", value, str(scores), enough and value == scores, command, note=note)
    again = told["again"]
    name = "exports that MuseScore plays with the same notes for the same time, of 20"
    if not again:
        yield Figure(10, name, None, "20", None, command, note="MuseScore is not installed")
        return
    note = "ornaments and arpeggios, which it plays out, taken off before; " + (
        "; ".join(told["unlike"]) or "all alike"
    )
    yield Figure(
        10, name, told["read_again"], "20", told["read_again"] == again == 20, command, note=note
    )  # fmt: skip


def _lines(told: dict[str, Any], kinds: str) -> Iterator[tuple[str, str, str]]:
    refused = f"; refused: {'; '.join(told['refused'])}" if told["refused"] else ""
    yield "schema", "delivered scores valid by the MusicXML 4.0 schema", kinds + refused
    yield "contract", "delivered scores that hold the contract", kinds
    rewrites = f"named rewrites: {told['graces']} grace notes made real, {told['merged']} unisons merged"
    yield (
        "equal",
        "delivered scores that sound as their source to music21, but for the named rewrites",
        "; ".join([rewrites, *told["otherwise"]]),
    )
    yield (
        "ends",
        "delivered scores whose last sounding bar ends within a frame of the cue's end",
        f"farthest {told['latest_ms']} ms, a frame of 24 is 41.7 ms; takes against the plan of their cue, files of "
        "people against the frame nearest to their own end",
    )
    yield "regex", "delivered scores whose tempo of bar 1 a reader by regular expression finds", ""
    yield "midi", "companion MIDI files with every note, none of length 0, as long as the score", ""


def packages() -> Iterator[Figure]:
    """The same state packed twice, by two processes."""
    command = "manage.py export_film --film lantern --out FILE.zip"
    with tempfile.TemporaryDirectory(prefix="cuewright-figures-") as folder:
        installation = Installation(Path(folder))
        installation.manage("migrate", "-v0")
        installation.manage("shell", "-v0", "-c", SCENE)
        files = [Path(folder) / name for name in ("one.zip", "two.zip")]
        for number, file in enumerate(files):
            installation.settings["PYTHONHASHSEED"] = str(number)
            installation.manage("export_film", "--film", "lantern", "--out", str(file))
        one, two = (file.read_bytes() for file in files)
    same = float(one == two)
    note = f"{len(one)} bytes, two processes with other hash seeds"
    yield Figure(10, "two packages of one state: byte-identical", same, "1", one == two, command, note=note)

"""Contract, sound and second reader over many delivered scores: prints one JSON line.

    python -m tests.bench.delivery

Takes of the demo checkpoint (tests/bench/takes.py writes those that are missing) and the Satie files of the reference
folder, each in a cue at 24 frames a second that ends where its plan ends.
"""

import io
import json
import re
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import mido
from music21.repeat import ExpanderException

from curator.delivery.contract import inspect
from curator.delivery.midi import companion_midi
from curator.delivery.musicxml import Exported, export_with_account
from curator.delivery.names import stem
from curator.delivery.sheet import DeliveryError, Sheet
from curator.delivery.source import read_source
from curator.notation.errors import NotationError
from curator.notation.gate import read_bounded
from curator.notation.musicxml import validate
from curator.notation.road import play_order
from tests import musescore
from tests.bench import takes
from tests.heard import differences, heard
from tests.shared import SATIE

READ_AGAIN = 20
# As the client's own reader does it: the number first in the bar, the tempo in a bare metronome.
BAR = re.compile(r'<measure number="(\d+)"[^>]*>(.*?)</measure>', re.DOTALL)
TEMPO = re.compile(r"<metronome>.*?<per-minute>([\d.]+)</per-minute>", re.DOTALL)


@dataclass(frozen=True)
class Case:
    """A score to deliver: its text, the tempo of its cue, and the cue's length in frames; None as long as it runs."""

    name: str
    musicxml: bytes
    tempo: Fraction
    frames: int | None


def cases() -> Iterator[Case]:
    """Every take that could be written, then every file that can be imported."""
    for take in takes.kept():
        if not take["reason"]:
            tempo = Fraction(str(take["tempo"]))
            yield Case(take["name"], take["musicxml"].encode(), tempo, take["frames"])
    for path in sorted(SATIE.iterdir()) if SATIE.exists() else ():
        try:
            if path.suffix != ".csv":
                yield Case(path.stem, read_bounded(path.name, path.read_bytes()).musicxml, Fraction(133, 2), None)
        except NotationError as error:
            sys.stderr.write(f"{path.name} is not imported: {error}\n")


def measure() -> dict[str, Any]:
    """Everything, counted."""
    told: dict[str, Any] = {
        "takes": 0, "satie": 0, "refused": [], "schema": 0, "contract": 0, "equal": 0, "otherwise": [], "ends": 0,
        "regex": 0, "midi": 0, "graces": 0, "merged": 0, "latest_ms": 0.0, "again": 0, "read_again": 0, "unlike": [],
    }  # fmt: skip
    exports: list[tuple[Case, Exported]] = []
    for case in cases():
        told["takes" if case.frames is not None else "satie"] += 1
        sheet = Sheet("1m1", case.name, "Cuewright", ((1, case.tempo),), date(2026, 11, 27))
        try:
            exported = export_with_account(case.musicxml, sheet)
        except DeliveryError as error:
            told["refused"].append(f"{case.name}: {error}")
            continue
        exports.append((case, exported))
        _count(told, case, exported)
    if musescore.PROGRAM:
        chosen = _spread(exports)
        told["again"] = len(chosen)
        with tempfile.TemporaryDirectory() as folder:
            for case, exported in chosen:
                trouble = _second_reader(exported, Path(folder))
                told["read_again"] += not trouble
                told["unlike"] += [f"{case.name}: {trouble}"] if trouble else []
    return told


def _count(told: dict[str, Any], case: Case, exported: Exported) -> None:
    file = exported.musicxml
    told["schema"] += not validate(file)
    told["contract"] += all(check.ok for check in inspect(file, stem=stem("1m1", case.name, 1)))
    told["graces"] += exported.account.graces
    told["merged"] += exported.account.merged
    trouble = _otherwise(case.musicxml, file)
    if trouble and exported.account.repeated:
        # music21 may take repeats otherwise; MuseScore then has to play the source as long as we do
        order = play_order([bar.road for bar in read_source(case.musicxml).bars])
        if not differences(heard(case.musicxml, order=order), heard(file)) and _as_long(case.musicxml, exported):
            told["otherwise"].append(f"{case.name}: music21 takes the repeats otherwise, MuseScore as here")
            trouble = []
    told["equal"] += not trouble
    if trouble:
        told["otherwise"].append(f"{case.name}: {len(trouble)} tones, first {trouble[0]}")
    frames = takes.CLOCK.nearest_frame(exported.ends) if case.frames is None else case.frames
    late = exported.ends - takes.CLOCK.seconds(frames)
    told["ends"] += abs(late) * takes.CLOCK.fps <= 1
    told["latest_ms"] = max(told["latest_ms"], round(float(abs(late)) * 1000, 1))
    number, inside = BAR.search(file.decode()).groups()  # type: ignore[union-attr] # a file without a bar fails here
    told["regex"] += number == "1" and TEMPO.search(inside) is not None and _written(inside) == case.tempo
    told["midi"] += _is_whole(exported)


def _otherwise(source: bytes, file: bytes) -> list[str]:
    """What the file sounds otherwise than music21 hears the source."""
    try:
        return differences(heard(source), heard(file))
    except ExpanderException as error:
        return [f"music21 does not expand the repeats: {error}"]


def _written(bar: str) -> Fraction:
    found = TEMPO.search(bar)
    return Fraction(found[1]) if found else Fraction(0)


def _is_whole(exported: Exported) -> bool:
    """Whether the companion MIDI holds every note, none of length 0, and lasts as long."""
    file = mido.MidiFile(file=io.BytesIO(companion_midi(exported, title="1m1")))
    count = 0
    for track in file.tracks:
        down: dict[int, int] = {}
        now = 0
        for event in track:
            now += event.time
            if event.type == "note_on":
                down[event.note] = now
            elif event.type == "note_off":
                count += now > down.pop(event.note)
    shape = (file.type, file.ticks_per_beat, [track.name for track in file.tracks[1:]])
    long = abs(file.length - float(exported.seconds)) < 0.01
    return count == len(exported.tones) and long and shape == (1, 480, ["Piano RH", "Piano LH"])


def _spread(exports: list[tuple[Case, Exported]]) -> list[tuple[Case, Exported]]:
    """Every so manyth score, so that takes of each cue and files of people are among them."""
    step = max(1, len(exports) // READ_AGAIN)
    return exports[::step][:READ_AGAIN]


def _as_long(source: bytes, exported: Exported) -> bool:
    if not musescore.PROGRAM:
        return False
    with tempfile.TemporaryDirectory() as folder:
        file = mido.MidiFile(file=io.BytesIO(musescore.to_midi(source, Path(folder))))
    longest = max(sum(event.time for event in track) for track in file.tracks)
    return abs(Fraction(longest, file.ticks_per_beat) - exported.quarters) < Fraction(1, 8)


def _second_reader(exported: Exported, folder: Path) -> str:
    """What MuseScore makes of a delivered score otherwise; "" where it plays the same notes for the same time."""
    try:
        file = mido.MidiFile(file=io.BytesIO(musescore.to_midi(exported.musicxml, folder)))
    except (AssertionError, OSError) as error:
        return str(error)[:200]
    played: list[tuple[int, int, int]] = []
    longest = 0
    for staff, track in enumerate(file.tracks[1:], 1):
        now = 0
        for event in track:
            now += event.time
            if event.type == "note_on" and event.velocity > 0:
                played.append((round(Fraction(now, file.ticks_per_beat) * 48), event.note, staff))
        longest = max(longest, now)
    meant = [(round(tone.start * 48), round(tone.pitch.midi), tone.staff) for tone in exported.tones]
    if sorted(played) != sorted(meant):
        return f"{len(played)} notes for {len(meant)}, {len(set(played) ^ set(meant))} differ"
    off = abs(Fraction(longest, file.ticks_per_beat) - exported.quarters)
    return "" if off < Fraction(1, 48) else f"{float(off):.3f} quarters longer or shorter"


def main() -> None:
    """Write what is missing, measure, tell."""
    warnings.simplefilter("ignore")
    takes.write_missing()
    start = time.process_time()
    told = measure()
    print(json.dumps(told | {"cpu_seconds": round(time.process_time() - start, 1)}, ensure_ascii=False))


if __name__ == "__main__":
    main()

"""Figures of the film: the storyboard's example, lines that readers lose, timecode there and back."""

import random
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure
from tests.e2e.installation import Installation

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = {
    "scenes": 2, "shots": 3, "audio": 2, "transitions": 1, "stages": 3, "cues": 3, "runtime_seconds": [60, 120],
    "warnings": ["The footer says 2 shots, found 3."],
}  # fmt: skip
FILES = 500  # of each kind
HOURS = 2


def storyboard() -> Iterator[Figure]:
    """The example as its format says, and what of generated files is neither kept nor told."""
    command = "manage.py import_storyboard tests/golden/film/laterne.md --film laterne --json"
    with tempfile.TemporaryDirectory(prefix="cuewright-figures-") as folder:
        installation = Installation(Path(folder))
        installation.manage("migrate", "-v0")
        said = installation.manage_json(*command.split()[1:-1])
    right = sum(said[name] == value for name, value in EXAMPLE.items())
    note = ", ".join(f"{name} {said[name]}" for name in EXAMPLE)
    name, whole = "facts of the storyboard's example that import as told", len(EXAMPLE)
    yield Figure(8, name, right, str(whole), right == whole, command, note=note)
    files, lines, lost = _lost_lines()
    name = "lines lost of generated files of four kinds"
    note = f"{files} files with {lines} lines; each is in a field, or a remark names it"
    yield Figure(8, name, lost, "0", lost == 0, "python run.py figures storyboard", note=note)


def _lost_lines() -> tuple[int, int, int]:
    """Files, lines and lost lines of files that hypothesis makes, the same ones each time."""
    from hypothesis import given, settings
    from hypothesis import strategies as st

    from curator.film.intake import read_storyboard
    from curator.film.storyboard import StoryboardError
    from tests.curator.film import test_nothing_dropped as kinds
    from tests.curator.film.storyboards import lost

    counts = [0, 0, 0]

    def read(lines: list[str], known: set[str]) -> None:
        try:
            board = read_storyboard("\n".join(lines).encode(), kinds.CLOCK)
        except StoryboardError:
            return
        counts[0] += 1
        counts[1] += sum(bool(line.strip()) for line in lines)
        counts[2] += len(lost(board, lines, known))

    columns = ["id", "Szene", "Dauer", "Beschreibung", "Dialog", "Objektiv", "Audio"]
    rows = st.lists(kinds.cell, max_size=8).map(";".join)
    for name, line, head in (
        ("breakdown", kinds.breakdown_line, ["### S01-001"]),
        ("script", kinds.script_line, ["INT. DACHBODEN - TAG"]),
        ("list", rows, [";".join(columns)]),
        ("edl", kinds.edl_line, ["TITLE: Laterne", "FCM: NON-DROP FRAME"]),
    ):
        known = kinds.KNOWN[name] | (set(columns) if name == "list" else set())

        @settings(max_examples=FILES, deadline=None, derandomize=True, database=None)
        @given(lines=st.lists(line, max_size=30), head=st.just(head), known=st.just(known))
        def each(lines: list[str], head: list[str], known: set[str]) -> None:
            read([*head, *lines], known)

        each()
    return counts[0], counts[1], counts[2]


def timecode() -> Iterator[Figure]:
    """Frames to labels and back, and frames to bars and beats and back, at every rate with and without drop-frame."""
    from curator.film.timecode import DROP_RATES, RATES, Clock, frame_rate

    clocks = [Clock(frame_rate(name)) for name in RATES]
    clocks += [Clock(clock.fps, drop=True) for clock in clocks if clock.fps in DROP_RATES]
    tried = wrong = 0
    for clock in clocks:
        for frame in range(int(HOURS * 3600 * clock.fps)):
            tried += 1
            wrong += clock.frame(clock.label(frame)) != frame or clock.frame_at(clock.seconds(frame)) != frame
    command = "python run.py figures timecode"
    name = f"frames of {HOURS} hours that do not come back from their labels, {len(clocks)} clocks"
    yield Figure(
        8, name, wrong, "0", wrong == 0, command, note=f"{tried} frames; {', '.join(RATES)}, two with drop-frame"
    )
    yield _bars(clocks, command)


def _bars(clocks: list[Any], command: str) -> Figure:
    from curator.film.tempo import Metre, Section, TempoMap

    maps = [
        TempoMap.steady(Metre(4, 4), 66),
        TempoMap((Section(1, Metre(3, 4), Fraction("61.7")), Section(9, Metre(2, 4), Fraction("64.05")))),
        TempoMap(
            (
                Section(1, Metre(6, 8), Fraction(90)),
                Section(5, Metre(3, 4), Fraction(88)),
                Section(17, Metre(4, 4), Fraction(84)),
            )
        ),
    ]
    chance, tried, wrong = random.Random(8), 0, 0
    for clock in clocks:
        for plan in maps:
            for _ in range(1000):
                start = chance.randrange(100_000)
                frame = start + chance.randrange(int(300 * clock.fps))
                tried += 1
                place = plan.place_of_frame(frame, clock, cue_in=start)
                wrong += plan.frame_of(place, clock, cue_in=start) != frame
    name = "frames that do not come back from their bars and beats"
    return Figure(8, name, wrong, "0", wrong == 0, command, note=f"{tried} frames, {len(maps)} tempo maps")

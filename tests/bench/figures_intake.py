"""Measures what comes in: hostile files in time and memory, and Satie to ABC and back."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure
from tests.e2e.installation import Installation
from tests.shared import SATIE, SHARED

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS, MOST_MB = 10.0, 400.0


def hostile() -> Iterator[Figure]:
    """Every file of ../shared/hostile through `import_scores` into an empty library: result, seconds, memory."""
    table = SHARED / "hostile" / "EXPECTED.csv"
    command = "python -m tests.bench.figures hostile"
    goals = ("hostile files that get what the table says", "hostile files: worst seconds", "hostile files: peak MB")
    if not table.exists():
        for name in goals:
            yield Figure(4, name, None, "", None, command, note="../shared/hostile is not here")
        return
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    right, wrong = 0, []
    slowest, largest, hardest = (0.0, ""), (0.0, ""), 0.0
    with tempfile.TemporaryDirectory(prefix="cuewright-hostile-") as folder:
        Installation(Path(folder) / "empty").manage("migrate", "-v0")
        for row in rows:
            data = Path(folder) / "one"
            shutil.rmtree(data, ignore_errors=True)
            shutil.copytree(Path(folder) / "empty", data)
            installation = Installation(data)
            first = _import(installation, "d01_original.musicxml") if "DUPLICATE" in row["expected"] else None
            found = _import(installation, row["file"])
            slowest, largest = max(slowest, (found["seconds"], row["file"])), max(largest, (found["mb"], row["file"]))
            hardest = max(hardest, found["cpu"])
            if _as_expected(row["expected"], found, first):
                right += 1
            else:
                wrong.append(row["file"])
    note = f"of {len(rows)} rows, each command with Python's start" + (f"; wrong: {', '.join(wrong)}" if wrong else "")
    yield Figure(4, goals[0], right, f"all {len(rows)}", right == len(rows), command, note=note)
    seconds, mb = round(slowest[0], 1), round(largest[0])
    busy = f"load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores, nice {os.nice(0)}"
    note = f"{slowest[1][:40]}; at most {hardest:.1f} s of CPU time; {busy}"
    yield Figure(4, goals[1], seconds, f"<= {MOST_SECONDS:g}", seconds <= MOST_SECONDS, command, note=note)
    note = f"{largest[1][:40]}; resident memory of the command and all its subprocesses, looked at every 20 ms"
    yield Figure(4, goals[2], mb, f"<= {MOST_MB:g}", mb <= MOST_MB, command, note=note)


def _import(installation: Installation, name: str) -> dict[str, Any]:
    """The row of one imported file, with the seconds of the command, of CPU time, and the most memory it had."""
    start, peak, before = time.monotonic(), 0.0, os.times()
    with subprocess.Popen(
        [sys.executable, "manage.py", "import_scores", str(SHARED / "hostile" / name), "--json"],
        cwd=ROOT, env=installation.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        said: list[tuple[bytes, bytes]] = []
        reader = threading.Thread(target=lambda: said.append(process.communicate()))
        reader.start()
        while reader.is_alive():
            peak = max(peak, _tree_mb(process.pid))
            reader.join(0.02)
    seconds, after = time.monotonic() - start, os.times()
    cpu = sum(getattr(after, kind) - getattr(before, kind) for kind in ("children_user", "children_system"))
    try:
        row: dict[str, Any] = json.loads(said[0][0])["files"][0]
    except ValueError:
        row = {"status": "crashed", "reason": said[0][1].decode(errors="replace")[-500:], "warnings": []}
    return {**row, "seconds": seconds, "cpu": cpu, "mb": peak}


def _tree_mb(root: int) -> float:
    """Resident memory of a process and everything under it, in MB of 10^6 bytes; Linux only."""
    children: dict[int, list[int]] = {}
    resident: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
                resident[int(entry)] = int(stat[21])
            except (OSError, IndexError, ValueError):
                continue
            children.setdefault(int(stat[1]), []).append(int(entry))
    waiting, pages = [root], 0
    while waiting:
        process = waiting.pop()
        pages += resident.get(process, 0)
        waiting += children.get(process, [])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _as_expected(expected: str, found: dict[str, Any], first: dict[str, Any] | None) -> bool:
    status, like = found["status"], found.get("like") or {}
    if first is not None:
        wanted = "imported" if expected.startswith("NEAR") else "duplicate"
        return bool(status == wanted and like.get("piece") == first["piece"])
    if expected.startswith("REJECT"):
        return bool((status == "refused" and found["reason"]) or ("ACCEPT" in expected and status == "imported"))
    if "warning" in expected and status == "refused":
        return bool(found["reason"])
    return bool(status == "imported" and ("warning" not in expected or found["warnings"]))


def satie() -> Iterator[Figure]:
    """The scores of ../shared/scores/satie to ABC and back, compared by music21, which reads both ends."""
    command = "python -m tests.bench.figures satie"
    folder = SATIE
    names = ("Satie solos with all notes equal after MusicXML to ABC to MusicXML", "Satie songs: piano part or refusal")
    if not folder.exists():
        for name in names:
            yield Figure(4, name, None, "", None, command, note="../shared/scores is not here")
        return
    found = {path.name: _round_trip(path) for path in sorted(folder.iterdir()) if path.suffix != ".csv"}
    solos = [result for name, result in found.items() if name.startswith("mutopia")]
    songs = [result for name, result in found.items() if not name.startswith("mutopia")]
    equal = sum(result == "equal" for result in solos)
    note = f"onset, pitch, length and staff of every note; {len(solos)} solos"
    yield Figure(4, names[0], equal, "10 of 10", equal == len(solos) == 10, command, note=note)
    clear = sum(result in ("equal", "equal but for ties, as told") or result.endswith(".") for result in songs)
    said = ", ".join(f"{count} {what}" for what, count in Counter(songs).items())
    note = f"piano part taken: {said}; ABC has no ties from one voice to another"
    yield Figure(4, names[1], clear, f"{len(songs)} of {len(songs)}", clear == len(songs) > 0, command, note=note)


def _round_trip(path: Path) -> str:
    """The word "equal", or in a sentence what differs or why the score is refused."""
    # The converters and readers are not needed to list the figures.
    from curator.notation.convert import abc_to_musicxml, musicxml_to_abc
    from curator.notation.errors import NotationError
    from curator.notation.gate import read_bounded

    try:
        intake = read_bounded(path.name, path.read_bytes())
        there = musicxml_to_abc(intake.musicxml)
        back = abc_to_musicxml(there.text).text.encode()
    except NotationError as error:
        return str(error)
    before, after = _heard(intake.original, intake.parts), _heard(back, None)
    if before == after:
        return "equal"
    told = any("Ties between voices" in warning for warning in there.warnings)
    if told and _without_ties(before) == _without_ties(after):
        return "equal but for ties, as told"
    return f"differs in {sum(((before - after) + (after - before)).values())} notes"


def _without_ties(heard: Counter[tuple[object, ...]]) -> Counter[tuple[object, ...]]:
    found: Counter[tuple[object, ...]] = Counter()
    for tone, count in heard.items():
        found[tone[:-1]] += count
    return found


def _heard(musicxml: bytes, parts: tuple[str, ...] | None) -> Counter[tuple[object, ...]]:
    """Every note as music21 reads it: bar, staff, onset, pitch, length, ties."""
    import music21

    score = music21.converter.parseData(musicxml.decode(), format="musicxml", forceSource=True)
    staves = [
        part for part in score.parts if parts is None or str(part.id).partition("-Staff")[0] in parts
    ]  # fmt: skip
    heard: Counter[tuple[object, ...]] = Counter()
    for staff, part in enumerate(staves):
        for bar, measure in enumerate(part.getElementsByClass("Measure")):
            for sound in measure.recurse().getElementsByClass("NotRest"):
                onset = float(sound.getOffsetInHierarchy(measure))
                for tone in sound.notes if sound.isChord else (sound,):
                    tie = tone.tie.type if tone.tie else ""
                    length = float(sound.quarterLength)
                    heard[bar, staff, round(onset, 4), tone.pitch.midi, round(length, 4), tie] += 1
    return heard

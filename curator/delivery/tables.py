"""Tables of a package as CSV: the cue sheet and the list of markers.

A cell that a spreadsheet would take for a formula (it begins with = + - @) gets an apostrophe in front, as OWASP's
"CSV Injection" advises; so nothing that somebody typed is run by whoever opens the file.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from curator.delivery.manifest import CueEntry, FilmFacts

_FORMULA = re.compile("[=+\\-@＝＋－＠]")
CUE_SHEET = (
    *("Film", "Cue", "Title", "Composer", "Publisher", "In", "Out", "Duration", "Use", "Version", "Take", "Note"),
)
MARKERS = ("Cue", "Name", "Kind", "Timecode", "Frame", "Seconds", "Bar.Beat")


@dataclass(frozen=True)
class Dialect:
    """How tables are written. German Excel wants semicolons and a byte order mark."""

    semicolon: bool = False
    bom: bool = False


def cue_sheet(film: FilmFacts, cues: Iterable[CueEntry], dialect: Dialect) -> bytes:
    """One line a cue, as collecting societies ask for it. Durations are those of the music."""
    rows = [
        [
            film.title,
            cue.number,
            cue.title,
            cue.credits.composer,
            cue.credits.publisher,
            cue.times.timecode_in,
            cue.times.timecode_out,
            cue.times.length,
            cue.credits.use,
            str(cue.version),
            str(cue.lineage.take),
            cue.credits.note,
        ]
        for cue in cues
    ]
    return _table(CUE_SHEET, rows, dialect)


def marker_list(film: FilmFacts, cues: Iterable[CueEntry], dialect: Dialect) -> bytes:
    """Begin, tempo changes, hits and end of each cue; the first line says the frame rate.

    Timecodes and frames are the film's, seconds and bar.beat are counted from the beginning of the cue's music.
    """
    rows = [list(marker) for cue in cues for marker in _markers(cue)]
    rate = f"{film.fps} fps{', drop frame' if film.drop_frame else ''}"
    return _table((*MARKERS, rate), rows, dialect)


def _markers(cue: CueEntry) -> list[tuple[str, ...]]:
    times = cue.times
    own = f"{cue.number} {cue.title}".strip()
    rows = [(own, "in", times.timecode_in, times.in_frame, 0.0, "1.1")]
    for change in cue.music.tempo_map[1:]:
        words = f"{cue.number} tempo {change.tempo:g}"
        rows.append((words, "tempo", change.timecode, change.frame, change.seconds, f"{change.bar}.1"))
    for hit in cue.hits:
        kind = "hard hit" if hit.hard else "soft hit"
        rows.append((hit.label or kind, kind, hit.timecode, hit.frame, hit.seconds, f"{hit.bar}.{hit.beat:g}"))
    out = (f"{cue.number} out", "out", times.timecode_out, times.out_frame, times.seconds, times.place_out)
    return [
        (cue.number, name, kind, timecode, str(frame), f"{seconds:.3f}", place)
        for name, kind, timecode, frame, seconds, place in sorted([*rows, out], key=lambda row: row[3])
    ]


def minutes(seconds: float) -> str:
    """ "0:41" of a length, to the nearest second."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], dialect: Dialect) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=";" if dialect.semicolon else ",", lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return buffer.getvalue().encode("utf-8-sig" if dialect.bom else "utf-8")


def harmless(cell: str) -> str:
    """The cell as text on one line that no spreadsheet takes for a formula."""
    text = " ".join(cell.split())
    return f"'{text}" if _FORMULA.match(text) else text

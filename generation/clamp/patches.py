"""Text of a piece to the patches of 64 ids that CLaMP reads: one header line or one bar each.

As sanderwood/clamp2, sanderwood/clamp3 and NotaGen's copy of the first cut them, oddities included: a line without a
bar sign vanishes, and so does what stands behind the last bar sign of a line.
"""

import re
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from curator.notation.letters import plain_letters

PAD, BOS, EOS = 0, 1, 2
SIZE = 64
CHARACTERS = 128

Ids = NDArray[np.uint8]

# Order matters: the longer barlines first.
_DELIMITER = re.compile(r"(\|:|::|:\||\[\||\|\||\|\]|\|)")
_UNIT = "L:1/8\n"
_MIDI = "ticks_per_beat"
_FULL = SIZE - 2
"""Characters of a merged patch of MIDI messages, its line end included."""


class Reading(StrEnum):
    """Which of the three text preparations a piece is read with."""

    CLAMP2 = "clamp2"
    NOTAGEN = "clamp2-notagen"
    """As NotaGen scores with CLaMP 2: without the lines of the prompt."""
    CLAMP3 = "clamp3"
    """Without the usual unit length, wherever it stands."""


def encode(text: str, reading: Reading) -> Ids:
    """The patches (N, 64) of interleaved ABC or of MIDI messages one a line (MTF), with begin and end patch.

    Raises ValueError for a text without a character. A last line that is a single bar sign gives no patch; the
    references stop there with an IndexError.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if reading is Reading.CLAMP3:
        text = text.replace(_UNIT, "")
    elif reading is Reading.NOTAGEN:
        text = "\n".join(line for line in text.split("\n") if not _is_prompt(line))
    *whole, rest = plain_letters(text).split("\n")
    lines = [f"{line}\n" for line in whole] + [rest] * bool(rest)
    if not lines:
        raise ValueError("a text without a character has no patches")
    midi = lines[0].split(" ")[0] == _MIDI
    pieces = _messages(lines) if midi else [piece for line in lines for piece in _cut(line)]
    ids = np.zeros((len(pieces) + 2, SIZE), dtype=np.uint8)
    ids[0] = BOS
    ids[-1] = EOS
    ids[-1, 0] = BOS
    for row, piece in zip(ids[1:-1], pieces, strict=True):
        codes = [BOS, *piece.encode("ascii"), EOS][:SIZE]
        row[: len(codes)] = codes
    return ids


def _is_prompt(line: str) -> bool:
    return line.startswith("%") and not line.startswith("%%")


def _is_header(line: str) -> bool:
    return len(line) > 1 and ((line[0].isalpha() and line[1] == ":") or line.startswith("%%"))


def _cut(line: str) -> list[str]:
    """A header line as it is, or the bars of a line of music."""
    if _is_header(line):
        return [line]
    parts = [part for part in _DELIMITER.split(line) if part]
    if len(parts) > 1 and _DELIMITER.fullmatch(parts[0]):
        parts[:2] = ["".join(parts[:2])]
    bars = [first + second for first, second in zip(parts[::2], parts[1::2], strict=False)]
    if bars:
        bars[-1] += "\n"
    return bars


def _messages(lines: list[str]) -> list[str]:
    """Messages of one kind that follow each other share a patch while it has room."""
    merged: list[str] = []
    now = ""
    for line in lines:
        kind, _space, rest = line.partition(" ")
        if now.startswith(kind) and len(now) + len(rest) <= _FULL:
            now = f"{now[:-1]}\t{rest}"
        else:
            if now:
                merged.append(now)
            now = line
    return [*merged, now] if now else merged

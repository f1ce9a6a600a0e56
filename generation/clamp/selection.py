"""Which of many generated pieces of one prompt are to be learned from: CLaMP-DPO as NotaGen selects (spec clamp 10.4).

Chosen is the top share by cosine to the mean reference, walking down past what is misaligned, badly grouped or a near
copy of a reference; rejected is the bottom share as it stands. Unlike there, both sets are disjoint, and fewer than
twenty pieces give none (there a share that rounds to nothing rejects all).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from curator.notation.bars import metre_of, read_line, unit_of
from curator.notation.errors import NotationError
from generation.clamp.scores import NEAR_COPY, Floats, Style

SHARE = 0.1
LEAST = 20
_VOICE = re.compile(r"\[V:(\d+)\]")
_BARLINE = re.compile(r"(\|\|:|:\|\||\[\|:|:\|\]|\|\]:|:\[\||\|:|::|:\||\[\||\|\||\|\]|\|)")
_NAME = re.compile(r'\bnm="([^"]*)"')


@dataclass(frozen=True)
class Selection:
    """Indices of chosen pieces, best first, and of rejected ones, worst last.

    `passed` tells why others were passed over on the way down: "alignment", "grouping" or "copy". `average` is the
    average CLaMP score of all.
    """

    chosen: tuple[int, ...]
    rejected: tuple[int, ...]
    passed: tuple[tuple[int, str], ...]
    average: float


def select(texts: Sequence[str], vectors: Floats, references: Floats, *, share: float = SHARE) -> Selection:
    """The selection among pieces of one prompt, as interleaved ABC with every rest, and their vectors (N, D).

    Raises ValueError for fewer than LEAST pieces or a share that selects none.
    """
    count = int(len(texts) * share)
    if len(texts) < LEAST or not 0 < share <= 0.5 or not count:
        raise ValueError(f"{len(texts)} pieces and a share of {share} select nothing; {LEAST} pieces are needed")
    found = Style(references).likeness(vectors)
    return walk(texts, found.mean.tolist(), found.closest.tolist(), count=count)


def walk(
    texts: Sequence[str], scores: Sequence[float], closest: Sequence[float], *, count: int, limit: float = NEAR_COPY
) -> Selection:
    """The same from scores: cosine to the mean reference, and largest cosine to a single one; `count` on each side.

    limit: the largest cosine above which a piece is a copy.
    """
    order = sorted(range(len(texts)), key=lambda at: -scores[at])  # equal scores keep their order
    chosen: list[int] = []
    passed: list[tuple[int, str]] = []
    for at in order:
        if len(chosen) == count:
            break
        if reason := _fault(texts[at], closest[at], limit):
            passed.append((at, reason))
        else:
            chosen.append(at)
    rejected = [at for at in order[len(order) - count :] if at not in chosen]
    return Selection(tuple(chosen), tuple(rejected), tuple(passed), float(np.mean(scores)))


def _fault(text: str, closest: float, limit: float) -> str:
    if not aligned(text):
        return "alignment"
    if not grouped(text):
        return "grouping"
    return "copy" if closest > limit else ""


def aligned(text: str) -> bool:
    """Whether all voices of interleaved ABC have the same bars, bar lines and lengths in every line."""
    lines = [line for line in text.split("\n") if line.strip()]
    start = next((at for at, line in enumerate(lines) if _VOICE.match(line)), len(lines))
    header, music = lines[:start], lines[start:]
    try:
        metre = next((metre_of(line[2:].strip()) for line in header if line.startswith("M:")), Fraction(1))
        unit = next((unit_of(line[2:].strip()) for line in header if line.startswith("L:")), Fraction(1, 8))
        voices: list[str] | None = None
        for line in music:
            parts = _VOICE.split(line)
            names, contents = parts[1::2], parts[2::2]
            voices = voices or names
            if parts[0].strip() or names != voices or len({tuple(_BARLINE.findall(bar)) for bar in contents}) != 1:
                return False
            read = read_line(line, unit=unit, metre=metre)
            if len(set(read.lengths.values())) != 1:
                return False
            unit, metre = read.unit, read.metre
    except (NotationError, ValueError, ZeroDivisionError):
        return False
    return bool(music)


def grouped(text: str) -> bool:
    """Whether no instrument of the voices' names comes back after another one."""
    names = [found[1] for line in text.split("\n") if line.startswith("V:") and (found := _NAME.search(line))]
    runs = [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]
    return len(runs) == len(set(runs))

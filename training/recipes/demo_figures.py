"""What a demo checkpoint does in the engine: 96 guarded pieces, how much of them is copied, and bars without a guard.

python -m training.recipes.demo_figures data/demo/checkpoint/model.safetensors
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch

from curator.notation.validity import validity
from generation.etudes.composer import METRES, compose, prompt
from generation.etudes.stages import Stage, Texture
from generation.notagen.checkpoint import load_checkpoint
from generation.notagen.engine import Engine
from generation.notagen.model import NotaGen
from generation.notagen.piece import Brief, Written
from generation.notagen.sampling import Sampling
from training.recipes.demo_measure import measure_alone
from training.recipes.variety import bars_of

LENGTHS = (16, 24, 32, 48)
KEYS = ("C", "Dmin", "G", "Amin")
EACH = 6
"""Pieces for each metre and length: 4 x 4 x 6 = 96."""

LONGEST_COPY = 4
"""Bars in a row that may stand in a training piece too: one phrase."""

_NOTE = re.compile(r"![^!]*!|\"[^\"]*\"|\[V:\d\]|([\^_=]*)([A-Ga-g])([,']*)")
_LETTERS = "CDEFGAB"


@dataclass(frozen=True)
class Guarded:
    """`valid` of `count` pieces, `long` as long as asked; `tries` samples a line; shares 0 to 1.

    copied: longest run of bars of each piece that stands so in one training piece; short_copies: share of pieces in
    which it is at most LONGEST_COPY. moved, short_moves: the same with bars compared by degrees of their key, so
    that a transposed copy counts too. distinct: share of different bars among all.
    """

    count: int
    valid: int
    long: int
    tries: float
    copied: tuple[int, ...]
    short_copies: float
    moved: tuple[int, ...]
    short_moves: float
    distinct: float


class Copies:
    """All bars of some pieces, and how much of another piece stands among them in a row."""

    def __init__(self, pieces: Iterator[Sequence[str]]) -> None:
        self._places: dict[str, list[tuple[int, int]]] = {}
        for number, bars in enumerate(pieces):
            for place, bar in enumerate(bars):
                self._places.setdefault(bar, []).append((number, place))

    def longest(self, bars: Sequence[str]) -> int:
        """The longest run of bars that follow each other in one of the pieces too."""
        longest = 0
        runs: dict[tuple[int, int], int] = {}
        for bar in bars:
            runs = {(n, at): runs.get((n, at - 1), 0) + 1 for n, at in self._places.get(bar, ())}
            longest = max([longest, *runs.values()])
        return longest


def degrees_of(text: str) -> list[str]:
    """The bars of a raw text with every note by its distance from the tonic in steps of the scale."""
    found = re.search(r"^K:([A-G])", text, re.MULTILINE)
    tonic = (_LETTERS.index(found[1]) + 3) % 7 - 3 if found else 0

    def degree(note: re.Match[str]) -> str:
        if note[2] is None:
            return note[0]
        octave = 7 * (note[2].islower() + note[3].count("'") - note[3].count(","))
        return f"{'#' if note[1] else ''}<{_LETTERS.index(note[2].upper()) + octave - tonic}>"

    return [_NOTE.sub(degree, bar) for bar in bars_of(text)]


def briefs() -> list[Brief]:
    """Sixteen briefs: every metre with every length, keys, stages and textures in turn."""
    ways = list(product(Stage, Texture))
    made = []
    for number, (metre, length) in enumerate(product(METRES, LENGTHS)):
        stage, texture = ways[number * 7 % len(ways)]
        key = KEYS[(number + number // 4) % 4]
        tempo = compose(4_000_000 + number, stage=stage, texture=texture).tempo
        made.append(Brief(prompt(stage, texture), metre, key, tempo, length))
    return made


def write_all(model: NotaGen, sampling: Sampling, *, each: int = EACH) -> Iterator[tuple[Brief, Written]]:
    """The guarded pieces, `each` for every brief."""
    engine = Engine(model)
    for number, brief in enumerate(briefs()):
        for written in engine.write(brief, seeds=range(number * 100, number * 100 + each), sampling=sampling):
            yield brief, written


def measure(model: NotaGen, sampling: Sampling, *, pieces: int, each: int = EACH) -> Guarded:
    """The engine's work with a checkpoint that was trained on the first `pieces` etudes."""
    written = list(write_all(model, sampling, each=each))
    valid = long = 0
    for brief, piece in written:
        verdict = validity(piece.abc) if piece.abc else None
        valid += bool(verdict and verdict.valid and not piece.reason)
        long += bool(verdict and verdict.bars == brief.bars)
    raws = [piece.raw for _brief, piece in written]
    texts = [compose(seed).abc for seed in range(pieces)]
    copied, moved = (_longest(raws, texts, form) for form in (bars_of, degrees_of))
    bars = [bar for raw in raws for bar in bars_of(raw)]
    return Guarded(
        count=len(written),
        valid=valid,
        long=long,
        tries=sum(piece.lines_tried for _brief, piece in written) / max(1, sum(p.bars for _brief, p in written)),
        copied=copied,
        short_copies=sum(run <= LONGEST_COPY for run in copied) / len(copied),
        moved=moved,
        short_moves=sum(run <= LONGEST_COPY for run in moved) / len(moved),
        distinct=len(set(bars)) / len(bars),
    )


def _longest(raws: Sequence[str], texts: Sequence[str], form: Callable[[str], list[str]]) -> tuple[int, ...]:
    copies = Copies(form(text) for text in texts)
    return tuple(copies.longest(form(raw)) for raw in raws)


def main(arguments: list[str] | None = None) -> None:
    """Print one JSON object: guarded pieces with the checkpoint's own settings, free bars at temperature 0.8."""
    parser = argparse.ArgumentParser(description="Measure what a demo checkpoint does in the engine.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--each", type=int, default=EACH)
    parser.add_argument("--free", type=int, default=185, help="pieces written without a guard, about 17 bars each")
    parser.add_argument("--only", choices=["guarded", "free"], help="measure one of the two")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    loaded = load_checkpoint(options.checkpoint)
    given = loaded.meta.sampling
    own = Sampling(given.top_k, given.top_p, given.temperature)
    free = Sampling(temperature=0.8)  # the reference's filters
    pieces = int(loaded.meta.training["pieces"])
    told: dict[str, Any] = {"sampling": asdict(own), "free": asdict(free), "pieces": pieces}
    if options.only != "guarded":
        told["alone"] = asdict(measure_alone(loaded.model, free, count=options.free))
    if options.only != "free":
        told["guarded"] = asdict(measure(loaded.model, own, pieces=pieces, each=options.each))
    print(json.dumps(told))


if __name__ == "__main__":
    main()

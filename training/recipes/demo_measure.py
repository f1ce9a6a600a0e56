"""How well a demo checkpoint writes on its own, and how often the guard has to say no.

python -m training.recipes.demo_measure data/demo/checkpoint/model.safetensors
"""

import argparse
import json
import re
import time
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import product
from pathlib import Path
from random import Random

from curator.notation.abc import parse
from curator.notation.bars import unreduce
from curator.notation.errors import NotationError
from curator.notation.validity import validity
from generation.etudes.composer import compose, prompt
from generation.etudes.keys import Pitch, key_of
from generation.etudes.stages import Stage, Texture
from generation.notagen.checkpoint import load_checkpoint
from generation.notagen.decoding import Decoder
from generation.notagen.engine import ROWS, Engine
from generation.notagen.free import write_freely
from generation.notagen.guard import Guard
from generation.notagen.header import header
from generation.notagen.model import NotaGen
from generation.notagen.piece import Brief
from generation.notagen.sampling import Sampling

ALONE_ROWS = 15
"""Pieces written side by side."""

_MARKER = re.compile(r"\[r:(\d+)/(\d+)\]")


@dataclass(frozen=True)
class Opening:
    """What a piece is to be: prompt lines and header as text, and the metre in whole notes."""

    text: str
    metre: Fraction


@dataclass(frozen=True)
class Alone:
    """Free writing after a given header, without guard or forced markers; all shares 0 to 1.

    `lines`: how many were written. `bars`: share of them in which every voice adds up. `pieces`: whole pieces that
    end by themselves and are valid. `ended`: pieces that end by themselves. `countdown`: pieces whose markers count
    down without a mistake.
    """

    count: int
    lines: int
    bars: float
    pieces: float
    ended: float
    countdown: float


@dataclass(frozen=True)
class Guarded:
    """The engine at work: `valid` of `count` pieces of the bars asked for; `tries` samples a line, CPU `seconds`.

    `home`: share of the pieces whose last bass note is the tonic of the key asked for, 0 to 1.
    """

    count: int
    valid: int
    tries: float
    seconds: float
    home: float


def openings(count: int) -> list[Opening]:
    """Openings of composed pieces that no model was trained on, going through all stages and textures."""
    found = []
    for number, (stage, texture) in zip(range(count), list(product(Stage, Texture)) * count, strict=False):
        etude = compose(2_000_000 + number, stage=stage, texture=texture)
        words = "".join(f"{line}\n" for line in prompt(stage, texture))
        text = words + header(metre=etude.metre, key=etude.key, tempo=etude.tempo)
        found.append(Opening(text, Fraction(etude.metre)))
    return found


def measure_alone(model: NotaGen, sampling: Sampling, *, count: int = 60, seed: int = 0) -> Alone:
    """Shares over `count` pieces written without guard."""
    bars = good = whole = ended = counted = 0
    todo = openings(count)
    seeds = range(seed, seed + count)
    written = write_freely(Decoder(model, ALONE_ROWS), [one.text for one in todo], seeds=seeds, sampling=sampling)
    for piece in written:
        one = todo[piece.index]
        lines = piece.text.removeprefix(one.text).splitlines()
        guard = Guard(metre=one.metre)
        bars += len(lines)
        good += sum(not guard.refusal(line, last=line is lines[-1]) for line in lines)
        end = bool(lines) and lines[-1].endswith("|]")
        ended += end
        whole += end and _valid(piece.text)
        wanted = [(str(i), str(len(lines) - 1 - i)) for i in range(len(lines))]
        counted += end and [m.groups() if (m := _MARKER.match(line)) else None for line in lines] == wanted
    return Alone(count, bars, good / max(1, bars), whole / count, ended / count, counted / count)


def measure_guarded(model: NotaGen, sampling: Sampling, *, count: int = 30, bars: int = 16) -> Guarded:
    """The engine's work on one brief for each stage and texture."""
    engine = Engine(model)
    valid = tried = kept = home = 0
    began = time.process_time()
    for number, (stage, texture) in zip(range(count), list(product(Stage, Texture)) * count, strict=False):
        like = compose(3_000_000 + number, stage=stage, texture=texture)
        brief = Brief(prompt(stage, texture), like.metre, like.key, like.tempo, bars)
        for written in engine.write(brief, seeds=[Random(number).randrange(2**32)], sampling=sampling):
            verdict = validity(written.abc)
            valid += verdict.valid and not verdict.irregular and verdict.bars == bars
            tried += written.lines_tried
            kept += written.bars
            home += not written.reason and ends_at_home(written.abc, like.key)
    return Guarded(count, valid, tried / max(1, kept), time.process_time() - began, home / count)


def ends_at_home(abc: str, key: str) -> bool:
    """Whether the lowest note of the last bar is the tonic of `key`."""
    notes = parse(abc).bars[-1].parts[-1].notes
    lowest = min(notes, key=lambda note: note.pitch.midi, default=None)
    tonic = key_of(key).midi(Pitch(0)) % 12
    return lowest is not None and lowest.pitch.midi % 12 == tonic


def _valid(text: str) -> bool:
    try:
        verdict = validity(unreduce(text))
    except NotationError:
        return False
    return verdict.valid and not verdict.irregular


def main(arguments: list[str] | None = None) -> None:
    """Print one JSON object; see the module's text."""
    parser = argparse.ArgumentParser(description="Measure a demo checkpoint.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--temperature", type=float, default=None)
    parser.add_argument("--top-p", type=float, default=None)
    options = parser.parse_args(arguments)
    loaded = load_checkpoint(options.checkpoint)
    given = loaded.meta.sampling
    sampling = Sampling(
        top_k=given.top_k,
        top_p=options.top_p or given.top_p,
        temperature=options.temperature or given.temperature,
    )
    alone = measure_alone(loaded.model, sampling, count=options.count)
    guarded = measure_guarded(loaded.model, sampling)
    found = {"sampling": asdict(sampling), "alone": asdict(alone), "guarded": asdict(guarded), "rows": ROWS}
    print(json.dumps(found))


if __name__ == "__main__":
    main()

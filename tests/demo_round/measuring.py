"""What a round did: fresh takes of parent and result, their taste, what the votes of a listener would say, variety.

Nothing here knows Django; a process needs weights, briefs and a listener.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from functools import lru_cache
from math import sqrt
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from generation.notagen.checkpoint import load_checkpoint
from generation.notagen.decoding import Decoder
from generation.notagen.engine import Engine
from generation.notagen.free import write_freely
from generation.notagen.model import NotaGen
from generation.notagen.patches import encode_complete
from generation.notagen.piece import Brief, Written
from generation.notagen.sampling import Sampling
from tests.demo_round.listeners import Listener, chance
from training.recipes.bundling import chosen_freely
from training.recipes.scoring import in_batches, piece_log_probs, stack
from training.recipes.variety import Examined, examine

USED = Sampling(top_k=0, top_p=0.92, temperature=0.8)
"""How takes to use are drawn: the demo checkpoint's own settings."""

CLEAR = 0.9
"""P(answer) from which a pair is clear to the listener."""

ROWS = 16
PATCHES = 2048

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fresh:
    """A take that nobody judged. cue: place of its brief; abc is empty where the guard gave it up."""

    cue: int
    stage: str
    raw: str
    abc: str
    forced: tuple[tuple[int, int], ...]
    tried: int


@dataclass(frozen=True)
class Gain:
    """Mean taste of the result less that of the parent, cue by cue, in standard deviations.

    whole: of the parent's takes of one cue (pooled over cues), the spread a listener chooses among; wide: of all the
    parent's takes, cues thrown together. error: standard error of `whole`. stages: `whole` in each stage.
    """

    whole: float
    error: float
    wide: float
    stages: dict[str, float]


@dataclass(frozen=True)
class Foresight:
    """How often the change of log-probability orders pairs of the parent's fresh takes of one cue as the listener does.

    true: by hidden value, all pairs; clear: those he would answer alike nine times in ten; noisy: expected share of his
    answers. pairs, clear_pairs: how many.
    """

    true: float
    clear: float
    noisy: float
    pairs: int
    clear_pairs: int


def load(weights: Path) -> NotaGen:
    """The model of a file, on one thread."""
    torch.set_num_threads(1)
    return load_checkpoint(weights).model.eval()


def write_fresh(
    weights: Path,
    briefs: Sequence[tuple[Brief, str]],
    *,
    each: int,
    seed: int,
    keep: Path,
    pool: Executor | None = None,
) -> Iterator[list[Fresh]]:
    """`each` guarded takes for every brief (with its stage), brief by brief, kept in a file a brief in the folder
    `keep`, so that they are written once. The processes of `pool` begin at once; without one each brief is written
    when it is asked for."""
    keep.mkdir(parents=True, exist_ok=True)
    asked = [_Asked(weights, number, *brief, each, seed, keep) for number, brief in enumerate(briefs)]
    return iter((pool.map if pool else map)(_write_cue, asked))


@dataclass(frozen=True)
class _Asked:
    weights: Path
    number: int
    brief: Brief
    stage: str
    each: int
    seed: int
    keep: Path


def _write_cue(asked: _Asked) -> list[Fresh]:
    file = asked.keep / f"{asked.number}.json"
    if not file.is_file():
        draw = np.random.default_rng((asked.seed, asked.number, 77))
        seeds = [int(value) for value in draw.integers(2**32, size=asked.each)]
        written = _engine(asked.weights).write(asked.brief, seeds=seeds, sampling=USED)
        _keep(file, [_row(asked, one) for one in sorted(written, key=lambda one: one.index)])
    rows = json.loads(file.read_text(encoding="utf-8"))
    return [Fresh(**{**row, "forced": tuple((start, end) for start, end in row["forced"])}) for row in rows]


def _row(asked: _Asked, one: Written) -> dict[str, Any]:
    abc = "" if one.reason else one.abc
    return asdict(Fresh(asked.number, asked.stage, one.raw, abc, one.forced, one.lines_tried))


@lru_cache(maxsize=1)
def _engine(weights: Path) -> Engine:
    return Engine(load(weights))


def _keep(file: Path, content: object) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps(content), encoding="utf-8")
    part.replace(file)


def gain(parent: Sequence[Fresh], result: Sequence[Fresh], likes: Callable[[Fresh], float]) -> Gain:
    """How much closer to a taste the result's takes are. Takes that the guard gave up are left out."""
    before, after = _by_cue(parent, likes), _by_cue(result, likes)
    spread = _spread(before)
    steps = {cue: float(after[cue].mean() - before[cue].mean()) for cue in before if cue in after}
    errors = [before[cue].var(ddof=1) / before[cue].size + after[cue].var(ddof=1) / after[cue].size for cue in steps]
    stages: dict[str, list[float]] = {}
    for one in {(one.cue, one.stage) for one in parent}:
        if one[0] in steps:
            stages.setdefault(one[1], []).append(steps[one[0]] / spread)
    whole = fmean(steps.values())
    return Gain(
        whole=whole / spread,
        error=sqrt(sum(errors)) / len(steps) / spread,
        wide=whole / float(np.concatenate(list(before.values())).std()),
        stages={stage: fmean(values) for stage, values in sorted(stages.items())},
    )


def scaled(
    parent: Sequence[Fresh], result: Sequence[Fresh], likes: Callable[[Fresh], float]
) -> tuple[list[float], list[float]]:
    """The taste of all takes of both, less the parent's mean for the same cue, in the unit of `Gain.whole`."""
    before, after = _by_cue(parent, likes), _by_cue(result, likes)
    spread = _spread(before)
    one, other = (
        [float(value - before[cue].mean()) / spread for cue, values in side.items() for value in values]
        for side in (before, after)
    )
    return one, other


def _spread(by_cue: dict[int, Floats]) -> float:
    squares = sum(float(((values - values.mean()) ** 2).sum()) for values in by_cue.values())
    return sqrt(squares / sum(values.size - 1 for values in by_cue.values()))


def _by_cue(takes: Sequence[Fresh], likes: Callable[[Fresh], float]) -> dict[int, Floats]:
    found: dict[int, list[float]] = {}
    for one in takes:
        if one.abc:
            found.setdefault(one.cue, []).append(likes(one))
    return {cue: np.array(values) for cue, values in found.items()}


@torch.no_grad()
def log_probs(model: NotaGen, takes: Sequence[Fresh]) -> Floats:
    """Log-probability of what the model chose freely in each take."""
    encoded = [encode_complete(one.raw)[: model.config.patch_length] for one in takes]
    found = np.zeros(len(takes))
    for group in in_batches([len(patches) for patches in encoded], PATCHES):
        ids = stack([torch.tensor([list(patch) for patch in encoded[at]]) for at in group])
        masks = [torch.tensor(chosen_freely(encoded[at], takes[at].forced)[: len(encoded[at])]) for at in group]
        found[group] = piece_log_probs(model, ids, stack(masks)).double().numpy()
    return found


def foresight(takes: Sequence[Fresh], values: Sequence[float], change: Floats) -> Foresight:
    """values: the listener's of each take; change: of log-probability, result less parent."""
    true: list[bool] = []
    clear: list[bool] = []
    noisy: list[float] = []
    for i, one in enumerate(takes):
        for j in range(i):
            if takes[j].cue != one.cue or not (one.abc and takes[j].abc) or values[i] == values[j]:
                continue
            agrees = bool((change[i] > change[j]) == (values[i] > values[j]))
            said = chance(values[i], values[j])
            sure = max(said, 1 - said)
            true.append(agrees)
            noisy.append(sure if agrees else 1 - sure)
            if sure >= CLEAR:
                clear.append(agrees)
    return Foresight(fmean(true), fmean(clear) if clear else float("nan"), fmean(noisy), len(true), len(clear))


def alone(weights: Path, openings: Sequence[str], seed: int, keep: Path) -> list[Examined]:
    """Texts that a model writes without guard behind these prompt lines, header and all, in their order; kept in a
    file, so that they are written once."""
    kept: dict[str, str] = json.loads(keep.read_text(encoding="utf-8")) if keep.is_file() else {}
    seeds = [int(value) for value in np.random.default_rng((seed, 78)).integers(2**32, size=len(openings))]
    missing = [place for place in range(len(openings)) if str(place) not in kept]
    asked, drawn = [openings[place] for place in missing], [seeds[place] for place in missing]
    for free in write_freely(Decoder(load(weights), ROWS), asked, seeds=drawn, sampling=USED):
        kept[str(missing[free.index])] = free.text
        if len(kept) % 50 == 0:
            _keep(keep, kept)
    _keep(keep, kept)
    return [examine(kept[str(place)]) for place in range(len(openings))]


def likes(listener: Listener) -> Callable[[Fresh], float]:
    """The hidden value of a fresh take."""
    return lambda one: listener.likes(one.abc, one.stage)

"""The taste model with scripted listeners (tests/demo_round/listeners.py) on takes of the demo checkpoint.

    python -m tests.bench.taste

Sixteen cues, four stages in four textures, twelve takes each, written once and kept in the folder for temporary files.
Twelve cues are listened to, four (one a stage) are new. The model sees vectors of the demo encoder and the answers,
nothing else. One JSON line.
"""

import json
import sys
import tempfile
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

import numpy as np
import torch

from curator.preference.best import odds
from curator.preference.choose import choose
from curator.preference.fit import Floats
from curator.preference.raters import fit_raters
from curator.preference.stop import certainty
from curator.preference.taste import Clips, Heard, learn
from curator.preference.votes import Vote
from generation.clamp.encoder import MusicEncoder
from generation.clamp.space import music_text
from generation.etudes.composer import compose, prompt
from generation.etudes.stages import Stage, Texture
from generation.notagen.checkpoint import load_checkpoint
from generation.notagen.engine import Engine
from generation.notagen.piece import Brief
from generation.notagen.sampling import Sampling
from tests.demo_round.listeners import LISTENERS, Listener, answer

ROOT = Path(__file__).resolve().parents[2]
CHECKPOINT = ROOT / "data" / "demo" / "checkpoint" / "model.safetensors"
ENCODER = ROOT / "data" / "demo" / "encoder" / "clamp.safetensors"
STAGES = (Stage.FORGOTTEN, Stage.HUMILIATION, Stage.TRANSFORMATION, Stage.SALVATION)
TEXTURES = (Texture.WALTZ, Texture.GNOSSIENNE, Texture.CHORALE, Texture.OSTINATO)
TAKES, BARS, JUDGEMENTS, SEEDS, MOST_VOTES = 12, 16, 100, 8, 80
NEAR, SHARE = 0.25, 0.8
"""The winner is reached when the leader costs at most so many units in this share of the runs."""


@dataclass(frozen=True)
class Setting:
    """One cue of the simulation and the texts of its takes."""

    name: str
    stage: str
    takes: tuple[str, ...]


def settings() -> list[Setting]:
    """The sixteen cues with their takes, written by the demo checkpoint or read again."""
    loaded = load_checkpoint(CHECKPOINT)
    kept = Path(tempfile.gettempdir()) / f"cuewright-taste-{loaded.sha256[:12]}.json"
    if kept.is_file():
        return [Setting(name, stage, tuple(takes)) for name, stage, takes in json.loads(kept.read_text())]
    engine = Engine(loaded.model)
    drawn = loaded.meta.sampling
    sampling = Sampling(drawn.top_k, drawn.top_p, drawn.temperature)
    found = []
    for number, (stage, texture) in enumerate(product(STAGES, TEXTURES)):
        like = compose(5_000_000 + number, stage=stage, texture=texture)
        brief = Brief(prompt(stage, texture), like.metre, like.key, like.tempo, BARS)
        written = engine.write(brief, seeds=range(1000 * number, 1000 * number + TAKES), sampling=sampling)
        takes = [one.abc for one in sorted(written, key=lambda one: one.index) if not one.reason]
        found.append(Setting(f"{stage} {texture}", stage.value, tuple(dict.fromkeys(takes))))
    kept.write_text(json.dumps([[one.name, one.stage, one.takes] for one in found]))
    return found


@dataclass(frozen=True)
class World:
    """All takes in one row: clips with their vectors, the listener's hidden values, and the clips of each cue."""

    clips: Clips
    values: Floats
    cues: tuple[range, ...]
    heard: frozenset[int]  # numbers of the cues that are listened to


def judge(world: World, listener: Listener, random: Random, cues: frozenset[int], count: int) -> list[Heard]:
    """Answers about random pairs, as many for each cue."""
    order = sorted(cues)
    found = []
    for number in range(count):
        left, right = random.sample(list(world.cues[order[number % len(order)]]), 2)
        found.append(said(world, listener, random, left, right))
    return found


def said(world: World, listener: Listener, random: Random, left: int, right: int) -> Heard:
    """The answer about one pair."""
    first = answer(float(world.values[left]), float(world.values[right]), random) == "left"
    return Heard(left, right) if first else Heard(right, left)


@dataclass(frozen=True)
class Way:
    """One new cue: what choosing the leader costs after 0, 1, 2 … votes, and when the page said enough."""

    costs: tuple[float, ...]
    sure: int


def listen(world: World, listener: Listener, cue: range, prior: Floats, seed: str) -> Way:
    """MOST_VOTES answers about a new cue, its pairs chosen as on the page, from this start."""
    random = Random(seed)
    values = world.values[cue.start : cue.stop]
    votes: list[Vote] = []
    costs: list[float] = []
    sure = MOST_VOTES
    while True:
        posterior = fit_raters(len(cue), votes, prior_mean=prior).posterior
        now = odds(posterior)
        how = certainty(posterior, now=now)
        costs.append(float(values.max() - values[how.leader]))
        if how.sure and votes:
            sure = min(sure, len(votes))
        if len(votes) == MOST_VOTES:
            return Way(tuple(costs), sure)
        pair = choose(posterior, votes, seed=seed, rater="script", now=now)
        assert pair is not None
        one = said(world, listener, random, cue.start + pair.left, cue.start + pair.right)
        left = one.better == cue.start + pair.left
        votes.append(Vote(pair.left, pair.right, "left" if left else "right", "script"))


def measure(listener: Listener, all_cues: list[Setting], vectors: Floats) -> dict[str, Any]:
    """What the model learns of one listener in JUDGEMENTS answers, over SEEDS listeners of his kind."""
    found: list[dict[str, float]] = []
    ways: dict[str, list[Way]] = {"cold": [], "warm": []}
    for seed in range(SEEDS):
        world = _world(listener, all_cues, vectors, seed)
        taste = learn(world.clips, judge(world, listener, Random(f"judge {seed}"), world.heard, JUDGEMENTS))
        assert taste is not None
        new = [cue for number, cue in enumerate(world.cues) if number not in world.heard]
        random = Random(f"test {seed}")
        tests = [said(world, listener, random, *pair) for cue in new for pair in combinations(cue, 2)]
        right = fmean(float(taste.strengths[one.better] > taste.strengths[one.worse]) for one in tests)
        ceiling = fmean(float(world.values[one.better] > world.values[one.worse]) for one in tests)
        proof = taste.proof
        found.append({"accuracy": right, "told": proof.accuracy, "proved": float(proof.proved), "ceiling": ceiling})
        nothing = np.zeros(len(world.values))
        for way, strengths in (("cold", nothing), ("warm", taste.unheard if proof.proved else nothing)):
            ways[way] += [
                listen(world, listener, cue, strengths[cue.start : cue.stop], f"{seed} {cue.start} {again}")
                for cue in new
                for again in range(2)
            ]
    told = {name: round(fmean(row[name] for row in found), 3) for name in found[0]}
    told["least"] = round(min(row["accuracy"] for row in found), 3)
    for way, runs in ways.items():
        costs = np.array([run.costs for run in runs])
        reached = np.flatnonzero((costs <= NEAR).mean(axis=0) >= SHARE)
        told[way] = int(reached[0]) if len(reached) else MOST_VOTES
        told[f"{way}_sure"] = round(fmean(run.sure for run in runs), 1)
        told[f"{way}_cost_10"] = round(float(costs[:, 10].mean()), 3)
    return told | {"fewer": round(1 - told["warm"] / max(1, told["cold"]), 3)}


def _world(listener: Listener, all_cues: list[Setting], vectors: Floats, seed: int) -> World:
    """The world of one seed: another texture of each stage is new."""
    texts = [(text, setting) for setting in all_cues for text in setting.takes]
    ends = np.cumsum([0, *(len(setting.takes) for setting in all_cues)]).tolist()
    values = np.array([listener.likes(text, setting.stage) for text, setting in texts])
    new = {4 * stage + (seed + stage) % 4 for stage in range(4)}
    return World(
        clips=Clips(vectors, tuple(one.name for _, one in texts), tuple(one.stage for _, one in texts)),
        values=values,
        cues=tuple(range(start, end) for start, end in pairwise(ends)),
        heard=frozenset(range(len(all_cues))) - new,
    )


def main() -> dict[str, Any]:
    """Every listener in turn."""
    torch.set_num_threads(1)
    all_cues = settings()
    encoder = MusicEncoder(ENCODER, half=False, device=torch.device("cpu"))
    vectors = encoder.vectors([music_text(text) for one in all_cues for text in one.takes]).astype(np.float64)
    return {name: measure(listener, all_cues, vectors) for name, listener in LISTENERS.items()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()) + "\n")

"""Makes the demo encoder: composes études, trains a small CLaMP on them and their captions, saves it with its card.

    python -m training.recipes.demo_encoder --out data/demo/encoder

Contrastive, as CLaMP: in every batch each étude is to be nearer to its own caption than to the others', and nearer to
a text about its stage than to those about the five other stages. One thread; the same numbers see the same batches.
"""

import argparse
import hashlib
import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from curator.notation.abc import parse
from curator.notation.facts import Facts, facts_of
from generation.clamp.encoder import MusicEncoder, TextEncoder
from generation.clamp.model import Music, Text, TowerConfig
from generation.clamp.patches import Ids, Reading, encode
from generation.clamp.scores import directions
from generation.clamp.tokens import FILE
from generation.clamp.weights import Meta, file_sha256, write
from generation.etudes.composer import Etude, compose
from generation.etudes.stages import Stage
from training.recipes import demo_encoder_card
from training.recipes.demo_captions import caption, every_word, make_tokenizer, stage_text
from training.recipes.demo_corpus import FIRST_HELD_OUT

WEIGHTS = "clamp.safetensors"


@dataclass(frozen=True)
class Settings:
    """One training run. `minutes` ends it early on a slow machine: the rate falls with the larger share used up."""

    pieces: int = 8_000
    held_out: int = 300
    batch: int = 64
    steps: int = 2_400
    minutes: float = 28.0
    rate: float = 1.5e-3
    warmup: int = 60
    decay: float = 0.05
    without_tempo: float = 0.3
    hidden: int = 128
    layers: int = 3
    dim: int = 64
    seed: int = 0

    def music(self) -> TowerConfig:
        return TowerConfig(self.hidden, self.layers, self.hidden // 64, 3 * self.hidden, positions=512)

    def text(self, vocabulary: int) -> TowerConfig:
        return TowerConfig(64, 2, 1, 128, positions=130, vocabulary=vocabulary)


@dataclass(frozen=True)
class Lesson:
    """An étude as it is learned: its text, what it says of itself."""

    etude: Etude
    facts: Facts
    ids: Ids
    without_tempo: Ids


def lesson(seed: int) -> Lesson:
    """The étude of a seed."""
    etude = compose(seed)
    text = etude.stored
    facts = facts_of(parse(text))
    return Lesson(etude, facts, encode(text, Reading.CLAMP3), encode(_without_tempo(text), Reading.CLAMP3))


def _without_tempo(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("Q:"))


class Learner(nn.Module):
    """Both encoders and the sharpness of the comparison, which is learned."""

    def __init__(self, settings: Settings, vocabulary: int) -> None:
        super().__init__()
        self.music = Music(settings.music(), settings.dim)
        self.text = Text(settings.text(vocabulary), settings.dim)
        self.sharpness = nn.Parameter(torch.tensor(math.log(10.0)))
        for name, weight in self.named_parameters():
            if name.endswith(("characters.weight", "positions.weight", "words.weight")):
                nn.init.normal_(weight, std=0.02)

    def forward(self, pieces: list[Ids], captions: list[list[int]], stages: list[list[int]], which: Tensor) -> Tensor:
        """The loss of pieces and their captions, and of six texts, one a stage, of which `which` (B,) are right."""
        rows = torch.from_numpy(np.concatenate(pieces))
        music = F.normalize(self.music(rows, [len(ids) for ids in pieces]), dim=1)
        texts = [*captions, *stages]
        words = torch.tensor([number for ids in texts for number in ids])
        text = F.normalize(self.text(words, [len(ids) for ids in texts]), dim=1)
        scale = self.sharpness.clamp(max=math.log(50.0)).exp()
        pairs = scale * music @ text[: len(captions)].T
        own = torch.arange(len(pieces))
        loss = 0.5 * (F.cross_entropy(pairs, own) + F.cross_entropy(pairs.T, own))
        return loss + F.cross_entropy(scale * music @ text[len(captions) :].T, which)


class Run:
    """A training run."""

    def __init__(self, settings: Settings, lessons: list[Lesson]) -> None:
        self.settings, self.lessons = settings, lessons
        torch.manual_seed(settings.seed)
        self.tokenizer: Tokenizer = make_tokenizer(every_word())
        self.model = Learner(settings, self.tokenizer.get_vocab_size())
        self.step, self.seconds = 0, 0.0
        self.losses: list[float] = []

    def train(self) -> None:
        """Train until the steps or the minutes are used up."""
        settings = self.settings
        optimizer = torch.optim.AdamW(self.model.parameters(), settings.rate, (0.9, 0.98), weight_decay=settings.decay)
        draw = Random(settings.seed)
        clock = time.monotonic()
        while self.step < settings.steps and self.seconds < 60 * settings.minutes:
            used = max(self.step / settings.steps, self.seconds / 60 / settings.minutes)
            share = min(1.0, (self.step + 1) / settings.warmup) * (0.02 + 0.49 * (1 + math.cos(math.pi * used)))
            for group in optimizer.param_groups:
                group["lr"] = settings.rate * share
            loss = self.model(*self._batch(draw))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            optimizer.step()
            self.losses.append(float(loss.detach()))
            self.step += 1
            self.seconds = time.monotonic() - clock
            if self.step % 50 == 0:
                print(
                    f"step {self.step} minute {self.seconds / 60:.1f} loss {np.mean(self.losses[-50:]):.4f}", flush=True
                )

    def _batch(self, draw: Random) -> tuple[list[Ids], list[list[int]], list[list[int]], Tensor]:
        chosen = draw.sample(self.lessons, self.settings.batch)
        pieces = [one.without_tempo if draw.random() < self.settings.without_tempo else one.ids for one in chosen]
        captions = [self._ids(caption(one.etude, one.facts, draw)) for one in chosen]
        stages = [self._ids(stage_text(stage, draw)) for stage in Stage]
        which = torch.tensor([list(Stage).index(one.etude.stage) for one in chosen])
        return pieces, captions, stages, which

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text).ids)

    def export(self, folder: Path) -> Path:
        """Write the weights in bfloat16 and the tokenizer."""
        folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer.save(str(folder / FILE))
        towers = {"music.": self.model.music, "text.": self.model.text}
        state = {
            f"{prefix}{name}": weight.detach().to(torch.bfloat16)
            for prefix, tower in towers.items()
            for name, weight in tower.named_parameters()
        }
        digest = hashlib.sha256(b"".join(state[name].view(torch.uint8).numpy().tobytes() for name in sorted(state)))
        settings = self.settings
        meta = Meta(
            reading=Reading.CLAMP3,
            dim=settings.dim,
            music=settings.music(),
            text=settings.text(self.tokenizer.get_vocab_size()),
            source_sha256=digest.hexdigest(),
            precision="bfloat16",
            family="Demo",
        )
        write(folder / WEIGHTS, state, meta)
        return folder / WEIGHTS


def retrieval(folder: Path, etudes: list[Etude]) -> dict[str, Any]:
    """How well the encoder of a folder finds the stage of études by the six stage words, one text query each.

    first: share whose stage is the nearest of six; without_tempo: the same of études whose tempo was taken out;
    reciprocal: mean reciprocal rank.
    """
    music = MusicEncoder(folder / WEIGHTS, half=False, device=torch.device("cpu"))
    text = TextEncoder(folder / WEIGHTS, folder, half=False, device=torch.device("cpu"))
    stages = list(Stage)
    queries = directions(text.vectors(stages))
    right = np.array([stages.index(etude.stage) for etude in etudes])

    def ranked(texts: list[str]) -> NDArray[np.intp]:
        fits = directions(music.vectors(texts)) @ queries.T
        return np.asarray(1 + (fits > np.take_along_axis(fits, right[:, None], axis=1)).sum(axis=1))

    ranks = ranked([etude.stored for etude in etudes])
    bare = ranked([_without_tempo(etude.stored) for etude in etudes])
    by_stage = {
        stage.value: round(float((ranks[right == at] == 1).mean()), 3)
        for at, stage in enumerate(stages)
        if (right == at).any()
    }
    return {
        "pieces": len(etudes),
        "first": round(float((ranks == 1).mean()), 4),
        "without_tempo": round(float((bare == 1).mean()), 4),
        "reciprocal": round(float((1 / ranks).mean()), 4),
        "first_by_stage": by_stage,
    }


def held_out(count: int) -> list[Etude]:
    """Études that no demo model has learned from."""
    return [compose(seed) for seed in range(FIRST_HELD_OUT, FIRST_HELD_OUT + count)]


def main(arguments: list[str] | None = None) -> None:
    """Entry point; see the module's text."""
    parser = argparse.ArgumentParser(description="Train the demo encoder on composed études and their captions.")
    parser.add_argument("--out", type=Path, default=Path("data/demo/encoder"), help="folder of the encoder")
    for name, default in asdict(Settings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    options = vars(parser.parse_args(arguments))
    out = options.pop("out")
    settings = Settings(**options)
    torch.set_num_threads(1)
    print(f"composing {settings.pieces} études", flush=True)
    run = Run(settings, [lesson(seed) for seed in range(settings.pieces)])
    print(f"{sum(weight.numel() for weight in run.model.parameters())} weights", flush=True)
    run.train()
    weights = run.export(out)
    found = retrieval(out, held_out(settings.held_out))
    told = {
        "recipe": "training.recipes.demo_encoder",
        **asdict(settings),
        "step": run.step,
        "minutes_used": round(run.seconds / 60, 1),
        "loss": round(float(np.mean(run.losses[-50:])), 4),
        "held_out_retrieval": found,
        "sha256": file_sha256(weights),
    }
    (out / "meta.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    (out / "README.md").write_text(demo_encoder_card.text(told, weights.stat().st_size), encoding="utf-8")
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()

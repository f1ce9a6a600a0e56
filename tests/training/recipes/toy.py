"""A toy of everything a run needs, small enough to train in seconds."""

import json
from pathlib import Path
from random import Random
from typing import Any

import torch

from generation.notagen.checkpoint import Meta, save_safetensors
from generation.notagen.config import ModelConfig
from generation.notagen.model import NotaGen
from training.recipes.bundling import Lesson, Pair, Text, Version, build_dpo, build_sft

STYLE = "bare-three-plus-stage"
TINY = ModelConfig(hidden=64, patch_layers=1, char_layers=1, patch_length=64)
OPENING = "%Minimal\n%Etude\n%Keyboard\n%Peace\nL:1/8\nM:4/4\nK:C\n"
SESSIONS = ("1m1", "1m2", "2m1", "3m1")


def take(random: Random, *, high: bool) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A piece of two bars whose notes say whether it is a high one, and its forced spans."""
    notes = "cdefgab" if high else "CDEFGAB"
    raw = OPENING
    forced = [(0, len(raw))]
    for bar in range(2):
        forced.append((len(raw), len(raw) + len("[r:0/0]")))
        raw += f"[r:{bar}/{1 - bar}][V:1]{random.choice(notes)}4 {random.choice(notes)}4|[V:2]C,8|\n"
    return raw, tuple(forced)


def base(folder: Path) -> dict[str, str]:
    """A base checkpoint with random weights, as a job names it."""
    torch.manual_seed(7)
    meta = Meta(header_style=STYLE)
    digest = save_safetensors(folder / "base" / "model.safetensors", NotaGen(TINY), meta, torch.float32)
    return {"file": "base/model.safetensors", "sha256": digest}


def preference_bundle(folder: Path, *, seed: int = 0, votes: int = 60, held_out: bool = True) -> None:
    """Four sessions of four takes each, high ones preferred; the last session is held out."""
    random = Random(seed)
    texts: list[Text] = []
    pairs: list[Pair] = []
    for session in SESSIONS:
        names = [f"{session}/{number}" for number in range(4)]
        for number, name in enumerate(names):
            raw, forced = take(random, high=number < 2)
            texts.append(Text(name, raw, forced))
        pairs += [
            Pair(one, other, session, 0.9, 1 / 3, held_out and session == SESSIONS[-1])
            for one in names[:2]
            for other in names[2:]
        ]
    build_dpo(
        folder / "bundle",
        texts,
        pairs,
        votes=dict.fromkeys(SESSIONS, votes // len(SESSIONS)),
        header=STYLE,
        patch_length=TINY.patch_length,
        base_sha256="",
    )


def training_bundle(folder: Path, *, strange: bool = False) -> None:
    """Ten pieces in two keys, two of them held out; `strange`: the two are high, all others low."""
    random = Random(0)
    lessons = []
    for number in range(10):
        raw, _forced = take(random, high=number > 7 if strange else bool(number % 2))
        versions = (Version(raw, "C", 0.5), Version(raw.replace("K:C", "K:D"), "D", 0.5))
        lessons.append(Lesson(f"piece {number}", versions, held_out=number > 7))
    build_sft(folder / "bundle", lessons, header=STYLE, patch_length=TINY.patch_length, base_sha256="")


def job(folder: Path, recipe: str, *, out: str = "run", **more: Any) -> Path:
    """A job file for the bundle in `folder`; `settings` and the rest as given."""
    path = folder / f"{out}.json"
    if not (folder / "base").exists():
        base(folder)
    meta = json.loads((folder / "base" / "meta.json").read_text())
    given = {"file": "base/model.safetensors", "sha256": meta["sha256"]}
    path.write_text(json.dumps({"recipe": recipe, "bundle": "bundle", "base": given, "out": out, **more}))
    return path

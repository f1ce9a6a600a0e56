"""Cached against plain decoding of the same work: prints one JSON line.

    python -m tests.bench.bench_engine [CHECKPOINT] [--patches N] [--threads N]

Eight pieces of N patches are written side by side with the cache, and the same pieces one after the other by
reading the whole context again for every patch and character, as the reference does. The ids must be the same.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from generation.notagen import patches
from generation.notagen.checkpoint import load_checkpoint
from generation.notagen.decoding import Decoder
from generation.notagen.engine import ROWS, write_patches
from generation.notagen.header import prompt_lines
from generation.notagen.model import NotaGen
from generation.notagen.patches import Patch
from generation.notagen.piece import Brief
from generation.notagen.sampling import Sampling
from tests.generation.notagen.uncached import write_patch

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "data" / "demo" / "checkpoint" / "model.safetensors"
OPENING = Brief(prompt_lines("Minimal", "Etude, Waltz", "Keyboard", "Peace"), "3/4", "C", 60, 16).opening
SAMPLING = Sampling(top_k=0, top_p=0.95, temperature=0.85)


def cached(model: NotaGen, count: int) -> list[list[Patch]]:
    """`count` patches of each of eight pieces, written side by side."""
    decoder = Decoder(model, ROWS)
    opening = torch.tensor(patches.encode_complete(OPENING))
    states = decoder.open(opening).expand(ROWS, -1).clone()
    randoms = [np.random.RandomState(row) for row in range(ROWS)]
    rows = list(range(ROWS))
    pieces: list[list[Patch]] = [[] for _ in rows]
    for row in rows:
        decoder.begin(row)
    for _ in range(count):
        uniforms = np.stack([random.random_sample(16) for random in randoms])
        made = write_patches(decoder, states, rows, [()] * ROWS, uniforms, SAMPLING, close_lines=False)
        states = decoder.advance(torch.from_numpy(made), rows).clone()
        for row in rows:
            pieces[row].append(tuple(made[row].tolist()))
    return pieces


def plain(model: NotaGen, count: int) -> list[list[Patch]]:
    """The same pieces without any cache."""
    opening = patches.encode_complete(OPENING)
    pieces = []
    for row in range(ROWS):
        random = np.random.RandomState(row)
        piece: list[Patch] = []
        for _ in range(count):
            piece.append(write_patch(model, [*opening, *piece], random, SAMPLING))
        pieces.append(piece)
    return pieces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path, nargs="?", default=SHIPPED)
    parser.add_argument("--patches", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = load_checkpoint(options.checkpoint).model
    times, found = {}, {}
    for name, way in (("cached", cached), ("plain", plain)):
        began = time.perf_counter()
        found[name] = way(model, options.patches)
        times[name] = time.perf_counter() - began
    characters = sum(len(patches.decode(piece)) for piece in found["cached"])
    print(
        json.dumps(
            {
                "bench": "engine",
                "pieces": ROWS,
                "patches": options.patches,
                "characters": characters,
                "threads": torch.get_num_threads(),
                "cached_seconds": round(times["cached"], 3),
                "plain_seconds": round(times["plain"], 3),
                "speed_up": round(times["plain"] / times["cached"], 2),
                "cached_characters_per_second": round(characters / times["cached"]),
                "plain_characters_per_second": round(characters / times["plain"]),
                "same_ids": found["cached"] == found["plain"],
            }
        )
    )


if __name__ == "__main__":
    main()

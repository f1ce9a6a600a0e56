"""Trains the small model that the engine's tests write with (about two minutes on one thread).

    python -m tests.golden.notagen.make_small_model

Its context is short on purpose, so that a piece of sixteen bars slides.
"""

from pathlib import Path
from random import Random

import torch

from generation.etudes.composer import compose
from generation.etudes.stages import Stage, Texture
from generation.notagen.checkpoint import Meta, SamplingDefaults, save_safetensors
from generation.notagen.config import ModelConfig
from generation.notagen.header import BARE_THREE_PLUS_STAGE
from generation.notagen.model import NotaGen
from generation.notagen.patches import encode_training

OUT = Path(__file__).parent / "small" / "model.safetensors"
META = Meta(
    kind="test",
    header_style=BARE_THREE_PLUS_STAGE,
    vocabulary={
        "period": ("Minimal",),
        "composer": ("Etude, Waltz",),
        "instrumentation": ("Keyboard",),
        "stage": ("Peace",),
    },
    seed=0,
    sampling=SamplingDefaults(temperature=0.8),
)
PIECES, STEPS, BATCH, LENGTH = 400, 900, 8, 72


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    draw = Random(0)
    texts = [
        compose(seed, stage=Stage.PEACE, texture=Texture.WALTZ, metre="3/4", key=draw.choice(["C", "G"])).abc
        for seed in range(PIECES)
    ]
    config = ModelConfig(hidden=64, patch_layers=2, char_layers=1, patch_length=LENGTH)
    model = NotaGen(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = 3e-3 * min(1, (step + 1) / 50) * (1 - step / STEPS)
        ids = torch.zeros(BATCH, LENGTH, 16, dtype=torch.long)
        for row in ids:
            piece = encode_training(draw.choice(texts), patch_length=LENGTH, cut=draw)
            row[: len(piece)] = torch.tensor(piece)
        loss = model(ids)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 100 == 99:
            print(step + 1, round(loss.item(), 3), flush=True)
    save_safetensors(OUT, model, META)


if __name__ == "__main__":
    main()

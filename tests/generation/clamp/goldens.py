"""The reference numbers of CLaMP that lie beside the checkout, and the weights they were made with."""

import hashlib
import json
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from generation.clamp.patches import Reading
from tests.shared import SHARED

GOLDENS = SHARED / "goldens" / "clamp"
READINGS = {"clamp2_plain": Reading.CLAMP2, "clamp2_notagen": Reading.NOTAGEN, "clamp3": Reading.CLAMP3}
TEXT_HEADS = 4
needed = pytest.mark.skipif(
    not GOLDENS.is_dir(), reason=f"needs the reference numbers of CLaMP in {GOLDENS}, which come with the issues"
)


@cache
def read(name: str) -> Any:
    """One of the JSON files."""
    return json.loads((GOLDENS / name).read_text("utf-8"))


def piece(stem: str) -> str:
    """The text of a piece by its name without suffix."""
    return next((GOLDENS / "pieces").glob(f"{stem}.[am][bt][cf]")).read_text("utf-8")


def tiny_state(family: str) -> dict[str, torch.Tensor]:
    """The tiny weights of "clamp2" or "clamp3" by the formula of the README, checked against its hashes."""
    state = {}
    for name, said in read(f"weights_manifest_tiny_{family}.json")["tensors"].items():
        draw = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(said["shape"]).astype(np.float32)
        if name.endswith("LayerNorm.weight"):
            draw = np.float32(1) + np.float32(0.1) * draw
        else:
            draw = np.float32(0.05 if name.endswith(".bias") else 0.1) * draw
        assert hashlib.sha256(draw.astype("<f4").tobytes()).hexdigest() == said["sha256_f32_le"]
        state[name] = torch.from_numpy(draw)
    return state


def write_tiny(folder: Path, family: str) -> Path:
    """A .pth of the tiny weights as the authors write theirs."""
    path = folder / f"{family}.pth"
    state = tiny_state(family)
    torch.save({"model": state, "optimizer": {"state": {0: {"exp_avg": torch.zeros(3)}}}, "epoch": 1}, path)
    return path

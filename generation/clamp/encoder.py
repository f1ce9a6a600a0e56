"""Vectors of pieces and of texts, fast: nothing padded, like lengths together, bfloat16 where the processor has it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generation.clamp.model import PATCH_LENGTH, TEXT_LENGTH
from generation.clamp.patches import Ids, encode
from generation.clamp.segments import cut, pool
from generation.clamp.tokens import Words
from generation.clamp.weights import load_music, load_text

ROWS = 1024
"""Rows of one pass on the CPU, where more do not fit its caches."""
ROWS_GPU = 8192

Floats = NDArray[np.float32]


def cpu_has_bfloat16() -> bool:
    """Whether this processor multiplies matrices of bfloat16 itself; elsewhere float32 is faster."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def best_device() -> torch.device:
    """The GPU when there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class MusicEncoder:
    """Vectors of pieces. half: bfloat16; without a word where the device has it."""

    def __init__(self, path: Path, *, half: bool | None = None, device: torch.device | None = None) -> None:
        self.device = device or best_device()
        self.model, self.meta = load_music(path, half=_half(half, self.device))
        self.model.to(self.device)

    def vectors(self, pieces: Sequence[str], *, look: Callable[[], None] = lambda: None) -> Floats:
        """Vectors (N, D), not normalised, of texts in interleaved ABC or MTF. `look` is called between passes."""
        return self.of_patches([encode(piece, self.meta.reading) for piece in pieces], look=look)

    def of_patches(self, pieces: Sequence[Ids], *, look: Callable[[], None] = lambda: None) -> Floats:
        """Vectors (N, D) of pieces as patches (T, 64)."""

        def run(rows: NDArray[np.int64], lengths: list[int]) -> Tensor:
            found: Tensor = self.model(torch.from_numpy(rows).to(self.device), lengths)
            return found

        return _vectors(pieces, PATCH_LENGTH, self.meta.dim, self.device, run, look)


class TextEncoder:
    """Vectors of texts; `words` is the folder of the tokenizer. Raises NoTokenizer."""

    def __init__(
        self, path: Path, words: Path, *, half: bool | None = None, device: torch.device | None = None
    ) -> None:
        self.words = Words(words)
        self.device = device or best_device()
        self.model, self.meta = load_text(path, half=_half(half, self.device))
        self.model.to(self.device)

    def vectors(self, texts: Sequence[str], *, look: Callable[[], None] = lambda: None) -> Floats:
        """Vectors (N, D), not normalised."""
        return self.of_ids([self.words.ids(text) for text in texts], look=look)

    def of_ids(self, texts: Sequence[Sequence[int]], *, look: Callable[[], None] = lambda: None) -> Floats:
        """Vectors (N, D) of texts as ids of word pieces."""

        def run(rows: NDArray[np.int64], lengths: list[int]) -> Tensor:
            found: Tensor = self.model(torch.from_numpy(rows).to(self.device), lengths)
            return found

        arrays = [np.asarray(ids, dtype=np.int64) for ids in texts]
        return _vectors(arrays, TEXT_LENGTH, self.meta.dim, self.device, run, look)


def _half(wish: bool | None, device: torch.device) -> bool:
    return wish if wish is not None else device.type == "cuda" or cpu_has_bfloat16()


def _vectors(
    items: Sequence[NDArray[np.uint8] | NDArray[np.int64]],
    length: int,
    dim: int,
    device: torch.device,
    run: Callable[[NDArray[np.int64], list[int]], Tensor],
    look: Callable[[], None],
) -> Floats:
    """Vectors (N, D) of items cut into segments, which are passed through the model with others of like length."""
    owned = [(number, item[part]) for number, item in enumerate(items) for part in cut(len(item), length)]
    found: list[Floats] = [np.empty(0, dtype=np.float32)] * len(owned)
    with torch.inference_mode():
        for group in _groups([len(part) for _number, part in owned], ROWS_GPU if device.type == "cuda" else ROWS):
            look()
            rows = np.concatenate([owned[index][1] for index in group])
            passed = run(rows, [len(owned[index][1]) for index in group]).float().cpu().numpy()
            for index, vector in zip(group, passed, strict=True):
                found[index] = vector
    parts: list[list[Floats]] = [[] for _item in items]
    for (number, _part), vector in zip(owned, found, strict=True):
        parts[number].append(vector)
    whole = [pool(vectors, len(item), length) for vectors, item in zip(parts, items, strict=True)]
    return np.stack(whole) if whole else np.empty((0, dim), dtype=np.float32)


def _groups(lengths: Sequence[int], rows: int) -> Iterator[list[int]]:
    """Indices in groups of at most `rows` rows, longest first."""
    group: list[int] = []
    count = 0
    for index in sorted(range(len(lengths)), key=lambda at: (-lengths[at], at)):
        if group and count + lengths[index] > rows:
            yield group
            group, count = [], 0
        group.append(index)
        count += lengths[index]
    if group:
        yield group

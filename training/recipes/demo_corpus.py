"""The corpus of the demo checkpoint: composed études as patches, and the order in which they are learned."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from generation.etudes.composer import compose
from generation.notagen.patches import encode_training

#: Held-out pieces are composed from seeds above this number, training pieces from seeds below it.
FIRST_HELD_OUT = 1_000_000


@dataclass(frozen=True)
class Corpus:
    """Encoded pieces, each (T, 16) uint8, and the sha256 over the texts in their order."""

    train: tuple[Tensor, ...]
    held_out: tuple[Tensor, ...]
    sha256: str


def build(*, pieces: int, held_out: int, patch_length: int, cache: Path | None = None) -> Corpus:
    """Compose and encode `pieces` études for training and `held_out` for measuring.

    With `cache`, the result is kept in that folder and read again when numbers and composer are the same.
    """
    name = f"corpus-{pieces}-{held_out}-{patch_length}-{_composer_hash()}.pt"
    if cache is not None and (cache / name).is_file():
        kept = torch.load(cache / name, weights_only=True)
        return Corpus(tuple(kept["train"]), tuple(kept["held_out"]), kept["sha256"])
    digest = hashlib.sha256()
    encoded = []
    for seed in (*range(pieces), *range(FIRST_HELD_OUT, FIRST_HELD_OUT + held_out)):
        text = compose(seed).abc
        digest.update(text.encode("ascii") + b"\0")
        patches = encode_training(text, patch_length=patch_length, cut=Random(seed))
        encoded.append(torch.tensor(patches, dtype=torch.uint8))
    corpus = Corpus(tuple(encoded[:pieces]), tuple(encoded[pieces:]), digest.hexdigest())
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        kept = {"train": list(corpus.train), "held_out": list(corpus.held_out), "sha256": corpus.sha256}
        torch.save(kept, cache / name)
    return corpus


def batches(pieces: tuple[Tensor, ...], *, patches: int, seed: int) -> Iterator[Tensor]:
    """Endless batches (B, T, 16) int64, zero-padded, of pieces of like length and about `patches` patches.

    Every pass takes each piece once, in an order that `seed` and the pass decide.
    """
    passes = 0
    while True:
        rng = Random(f"{seed}/{passes}")
        order = list(range(len(pieces)))
        rng.shuffle(order)
        grouped: list[list[int]] = []
        for start in range(0, len(order), 256):
            near = sorted(order[start : start + 256], key=lambda index: len(pieces[index]))
            group: list[int] = []
            for index in near:
                if group and (len(group) + 1) * len(pieces[index]) > patches:
                    grouped.append(group)
                    group = []
                group.append(index)
            grouped.append(group)
        rng.shuffle(grouped)
        for group in grouped:
            yield pad([pieces[index] for index in group])
        passes += 1


def pad(pieces: list[Tensor]) -> Tensor:
    """One batch (B, T, 16) int64 of pieces (T, 16), zeros behind the shorter ones."""
    return torch.nn.utils.rnn.pad_sequence(pieces, batch_first=True).long()


def _composer_hash() -> str:
    """Hash of a few pieces: another composer gives another cache name."""
    digest = hashlib.sha256()
    for seed in range(40):
        digest.update(compose(seed).abc.encode("ascii"))
    return digest.hexdigest()[:12]

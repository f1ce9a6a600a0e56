"""All that a training run learns from, in one folder that can be carried to any machine.

    ids.safetensors   ids (N, 16) uint8: the patches of all sequences, one after the other;
                      scored (N, 16) uint8: 1 where an id is learned from or scored
    manifest.json     sequences (where each lies, its forced spans), pieces or pairs, header style, hashes

Texts become ids once, here, so that model and reference see the very same cut of a long piece. Nothing of this needs
torch; a web process may write and read bundles.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

FORMAT = 1
Span = tuple[int, int]


class BundleError(ValueError):
    """What was given cannot be learned from, or a folder is not a whole bundle; the message is one sentence."""


@dataclass(frozen=True)
class Stored:
    """Where a sequence lies among the patches, and how many of its ids are scored."""

    name: str
    start: int
    patches: int
    scored: int
    key: str = ""
    forced: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Choice:
    """A piece of a training set as indexes of its sequences and how often each is drawn."""

    name: str
    sequences: tuple[int, ...]
    shares: tuple[float, ...]
    held_out: bool


@dataclass(frozen=True)
class Comparison:
    """A pair as indexes of sequences."""

    chosen: int
    rejected: int
    session: str
    p: float
    weight: float
    held_out: bool


@dataclass(frozen=True)
class Bundle:
    """A bundle as read. ids (N, 16) uint8, scored (N, 16) bool. sha256: of the manifest, which holds those of the rest.

    pieces is empty in a bundle for preferences, pairs in one for a training set. votes: how many each cue had.
    """

    recipe: str
    header_style: str
    patch_length: int
    base_sha256: str
    ids: NDArray[np.uint8]
    scored: NDArray[np.bool_]
    sequences: tuple[Stored, ...]
    pieces: tuple[Choice, ...]
    pairs: tuple[Comparison, ...]
    votes: Mapping[str, int]
    warnings: tuple[str, ...]
    source: Mapping[str, Any]
    sha256: str

    def patches_of(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Ids and mask of one sequence, (T, 16) each."""
        one = self.sequences[index]
        return self.ids[one.start : one.start + one.patches], self.scored[one.start : one.start + one.patches]


def read_bundle(folder: Path) -> Bundle:
    """The bundle in `folder`. Raises BundleError when it is not whole or its hashes do not fit."""
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise BundleError("There is no bundle in this folder.")
    text = manifest.read_bytes()
    raw = json.loads(text)
    if raw.get("format") != FORMAT:
        raise BundleError(f"This bundle is of format {raw.get('format')}; this version reads format {FORMAT}.")
    for name, digest in raw["files"].items():
        if not (folder / name).is_file() or sha256_of((folder / name).read_bytes()) != digest:
            raise BundleError(f"{name} of this bundle is missing or was changed.")
    arrays = load_file(folder / "ids.safetensors")
    return Bundle(
        recipe=raw["recipe"],
        header_style=raw["header_style"],
        patch_length=raw["patch_length"],
        base_sha256=raw["base_sha256"],
        ids=arrays["ids"],
        scored=arrays["scored"].astype(bool),
        sequences=tuple(
            Stored(**{**one, "forced": tuple((start, end) for start, end in one["forced"])}) for one in raw["sequences"]
        ),
        pieces=tuple(
            Choice(**{**one, "sequences": tuple(one["sequences"]), "shares": tuple(one["shares"])})
            for one in raw.get("pieces", ())
        ),
        pairs=tuple(Comparison(**one) for one in raw.get("pairs", ())),
        votes=raw.get("votes", {}),
        warnings=tuple(raw.get("warnings", ())),
        source=raw["source"],
        sha256=sha256_of(text),
    )


def sha256_of(content: bytes) -> str:
    """sha256 as hex digits."""
    return hashlib.sha256(content).hexdigest()

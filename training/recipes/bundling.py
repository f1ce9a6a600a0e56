"""Makes bundles (training.recipes.bundle) of plain texts: the pieces of a training set, or takes and pairs of them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from generation.notagen.header import HeaderStyle, header_style
from generation.notagen.patches import EOS, PAD, SIZE, Patch, encode_complete, encode_training
from training.recipes.bundle import FORMAT, BundleError, Choice, Comparison, Span, Stored, sha256_of

CUTS = 3
"""Parts that are drawn from a piece too long for the context; an epoch takes one of them."""


@dataclass(frozen=True)
class Version:
    """One text of a piece: a transposition with its prompt and header lines. share: how often it is drawn."""

    text: str
    key: str = ""
    share: float = 1.0


@dataclass(frozen=True)
class Lesson:
    """A piece of a training set. Held out, it is measured by its first version alone, cut always at the same place."""

    name: str
    versions: tuple[Version, ...]
    held_out: bool = False


@dataclass(frozen=True)
class Text:
    """A take. raw: prompt, header and marked lines. forced: spans of raw that the model did not choose.

    ids_sha256: hash of the ids it was sampled as, where known (generation.notagen.piece.Written).
    """

    name: str
    raw: str
    forced: tuple[Span, ...] = ()
    ids_sha256: str = ""


@dataclass(frozen=True)
class Pair:
    """Chosen over rejected, by name, judged in one session (a cue with one prompt).

    p: probability that the listener says so when asked. weight: 1 for a vote; less where pairs of a session are not
    independent.
    """

    chosen: str
    rejected: str
    session: str
    p: float = 1.0
    weight: float = 1.0
    held_out: bool = False


def build_sft(
    folder: Path,
    lessons: Sequence[Lesson],
    *,
    header: str,
    patch_length: int,
    base_sha256: str,
    seed: int = 0,
    source: Mapping[str, Any] | None = None,
) -> str:
    """Write the bundle of a training set and return its sha256.

    header: name of the header style of the texts. source: what the set is, kept as it is given. A piece longer than
    patch_length gives up to three parts cut at lines, drawn with `seed`. Raises BundleError.
    """
    _style(header)
    if not any(not lesson.held_out for lesson in lessons):
        raise BundleError("There is no piece to learn from.")
    writer = _Writer(patch_length)
    pieces = []
    for lesson in lessons:
        if not lesson.versions:
            raise BundleError(f"{lesson.name} has no text.")
        indexes: list[int] = []
        shares: list[float] = []
        for version in lesson.versions[: 1 if lesson.held_out else None]:
            cuts = _cuts(lesson, version, patch_length, seed)
            for patches in cuts:
                indexes.append(writer.add(lesson.name, patches, _learned(patches), key=version.key))
                shares.append(version.share / len(cuts))
        pieces.append(Choice(lesson.name, tuple(indexes), tuple(shares), lesson.held_out))
    said: dict[str, Any] = {"pieces": [asdict(piece) for piece in pieces]}
    return writer.write(folder, "sft", header, base_sha256, said, source or {})


def build_dpo(
    folder: Path,
    texts: Sequence[Text],
    pairs: Sequence[Pair],
    *,
    votes: Mapping[str, int],
    header: str,
    patch_length: int,
    base_sha256: str,
    source: Mapping[str, Any] | None = None,
) -> str:
    """Write the bundle of a preference set and return its sha256.

    votes: how many each cue had, held-out cues included. A take longer than patch_length is cut to its beginning.
    Raises BundleError where a pair names an unknown take, compares answers to different prompts, or where a session is
    partly held out.
    """
    style = _style(header)
    writer = _Writer(patch_length)
    places: dict[str, int] = {}
    prompts: dict[str, tuple[str, ...]] = {}
    otherwise = 0
    for text in texts:
        if text.name in places:
            raise BundleError(f"The take {text.name} is there twice.")
        patches = _encode(text.name, text.raw)
        written = bytes(code for patch in patches for code in patch)
        otherwise += bool(text.ids_sha256) and hashlib.sha256(written).hexdigest() != text.ids_sha256
        prompts[text.name] = tuple(line for line in text.raw.split("\n") if line.startswith("%") and line[:2] != "%%")
        mask = chosen_freely(patches, text.forced)[:patch_length]
        places[text.name] = writer.add(text.name, patches[:patch_length], mask, forced=text.forced)
    _check(pairs, prompts)
    comparisons = [
        Comparison(places[one.chosen], places[one.rejected], one.session, one.p, one.weight, one.held_out)
        for one in pairs
    ]
    for one, named in zip(comparisons, pairs, strict=True):
        if not writer.sequences[one.chosen].scored or not writer.sequences[one.rejected].scored:
            raise BundleError(f"In a pair of {named.session} the model chose nothing, so there is nothing to learn.")
    warnings = []
    if otherwise:
        warnings.append(f"{otherwise} takes are read in other patches than they were written in.")
    answered: dict[tuple[str, ...], set[str]] = {}
    for pair in pairs:
        answered.setdefault(prompts[pair.chosen], set()).add(pair.session)
    shared = max((len(sessions) for sessions in answered.values()), default=0)
    if shared > 1 and not style.stage:
        warnings.append(f"{shared} cues share a prompt without a stage: what serves one may be wrong for another.")
    said = {"pairs": [asdict(one) for one in comparisons], "votes": dict(votes), "warnings": warnings}
    return writer.write(folder, "dpo", header, base_sha256, said, source or {})


def chosen_freely(patches: Sequence[Patch], forced: Sequence[Span]) -> list[list[bool]]:
    """For each id whether the model chose it: not padding, not in a forced span of the text, and no forced end id.

    An end id is forced behind forced text, and behind a line end, where the engine sets it itself. The begin patch is
    no part of the text.
    """
    hidden = np.zeros(1 + max((end for _start, end in forced), default=0), dtype=bool)
    for start, end in forced:
        hidden[start:end] = True
    place = 0
    mask = [[False] * SIZE]
    for patch in patches[1:]:
        row = [False] * SIZE
        for column, code in enumerate(patch):
            if code == EOS:
                row[column] = column > 0 and row[column - 1] and patch[column - 1] != ord("\n")
                break
            if code == PAD:
                break
            row[column] = not (place < len(hidden) and hidden[place])
            place += 1
        mask.append(row)
    return mask


class _Writer:
    """Collects sequences and writes them with their manifest."""

    def __init__(self, patch_length: int) -> None:
        self.patch_length = patch_length
        self.sequences: list[Stored] = []
        self._ids: list[Patch] = []
        self._scored: list[list[bool]] = []

    def add(
        self,
        name: str,
        patches: Sequence[Patch],
        mask: Sequence[list[bool]],
        *,
        key: str = "",
        forced: tuple[Span, ...] = (),
    ) -> int:
        """The index of a new sequence."""
        scored = sum(sum(row) for row in mask)
        self.sequences.append(Stored(name, len(self._ids), len(patches), scored, key, forced))
        self._ids += patches
        self._scored += mask
        return len(self.sequences) - 1

    def write(
        self,
        folder: Path,
        recipe: str,
        header: str,
        base_sha256: str,
        said: Mapping[str, Any],
        source: Mapping[str, Any],
    ) -> str:
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {
            "ids": np.array(self._ids, dtype=np.uint8).reshape(-1, SIZE),
            "scored": np.array(self._scored, dtype=np.uint8).reshape(-1, SIZE),
        }
        save_file(arrays, folder / "ids.safetensors")
        manifest = {
            "format": FORMAT,
            "recipe": recipe,
            "header_style": header,
            "patch_length": self.patch_length,
            "base_sha256": base_sha256,
            "sequences": [asdict(one) for one in self.sequences],
            **said,
            "source": dict(source),
            "files": {"ids.safetensors": sha256_of((folder / "ids.safetensors").read_bytes())},
        }
        text = (json.dumps(manifest, ensure_ascii=False, sort_keys=True) + "\n").encode()
        part = folder / "manifest.part"
        part.write_bytes(text)
        part.replace(folder / "manifest.json")  # last, so that half a bundle is none
        return sha256_of(text)


def _style(name: str) -> HeaderStyle:
    try:
        return header_style(name)
    except ValueError as error:
        raise BundleError(str(error)) from error


def _encode(name: str, raw: str) -> list[Patch]:
    if not raw.isascii():
        raise BundleError(f"{name} holds characters that are not ASCII.")
    return encode_complete(raw)


def _cuts(lesson: Lesson, version: Version, patch_length: int, seed: int) -> list[list[Patch]]:
    """The whole piece, or different parts of a long one."""
    if not version.text.isascii():
        raise BundleError(f"{lesson.name} holds characters that are not ASCII.")
    if lesson.held_out:
        return [encode_training(version.text, patch_length=patch_length)]
    found: list[list[Patch]] = []
    for number in range(CUTS):
        draw = Random(f"{seed}/{lesson.name}/{version.key}/{number}")
        patches = encode_training(version.text, patch_length=patch_length, cut=draw)
        if patches not in found:
            found.append(patches)
    return found


def _learned(patches: Sequence[Patch]) -> list[list[bool]]:
    """Everything but padding and the begin patch, as in the reference's loss."""
    return [[False] * SIZE, *([code != PAD for code in patch] for patch in patches[1:])]


def _check(pairs: Sequence[Pair], prompts: Mapping[str, tuple[str, ...]]) -> None:
    if not any(not pair.held_out for pair in pairs):
        raise BundleError("There is no pair to learn from.")
    sides: dict[str, bool] = {}
    used: dict[str, bool] = {}
    for pair in pairs:
        for name in (pair.chosen, pair.rejected):
            if name not in prompts:
                raise BundleError(f"The take {name} of a pair is not there.")
            if used.setdefault(name, pair.held_out) != pair.held_out:
                raise BundleError(f"The take {name} is both learned from and held out.")
        if pair.chosen == pair.rejected:
            raise BundleError(f"The take {pair.chosen} is compared with itself.")
        if not 0 <= pair.p <= 1 or pair.weight <= 0:
            raise BundleError("A pair has a probability from 0 to 1 and a weight above 0.")
        if prompts[pair.chosen] != prompts[pair.rejected]:
            raise BundleError(f"The takes {pair.chosen} and {pair.rejected} answer different prompts.")
        if sides.setdefault(pair.session, pair.held_out) != pair.held_out:
            raise BundleError(f"{pair.session} is partly held out; it must be wholly so or not at all.")

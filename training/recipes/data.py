"""Training files as NotaGen's own fine-tuning script reads them (spec notagen d.2, e).

A set lies in one folder: `augmented/KEY/NAME_KEY.abc` in each key that may be drawn, `interleaved/NAME.abc` in the
piece's own key with all rests, and three indices, `augmented.jsonl` and the same with `_train` and `_eval`, of which
each line names `augmented/NAME` and the piece's own key. The script draws a key at every look at a piece.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import PurePosixPath

from curator.notation.errors import NotationError, Sentence
from curator.notation.letters import plain_letters
from curator.notation.prepare import Prepared, prepare, standard_of
from curator.notation.transpose import KEYS, major_of
from generation.notagen.patches import training_length

AUGMENTED, INTERLEAVED = "augmented", "interleaved"
CONTEXT = 1024
"""Patches that NotaGen-X reads at once; of a longer piece a part is drawn."""

# Pitch classes from C, and how often the script takes either name where a key has two.
_CIRCLE = (
    {"C": 1.0}, {"Db": 0.8, "C#": 0.2}, {"D": 1.0}, {"Eb": 1.0}, {"E": 1.0}, {"F": 1.0},
    {"F#": 0.5, "Gb": 0.5}, {"G": 1.0}, {"Ab": 1.0}, {"A": 1.0}, {"Bb": 1.0}, {"B": 0.8, "Cb": 0.2},
)  # fmt: skip
_NEAR = {-3: 1, -2: 2, -1: 3, 0: 4, 1: 3, 2: 2, 3: 1}  # sixteenths


class Transposition(StrEnum):
    """In which keys a piece is learned."""

    NONE = "none"  # in its own
    NEAR = "near"  # up to three semitones away, the nearer the oftener: the reference's fine-tuning
    ALL = "all"  # in all fifteen, each as often: the reference's pretraining


@lru_cache(maxsize=64)
def key_weights(key: str, transposition: Transposition) -> dict[str, float]:
    """Folder -> how often of 1 a piece in `key` is taken from there. Raises NotationError for a key not known."""
    major = major_of(key)
    if transposition == Transposition.NONE:
        return {major: 1.0}
    if transposition == Transposition.ALL:
        return dict.fromkeys(KEYS, 1 / len(KEYS))
    place = next(place for place, names in enumerate(_CIRCLE) if major in names)
    weights = {
        name: count / 16 * part
        for offset, count in _NEAR.items()
        for name, part in _CIRCLE[(place + offset) % 12].items()
    }
    return {name: weights[name] for name in KEYS if name in weights}


@dataclass(frozen=True, slots=True)
class Written:
    """A piece in the words of the training files. `patches` counts those of its own key, whole."""

    key: str
    weights: dict[str, float]
    bars: int
    patches: int
    interleaved: str
    texts: dict[str, str]  # folder -> text


@dataclass(frozen=True, slots=True)
class Measure:
    """How large a piece is without its prompt lines, and why it cannot be learned from (None when it can)."""

    key: str = ""
    bars: int = 0
    patches: int = 0
    reason: Sentence | None = None


def measure(abc: str) -> Measure:
    """The measure of an interleaved text."""
    try:
        piece = _prepared(abc, ())
        return Measure(piece.key, piece.bars, training_length(piece.in_key(major_of(piece.key))))
    except NotationError as error:
        return Measure(reason=error.sentence)


def write_piece(abc: str, *, prompt: Sequence[str], transposition: Transposition) -> Written:
    """The texts of an interleaved piece under the prompt lines, in every folder the script may draw from.

    Without transposition each of these folders holds the piece in its own key: the script cannot be told not to draw.
    Raises NotationError with the reason when the reference would drop the piece or lose some of it.
    """
    piece = _prepared(abc, prompt)
    own = piece.in_key(major_of(piece.key))
    if transposition == Transposition.NONE:
        texts = dict.fromkeys(key_weights(piece.key, Transposition.NEAR), own)
    else:
        texts = {folder: piece.in_key(folder) for folder in key_weights(piece.key, transposition)}
        # Who pretrains reads all fifteen, who fine-tunes only the near ones; both find theirs.
    weights = key_weights(piece.key, transposition)
    return Written(piece.key, weights, piece.bars, training_length(own), piece.interleaved, texts)


def _prepared(abc: str, prompt: Sequence[str]) -> Prepared:
    # A generated piece still has the prompt that it was asked for with; the set's own takes its place.
    lines = [line for line in abc.split("\n") if not line.startswith("%") or line.startswith("%%")]
    text = "\n".join(lines)
    piece = prepare("".join(f"{line}\n" for line in prompt) + standard_of(text))
    if piece.lost:
        raise NotationError(piece.lost[0])
    return piece


@dataclass(frozen=True, slots=True)
class Entry:
    """A piece in the index."""

    name: str
    key: str
    held_out: bool


def file_name(title: str, sha256: str) -> str:
    """The name of a piece's files: its title in plain letters, and the beginning of its text's hash."""
    words = re.findall(r"[a-z0-9]+", plain_letters(title).lower())
    return "-".join([*_within("-".join(words), 40), sha256[:8]])


def _within(text: str, most: int) -> list[str]:
    return [text[:most].rstrip("-")] if text else []


def piece_files(name: str, written: Written) -> Iterator[tuple[str, str]]:
    """Path and text of each file of a piece."""
    yield f"{INTERLEAVED}/{name}.abc", written.interleaved
    for folder, text in written.texts.items():
        yield f"{AUGMENTED}/{folder}/{name}_{folder}.abc", text


def index_files(entries: Sequence[Entry], *, root: str = "") -> Iterator[tuple[str, str]]:
    """Path and text of the three indices. `root` is the folder of the set as the script will see it, if not its own."""
    for ending, chosen in (
        ("", entries),
        ("_train", [entry for entry in entries if not entry.held_out]),
        ("_eval", [entry for entry in entries if entry.held_out]),
    ):
        yield f"{AUGMENTED}{ending}.jsonl", "".join(_index_line(entry, root) for entry in chosen)


def _index_line(entry: Entry, root: str) -> str:
    path = PurePosixPath(root, AUGMENTED, entry.name)
    return json.dumps({"path": str(path), "key": entry.key}) + "\n"


def held_out_works(works: Iterable[str], *, share: float, seed: int) -> frozenset[str]:
    """The works to measure with: `share` of all, at least one and never all; the same for the same works and seed.

    Which ones they are depends on each work and the seed alone, so that a work added later seldom moves another.
    Raises ValueError for fewer than two works.
    """
    ranked = sorted(set(works), key=lambda work: hashlib.sha256(f"{seed}/{work}".encode()).digest())
    if len(ranked) < 2:
        raise ValueError("a set with something to measure has at least two works")
    return frozenset(ranked[: min(max(round(share * len(ranked)), 1), len(ranked) - 1)])


class SetHash:
    """The SHA-256 of a set: that of its files by path, whatever order they were written in."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}

    def add(self, path: str, data: bytes) -> None:
        """Take a file in."""
        self._files[path] = hashlib.sha256(data).hexdigest()

    @property
    def value(self) -> str:
        """The hash, in hexadecimal."""
        lines = "".join(f"{sha256}  {path}\n" for path, sha256 in sorted(self._files.items()))
        return hashlib.sha256(lines.encode()).hexdigest()


README = """Training files for NotaGen, made by Cuewright.

augmented/KEY/NAME_KEY.abc   each piece in every key the fine-tuning script may draw
augmented_train.jsonl        what to learn from: one line a piece, its path and its own key
augmented_eval.jsonl         what to measure with: other works
interleaved/NAME.abc         each piece in its own key with all rests, as CLaMP reads it
manifest.json                what every file was made of, and what was left out and why

finetune/config.py of NotaGen takes the two indices as DATA_TRAIN_INDEX_PATH and DATA_EVAL_INDEX_PATH.
The paths in them are {root}.
{drawn}"""
DRAWN = {
    Transposition.NONE: "Not transposed: every folder the script may draw holds the piece in its own key.\n",
    Transposition.NEAR: "The script draws a key up to three semitones away, the nearer the oftener.\n",
    Transposition.ALL: "All fifteen keys are there; the fine-tuning script draws up to three semitones away.\n",
}


def readme(transposition: Transposition, *, root: str = "") -> str:
    """What stands beside the files."""
    where = f"under {root}" if root else "relative to this folder; run the script here or put the folder before them"
    return README.format(root=where, drawn=DRAWN[transposition])

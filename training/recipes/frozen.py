"""From what the app freezes to what a bundle is made of: a training set's files, a preference set's lines."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from curator.notation.transpose import major_of
from training.recipes.bundle import BundleError
from training.recipes.bundling import Lesson, Pair, Text, Version
from training.recipes.data import AUGMENTED, Transposition, key_weights


def lessons_of(folder: Path, *, transposition: Transposition) -> list[Lesson]:
    """The pieces of a training set that lies in `folder` (training.recipes.data), each in the keys it is learned in.

    A piece's own key comes first; held-out pieces are measured in it. Raises BundleError when a file is missing.
    """
    lessons = []
    for ending, held_out in (("_train", False), ("_eval", True)):
        index = folder / f"{AUGMENTED}{ending}.jsonl"
        for line in _text(index).splitlines():
            entry = json.loads(line)
            name = PurePosixPath(entry["path"]).name
            own = major_of(entry["key"])
            weights = key_weights(entry["key"], transposition)
            keys = sorted(weights, key=lambda key: (key != own, key))
            versions = [
                Version(_text(folder / AUGMENTED / key / f"{name}_{key}.abc"), key, weights[key])
                for key in ([own] if held_out else keys)
            ]
            lessons.append(Lesson(name, tuple(versions), held_out))
    return lessons


def preferences_of(
    rows: Iterable[Mapping[str, Any]], held_out: Iterable[Mapping[str, Any]] = ()
) -> tuple[list[Text], list[Pair]]:
    """Takes and pairs of a preference set's lines, those to learn from and those held out.

    Each has prompt, chosen, rejected, chosen_forced, rejected_forced, chosen_take, rejected_take, chosen_ids,
    rejected_ids, film, cue, soft_label, weight; spans count from the end of the prompt.
    """
    texts: dict[str, Text] = {}
    pairs = []
    for lines, aside in ((rows, False), (held_out, True)):
        for row in lines:
            for side in ("chosen", "rejected"):
                name, opening = row[f"{side}_take"], len(row["prompt"])
                spans = ((start + opening, end + opening) for start, end in row[f"{side}_forced"])
                raw = row["prompt"] + row[side]
                text = Text(name, raw, ((0, opening), *spans), row[f"{side}_ids"])
                if texts.setdefault(name, text) != text:
                    raise BundleError(f"The take {name} is there with two texts.")
            session = f"{row['film']}/{row['cue']}"
            chosen, rejected = row["chosen_take"], row["rejected_take"]
            pairs.append(Pair(chosen, rejected, session, row["soft_label"], row["weight"], aside))
    return list(texts.values()), pairs


def _text(file: Path) -> str:
    if not file.is_file():
        raise BundleError(f"{file.name} of this training set is missing.")
    return file.read_text(encoding="ascii")

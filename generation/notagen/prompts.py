"""The prompts that NotaGen-X was trained with, and the search among those of any checkpoint.

A prompt is a period, a composer and an instrumentation; NotaGen-X knows 112 such combinations and no others. It
has no period "Modern" and no instrumentation "Piano": the piano is called Keyboard.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("prompts.txt")
"""One combination a line, `Period_Composer_Instrumentation`, as the reference lists them."""

SEPARATOR = " / "


@dataclass(frozen=True, order=True)
class Prompt:
    """One combination. `str` gives it as it is written and read everywhere: `Romantic / Satie, Erik / Keyboard`."""

    period: str
    composer: str
    instrumentation: str

    def __str__(self) -> str:
        return SEPARATOR.join((self.period, self.composer, self.instrumentation))


@dataclass(frozen=True)
class Unseen:
    """What is strange about a prompt: the words no training file had, or none where only their union is new.

    nearest: the known prompts that come closest, best first.
    """

    words: tuple[str, ...]
    nearest: tuple[Prompt, ...]


@cache
def published() -> tuple[Prompt, ...]:
    """The 112 combinations of NotaGen-X in the order of the reference."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return tuple(Prompt(*line.split("_")) for line in lines if line)


def read_prompt(text: str) -> Prompt:
    """The prompt of `Romantic / Satie, Erik / Keyboard` or, as in the reference, `Romantic_Satie, Erik_Keyboard`.

    Raises ValueError for a text that has not three parts of plain ASCII on one line.
    """
    parts = [part.strip() for part in text.split("_" if "_" in text and "/" not in text else "/")]
    if len(parts) != 3 or not all(part and part.isascii() and part.isprintable() for part in parts):
        raise ValueError(f"A prompt is written like Romantic / Satie, Erik / Keyboard, not {text!r}.")
    return Prompt(*parts)


def search(words: str, known: Sequence[Prompt] | None = None) -> tuple[Prompt, ...]:
    """Known prompts that hold every one of the words, whatever their case and accents.

    Those in which a word begins a name come first, then the order in which they are known. Without words: all.
    """
    prompts = published() if known is None else known
    wanted = _folded(words).replace("/", " ").replace(",", " ").replace("_", " ").split()
    found = []
    for place, prompt in enumerate(prompts):
        text = _folded(str(prompt))
        if all(word in text for word in wanted):
            begun = sum(f" {word}" in f" {text}" for word in wanted)
            found.append((-begun, place, prompt))
    return tuple(prompt for _begun, _place, prompt in sorted(found))


def unseen(prompt: Prompt, known: Sequence[Prompt]) -> Unseen | None:
    """What a checkpoint that was trained with the `known` prompts has never seen of this one; None when it has."""
    if prompt in known:
        return None
    columns = zip(*((one.period, one.composer, one.instrumentation) for one in known), strict=True)
    parts = (prompt.period, prompt.composer, prompt.instrumentation)
    words = tuple(part for part, column in zip(parts, columns, strict=False) if part not in column)
    by_text = {_folded(str(one)): one for one in known}
    near = get_close_matches(_folded(str(prompt)), by_text, n=3, cutoff=0.5)
    same_composer = [one for one in known if _folded(one.composer) == _folded(prompt.composer)]
    return Unseen(words if known else parts, _unique([*same_composer, *(by_text[text] for text in near)])[:3])


def _unique(prompts: Iterable[Prompt]) -> tuple[Prompt, ...]:
    return tuple(dict.fromkeys(prompts))


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return plain.casefold()

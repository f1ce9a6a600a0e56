"""The prompt lines of a piece in the training files, in words that NotaGen knows where it knows any."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from curator.domain.tags import STAGE
from curator.models.library import Piece
from curator.notation.letters import plain_letters
from generation.domain.prompts import known_prompts, stages_of
from generation.models.checkpoints import Checkpoint
from generation.notagen.header import BARE_THREE, HEADER_STYLES, HeaderStyle
from generation.notagen.prompts import Prompt, published

KEYBOARD = "Keyboard"
_PIANO = {"", "piano", "solo piano", "piano solo", "klavier", "pianoforte", "keyboard"}
_MODERN = "Romantic"
"""The latest period of NotaGen-X: for a composer whom it does not know and a piece that names no period."""
_STAGE = "Peace"


@dataclass(frozen=True)
class Heading:
    """How the pieces of one set begin: the style, and the words that the base was trained with."""

    style: HeaderStyle
    known: tuple[Prompt, ...]
    stages: tuple[str, ...]

    @cached_property
    def _composers(self) -> list[tuple[frozenset[str], frozenset[str], Prompt]]:
        """Surname and other names in plain small letters, with a prompt of that composer; the base's come first."""
        found: dict[str, Prompt] = {}
        for prompt in (*self.known, *sorted(published(), key=lambda one: one.instrumentation != KEYBOARD)):
            if prompt.composer not in found or prompt.instrumentation == KEYBOARD:
                found.setdefault(prompt.composer, prompt)
        names = ((*composer.partition(","), prompt) for composer, prompt in found.items())
        return [(_words(surname), _words(given), prompt) for surname, _comma, given, prompt in names]

    def prompt(self, piece: Piece) -> Prompt:
        """Period, composer and instrumentation: the piece's own words as NotaGen writes them, else what it knows."""
        known = self._nearest(piece.composer)
        composer = known.composer if known else _by_surname(piece.composer)
        period = _plain(piece.period) or (known.period if known else self._period)
        instrumentation = _plain(piece.instrumentation)
        if instrumentation.casefold() in _PIANO:
            instrumentation = KEYBOARD
        return Prompt(period, composer, instrumentation)

    def stage(self, piece: Piece) -> tuple[str, bool]:
        """The stage that the piece is tagged with, and whether it is; else the word that stands for none."""
        tagged = next((tag.name for tag in piece.tags.all() if tag.kind == STAGE), "")
        return tagged or (self.stages[-1] if self.stages else _STAGE), bool(tagged)

    def lines(self, piece: Piece) -> tuple[str, ...]:
        """The prompt lines of a piece. Raises ValueError for words that cannot stand in one."""
        prompt = self.prompt(piece)
        return self.style.lines(
            period=prompt.period,
            composer=prompt.composer,
            instrumentation=prompt.instrumentation,
            stage=self.stage(piece)[0] if self.style.stage else "",
        )

    @cached_property
    def _period(self) -> str:
        periods = [prompt.period for prompt in self.known]
        return _MODERN if not periods or _MODERN in periods else periods[0]

    def _nearest(self, composer: str) -> Prompt | None:
        """The prompt of the known composer of this surname who shares most of the other names."""
        words = _words(composer)
        best: tuple[int, Prompt] | None = None
        for surname, given, prompt in self._composers:
            if not surname or not surname <= words:
                continue
            others = words - surname
            shared = sum(any(_same_name(one, other) for other in others) for one in given)
            if (shared or not others) and (best is None or shared > best[0]):
                best = shared, prompt
        return best[1] if best else None


def heading_of(*, style: str, base: Checkpoint | None) -> Heading:
    """The heading for a base; `style` names another header style than the base's own ("" for its own)."""
    name = style or (base.header if base else BARE_THREE)
    return Heading(
        style=HEADER_STYLES.get(name, HeaderStyle()),
        known=known_prompts(base) if base else published(),
        stages=tuple(stages_of(base)) if base else (),
    )


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+", plain_letters(name).lower()))


def _same_name(one: str, other: str) -> bool:
    """Whether two given names may be the same; an initial stands for a name."""
    return one == other or (min(len(one), len(other)) == 1 and one[0] == other[0])


def _plain(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in plain_letters(text)).split())


def _by_surname(composer: str) -> str:
    """Surname first, as NotaGen writes names, without dates in brackets."""
    name = _plain(re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", composer)) or _plain(composer)
    words: Sequence[str] = name.split()
    if "," in name or len(words) < 2:
        return name
    return f"{words[-1]}, {' '.join(words[:-1])}"

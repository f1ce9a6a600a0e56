"""Bars of a finished piece as a model reads them: to go on from, to vary with one voice kept, to cut shorter.

Nothing here writes a note. What a piece says by repeats, tempo marks or its end is left out, because the new
piece has its own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from curator.notation.abc import Bar, Score, parse
from curator.notation.errors import NotationError
from curator.notation.lexer import FieldToken, Token, tokens
from generation.notagen.header import header

_VOICE = re.compile(r"\[V:(\d+)\]")
_MARKER = re.compile(r"^\[r:[^\]]*\]")
# What the reference's preparation takes as music: a letter that is no rest, in notes, fields or words.
_SPEAKS = re.compile(r"[A-WYa-wy]")
_TIE = re.compile(r"\.?-")


@dataclass(frozen=True)
class Theme:
    """Whole bars of a piece with what a header must say for them.

    staves: the `%%score` line and the `V:` lines. bars: for each bar the content of every voice without barline;
    a voice that only rests says so. upbeat: the first bar is shorter than the metre.
    """

    metre: str
    key: str
    staves: tuple[str, ...]
    bars: tuple[dict[int, str], ...]
    upbeat: bool

    @property
    def voices(self) -> tuple[int, ...]:
        """The numbers of the voices, ascending."""
        return tuple(sorted({voice for bar in self.bars for voice in bar}))

    @property
    def lines(self) -> tuple[str, ...]:
        """Each bar as a line without marker: voices that rest left out, as in all training texts, unless all rest."""
        return tuple(_line(bar) for bar in self.bars)

    def kept(self, voice: int) -> tuple[str, ...]:
        """The content of one voice bar by bar, empty where it rests. Raises NotationError where it cannot be kept."""
        if len(self.voices) != 2:
            raise NotationError("Only a piece of one voice a hand can be varied with one of them kept.")
        if self.upbeat:
            raise NotationError("A piece that begins with an upbeat cannot be varied bar by bar.")
        return tuple(bar[voice] if _SPEAKS.search(bar[voice]) else "" for bar in self.bars)

    def first(self, bars: int) -> "Theme":
        """Its first bars; all of them when it has no more."""
        return Theme(self.metre, self.key, self.staves, self.bars[:bars], self.upbeat)

    def since(self, bar: int) -> "Theme":
        """The same from a bar on, counted from 1. Raises NotationError where the key changes before it."""
        if bar == 1:
            return self
        if any("[K:" in content for before in self.bars[: bar - 1] for content in before.values()):
            raise NotationError("The key changes before bar %(bar)d; choose an earlier one.", bar=bar)
        return Theme(self.metre, self.key, self.staves, self.bars[bar - 1 :], False)

    def closed(self) -> "Theme":
        """The same bars as an end: ties and slurs that lead out of the last one are taken away."""
        voices = {voice: _let_go([bar.get(voice, "") for bar in self.bars]) for voice in self.voices}
        bars = [{voice: voices[voice][place] for voice in bar} for place, bar in enumerate(self.bars)]
        return Theme(self.metre, self.key, self.staves, tuple(bars), self.upbeat)


def read_theme(text: str, *, bars: int) -> Theme:
    """The first `bars` bars of a stored or raw text, or all of a shorter one.

    Raises NotationError for music that the engine cannot go on from: a change of metre, free time, a bar that
    does not add up, another length unit than an eighth.
    """
    if bars < 1:
        raise NotationError("A theme has at least one bar.")
    score = parse(text)
    _check(score, bars)
    lines = [line for line in text.splitlines() if line.startswith(("[V:", "[r:"))]
    voices = [voice.number for voice in score.header.voices]
    found = []
    for number, (line, bar) in enumerate(zip(lines[:bars], score.bars, strict=False), start=1):
        try:
            found.append(_contents(line, bar, voices))
        except NotationError as error:
            raise NotationError("Bar %(bar)d: %(reason)s", bar=number, reason=error.sentence) from None
    head = [line.rstrip("\n") for line in text.split("\n")]
    staves = [line for line in head if line.startswith("%%score")] + [line for line in head if line.startswith("V:")]
    key = score.header.key
    try:
        header(metre=score.header.metre_text, key=key, tempo=60, staves=staves)
    except ValueError as error:
        raise NotationError("The engine cannot go on in this metre or key: %(reason)s", reason=str(error)) from None
    if not "".join(staves).isascii():
        raise NotationError("The names of the voices are not plain text.")
    return Theme(score.header.metre_text, key, tuple(staves), tuple(found), score.bars[0].length != score.header.metre)


def marked(lines: Sequence[str], *, total: int) -> tuple[str, ...]:
    """Lines with their markers in a piece of `total` bars, each with its line end; the last bar of it closes with |].

    Lines behind the last bar are left out.
    """
    made = []
    for bar, line in enumerate(lines[:total]):
        closed = line.replace("|", "|]") if bar == total - 1 else line
        made.append(f"[r:{bar}/{total - 1 - bar}]{closed}\n")
    return tuple(made)


def _check(score: Score, bars: int) -> None:
    first = score.header
    if first.unit != Fraction(1, 8):
        raise NotationError("The engine writes in eighths (L:1/8), this piece does not.")
    if first.metre is None:
        raise NotationError("The engine cannot go on from music in free time.")
    for number, bar in enumerate(score.bars[:bars], start=1):
        if bar.metre != first.metre:
            raise NotationError("Bar %(bar)d changes the metre; choose fewer bars.", bar=number)
        lengths = {part.length for part in bar.parts}
        if lengths != {first.metre} and not (number == 1 and len(lengths) == 1 and bar.length < first.metre):
            raise NotationError("Bar %(bar)d does not add up.", bar=number)


def _contents(line: str, bar: Bar, voices: Sequence[int]) -> dict[int, str]:
    """The content of every voice of a line, in the order of their numbers, without barlines, tempo and metre."""
    if not line.isascii():
        raise NotationError("There are letters that the model cannot read.")
    _, *parts = _VOICE.split(_MARKER.sub("", line.strip()))
    said = {int(number): _plain(content) for number, content in zip(parts[::2], parts[1::2], strict=True)}
    rest = f"z{bar.length * 8}"
    return {voice: said.get(voice, rest) for voice in sorted(voices)}


def _plain(content: str) -> str:
    kept = []
    for token in tokens(content):
        if isinstance(token, FieldToken) and token.text[1] == "L":
            raise NotationError("The length unit changes.")
        if not token.bar and not (isinstance(token, FieldToken) and token.text[1] in "QM"):
            kept.append(token.text)
    return "".join(kept).strip()


def _line(bar: dict[int, str]) -> str:
    speaking = {voice: content for voice, content in bar.items() if _SPEAKS.search(content)}
    return "".join(f"[V:{voice}]{content}|" for voice, content in (speaking or bar).items())


def _let_go(contents: list[str]) -> list[str]:
    """One voice, bar by bar, without slurs that never close and without the tie of its last note."""
    bars = [list(tokens(content)) for content in contents]
    opened: list[tuple[int, int]] = []
    for place, bar in enumerate(bars):
        for at, token in enumerate(bar):
            if re.fullmatch(r"\.?\([,']?", token.text):
                opened.append((place, at))
            elif re.fullmatch(r"\.?\)", token.text) and opened:
                opened.pop()
    for place, at in opened:
        bars[place][at] = Token("", False)
    for at in range(len(bars[-1]) - 1, -1, -1):
        text = bars[-1][at].text
        if re.match(r"(\^|_|=)*[A-Ga-g]|\[[^A-Za-z]*[A-Ga-g][^:]", text):
            bars[-1][at] = Token(_TIE.sub("", text), False)
            break
    return ["".join(token.text for token in bar) for bar in bars]

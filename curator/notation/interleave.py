"""Turns the converter's ABC (voice after voice) into interleaved ABC (bar after bar), as NotaGen reads it."""

import re
import unicodedata
from dataclasses import dataclass

from curator.notation.errors import NotationError, Sentence
from curator.notation.lexer import FieldToken, blank, tokens

# Header lines that stay; titles, composers, lyrics and MIDI settings go (spec notagen d.2).
_KEPT = ("%%score", "L:", "Q:", "M:", "K:", "V:")
_BAR_COMMENT = re.compile(r"\s*%\d+\s*$")
_QUOTED = re.compile(r'"([^"]*)"')
_LIGATURES = str.maketrans(
    {"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"}
    | {"’": "'", "‘": "'", "“": "'", "”": "'", "„": "'", "«": "'", "»": "'", "–": "-", "—": "-", "…": "..."}
    | {"\u00a0": " ", "\u202f": " ", "♩": "", "♪": "", "°": "o"}
)
_LONGEST_TEXT = 40  # of an annotation with its quotes, as in the reference's preparation


@dataclass(frozen=True, slots=True)
class Interleaved:
    """The text and what was left out on the way."""

    text: str
    warnings: tuple[str, ...]


def interleave(standard: str) -> Interleaved:
    """Interleaved ABC of the output of xml2abc. Raises NotationError when the voices differ in bars."""
    lines = [line for line in standard.splitlines() if line.strip()]
    body_at = next((i for i, line in enumerate(lines) if re.fullmatch(r"V:\d+", line)), None)
    if body_at is None:
        raise NotationError("The converter wrote no voice.")
    header = [to_ascii(line) for line in lines[:body_at] if line.startswith(_KEPT)]
    voices: dict[int, list[str]] = {}
    current: list[str] = []
    for line in lines[body_at:]:
        if re.fullmatch(r"V:\d+", line):  # the reference keeps a blank at the end of header lines, so do we
            current = voices.setdefault(int(line[2:]), [])
        elif not line.startswith(("w:", "W:", "%%")):
            # The bar number at the end of a line is a comment; left in, it would swallow what follows.
            current.append(_BAR_COMMENT.sub("", line))
    dropped: list[str] = []
    bars = {voice: split_bars(_clean(" ".join(text), dropped)) for voice, text in sorted(voices.items())}
    counts = {len(found) for found in bars.values()}
    if len(counts) > 1:
        raise NotationError("The converter wrote voices with different numbers of bars.")
    if counts == {0}:
        raise NotationError("The converter wrote no bar.")
    body = ["".join(f"[V:{voice}]{found[place]}" for voice, found in bars.items()) for place in range(max(counts))]
    warnings = (Sentence("Long or unreadable words were left out: %(words)d.", words=len(dropped)),) if dropped else ()
    return Interleaved("\n".join([*header, *body]) + "\n", warnings)


def split_bars(voice: str) -> list[str]:
    """The bars of one voice, each with its right barline; an opening barline stays with the first bar."""
    bars: list[str] = []
    opening = content = ""
    music = False  # whether the bar has a note, rest or anything else that is not a field or blank
    for token in tokens(voice):
        if not token.bar:
            content += token.text
            music = music or not (isinstance(token, FieldToken) or blank(token.text))
        elif music:
            bars.append(opening + content.strip() + token.text)
            opening, content, music = "", "", False
        else:
            opening, content = opening + content.strip() + token.text, ""
    if music:
        bars.append(opening + content.strip() + "|")
    # Fields after the last barline say nothing any more.
    return bars


def to_ascii(text: str) -> str:
    """The nearest plain letters: the model reads ASCII only. What has none is left out."""
    folded = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return folded.encode("ascii", "ignore").decode("ascii")


def _clean(text: str, dropped: list[str]) -> str:
    """One voice in ASCII, without quotes inside quotes, and without annotations that hold a barline."""
    text = to_ascii(text.replace('\\"', ""))

    def keep(found: re.Match[str]) -> str:
        content = " ".join(found[1].split())
        if content in ("", "^", "_"):
            return ""
        if any(sign in content for sign in "|[]%\\") or len(content) + 2 > _LONGEST_TEXT:
            dropped.append(content)
            return ""
        return f'"{content}"'

    return _QUOTED.sub(keep, text)

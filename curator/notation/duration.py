"""Whether the reference's preparation can measure a bar. It measures by a rough reading of the text; a chord that it
does not understand makes it drop the whole piece, anything else only ends its measuring (spec notagen d.2.7).
"""

import re
from fractions import Fraction
from functools import lru_cache

from curator.notation.errors import NotationError

_NOTES = "AaBbCcDdEeFfGgXxZz"
_WRAPPED = (re.compile(r'"[^"]*"'), re.compile(r"![^!]+!"), re.compile(r"\{[^}]+\}"))
_BRACKET = re.compile(r"\[[^\]]+\]")
_IN_CHORDS = re.compile(rf"[{_NOTES}_=^',\[\]-]*")
_NOT_MEASURED = str.maketrans("xX", "zz", "PSOsouvUVTM.-)_=^',")
_ELEMENT = re.compile(rf"([{_NOTES}][^{_NOTES}(<>]*)|(\([\d:]*)|([<>]+)")


def measurable(text: str, *, voice: str, bar: int) -> bool:
    """Whether the reference finds a length for the bar `text`. Raises NotationError for a chord that it rejects."""
    chord = _strange_chord(text)
    if chord:
        raise NotationError(
            "Bar %(bar)d of voice %(voice)s has a chord of unusual signs: %(chord)s.", bar=bar, voice=voice, chord=chord
        )
    return _measured(text)


@lru_cache(maxsize=8192)
def _strange_chord(text: str) -> str:
    return next((found for found in _BRACKET.findall(_bare(text)) if not _IN_CHORDS.fullmatch(found)), "")


def _bare(text: str) -> str:
    """Music without words, decorations, grace notes and fields."""
    for wrapped in _WRAPPED:
        text = wrapped.sub("", text)
    for bracket in _BRACKET.findall(text):
        if bracket[1].isalpha() and bracket[2] == ":":
            text = text.replace(bracket, "")
    return text


@lru_cache(maxsize=8192)
def _measured(text: str) -> bool:
    text = _bare(text)
    for bracket in _BRACKET.findall(text):
        text = text.replace(bracket, "C")
    text = re.sub(r"\((?!\d)", "", text.translate(_NOT_MEASURED))
    if re.search(r"(?:\([\d:]*|[<>])\Z", text):
        return False  # a tuplet or a broken rhythm at the very end
    elements = [found[0].strip() for found in _ELEMENT.finditer(text)]
    lengths: list[Fraction | None] = [_length(one) if one[0] in _NOTES else None for one in elements]
    if any(length is None and one[0] in _NOTES for one, length in zip(elements, lengths, strict=True)):
        return False
    for place, one in enumerate(elements):
        if one[0] in "<>":
            around = [lengths[place - 1], lengths[place + 1]] if place + 1 < len(elements) else [None]
            if None in around:
                return False
            lengths[place] = sum((length for length in around if length), Fraction(0))
            lengths[place - 1] = lengths[place + 1] = Fraction(0)
    return all(one[0] != "(" or _tuplet(elements, place) for place, one in enumerate(elements))


def _length(note: str) -> Fraction | None:
    """The length of a note with its signs taken away; None when nothing can be made of what is left."""
    length = re.sub(r"[a-zA-Z]", "", note.strip())
    if length in ("", "/"):
        return Fraction(1)
    try:
        return Fraction("1" + length if length.startswith("/") else length)
    except (ValueError, ZeroDivisionError):
        return None


def _tuplet(elements: list[str], place: int) -> bool:
    """Whether a tuplet has its three numbers and as many notes behind it."""
    numbers = ["3", "2", "3"] if elements[place] == "(3" else elements[place][1:].split(":")
    if len(numbers) < 3 or not all(number.isdigit() and int(number) for number in numbers[:3]):
        return False
    notes = sum(one[0] in _NOTES for one in elements[place + 1 :])
    return notes >= int(numbers[2])

"""Reads the music of one voice line: notes, rests, chords, graces, tuplets, barlines and inline fields.

The grammar is the part of ABC 2.1 that the converter writes and reads back without a warning. Where the
converter would guess (nested tuplets, chained broken rhythm, chords of unequal notes), reading stops
with a sentence instead, so that a line accepted here keeps its length on the way to MusicXML.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from curator.notation.errors import NotationError

# Lengths are summed as integers of this fraction of a length unit; it divides by every usual tuplet.
# A length that it cannot hold becomes a Fraction of the same unit, so that sums stay exact.
GRAIN = 2**8 * 3**3 * 5**2 * 7 * 11 * 13

Ticks = int | Fraction

_LENGTH = r"\d{0,4}/{0,6}\d{0,4}"
_PITCH = r"(?:\^\^?|__?|=)?[A-Ga-g](?:,+|'+)?"
_DECORATION = r'!\+!|![^!+ |\[\]"{}%\n]+!|\+[^!+ |\[\]"{}%\n]+\+'
_BAR = (
    r"(?:\[\|\]|\.\||:*\[?\|+\]?:*|:{2,})"  # invisible, dotted, all others with a stroke, double repeat
    r"(?:\[?\d+(?:[,.-]\d+)*)?"  # volta number straight after the barline
)

# The groups are numbered: lastindex tells the kind. Order matters where one form begins another.
_TOKEN = re.compile(
    rf"([\s`]+)"  # 1 blank
    rf"|({_PITCH})({_LENGTH})(\.?-)?"  # 2 3 4 note, its length, its tie (lastindex 3 or 4)
    rf"|([zx])({_LENGTH})"  # 5 6 rest
    rf"|({_BAR})"  # 7 barline
    rf"|\[([A-Za-z]:[^\]\[|%\n]*)\]"  # 8 inline field
    rf"|\[([^\[\]|%:\n]+)\]({_LENGTH})(\.?-)?"  # 9 10 11 chord
    rf"|\{{([^{{}}|%\n]*)\}}"  # 12 grace notes
    rf"|\((\d{{1,2}})((?::\d{{0,2}}){{0,2}})"  # 13 14 tuplet
    rf"|(<+|>+)"  # 15 broken rhythm
    rf"|({_DECORATION})"  # 16 decoration
    rf'|("(?:[^"|%\n\[]|\[(?![A-Za-z]:))*")'  # 17 text or chord symbol
    rf"|(\.?\([,']?|\.?\))"  # 18 slur
    rf"|([ZX]\d*)"  # 19 rest of whole bars
    rf"|([.~H-Wh-w]|y\d*)"  # 20 one-letter decoration, spacer
    rf"|(\[\d+(?:[,.-]\d+)*)"  # 21 volta without a barline
).match

_MEMBER = re.compile(
    rf'(?:{_DECORATION}|"[^"|%\n]*"|[.~H-Wh-w]|\.?\([,\']?)*'
    rf"({_PITCH})({_LENGTH})(\.?-)?(?:\.?\))*\s*"
)
_GRACE_PART = re.compile(
    rf'[\s/]*(?:{_DECORATION}|"[^"|%\n]*"|[.~H-Wh-w]|\.?\([,\']?)*'
    rf"(?:({_PITCH}){_LENGTH}(\.?-)?|\[([^\[\]|%:\n]+)\]{_LENGTH}(\.?-)?)(?:\.?\))*\s*"
)
_LENGTH_PARTS = re.compile(r"(\d*)(/*)(\d*)")

_FIELDS = frozenset("KLMQVPNIrs")
# Number of notes in a tuplet -> in the time of how many, where ABC and the converter agree.
_TUPLET_TIME = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
_BROKEN = {
    ">": (Fraction(3, 2), Fraction(1, 2)),
    "<": (Fraction(1, 2), Fraction(3, 2)),
    ">>": (Fraction(7, 4), Fraction(1, 4)),
    "<<": (Fraction(1, 4), Fraction(7, 4)),
}


class Head(NamedTuple):
    """One written note: its pitch as spelled (accidental, letter, octave marks) and whether a tie begins."""

    pitch: str
    tied: bool


class Sound(NamedTuple):
    """A note, chord or rest (no heads) with its final length, or grace notes (length 0)."""

    heads: tuple[Head, ...]
    ticks: Ticks  # of GRAIN to one length unit of the voice at this place
    grace: bool


class Barline(NamedTuple):
    """A barline with its volta number, as written."""

    text: str


class Field(NamedTuple):
    """An inline field: letter and value."""

    letter: str
    value: str


class BarRest(NamedTuple):
    """A rest of one whole bar (Z or X); its length follows from the metre."""


Element = Sound | Barline | Field | BarRest


@lru_cache(maxsize=4096)
def length_of(text: str) -> Ticks:
    """The ticks of a length suffix: "" is one unit, "3/2" one and a half, "/" a half, "//" a quarter."""
    if not text:
        return GRAIN
    found = _LENGTH_PARTS.fullmatch(text)
    if found is None:
        raise NotationError(f"The length {text!r} cannot be read.")
    number, strokes, divisor = found.groups()
    over = int(number) if number else 1
    under = (int(divisor) if divisor else 2) << len(strokes) >> 1 if strokes else 1
    if len(strokes) > 1 and divisor:
        raise NotationError(f"The length {text!r} has several strokes and a divisor.")
    if over == 0 or under == 0:
        raise NotationError(f"The length {text!r} is zero or divides by zero.")
    if over > 4096 or under > 4096:
        raise NotationError(f"The length {text!r} is out of all proportion.")
    ticks = Fraction(over * GRAIN, under)
    return ticks.numerator if ticks.denominator == 1 else ticks


@lru_cache(maxsize=8192)
def chord_of(members: str, length: str, tie: str | None) -> tuple[tuple[Head, ...], Ticks]:
    """Heads and length of a chord; its notes must be equally long, because only the first one counts."""
    heads: list[Head] = []
    lengths: set[Ticks] = set()
    text = members.strip()
    place = 0
    while place < len(text):
        found = _MEMBER.match(text, place)
        if found is None:
            raise NotationError(f"The chord [{members}] holds something that is not a note.")
        heads.append(Head(found[1], bool(found[3] or tie)))
        lengths.add(length_of(found[2]))
        place = found.end()
    if not heads:
        raise NotationError("There is a chord without notes.")
    if len(lengths) > 1:
        raise NotationError(f"The notes of the chord [{members}] have different lengths.")
    return tuple(heads), _exact(Fraction(lengths.pop()) * length_of(length) / GRAIN)


@lru_cache(maxsize=4096)
def grace_of(content: str) -> tuple[Sound, ...]:
    """The grace notes between braces, each with no length of its own."""
    sounds: list[Sound] = []
    text = content.strip()
    place = 0
    while place < len(text):
        found = _GRACE_PART.match(text, place)
        if found is None:
            raise NotationError(f"The grace notes {{{content}}} hold something that is not a note.")
        if found[1]:
            heads: tuple[Head, ...] = (Head(found[1], bool(found[2])),)
        else:
            heads = chord_of(found[3], "", found[4])[0]
        sounds.append(Sound(heads, 0, True))
        place = found.end()
    if not sounds:
        raise NotationError("There are braces without a grace note.")
    return tuple(sounds)


class Token(NamedTuple):
    """A piece of the text as written; `bar` tells a barline."""

    text: str
    bar: bool


class FieldToken(Token):
    """An inline field as written."""


def tokens(text: str) -> Iterator[Token]:
    """The text cut into tokens, nothing left out; raises NotationError at the first thing that is no music."""
    place, end = 0, len(text)
    while place < end:
        found = _TOKEN(text, place)
        if found is None:
            raise NotationError(f"{text[place : place + 12]!r} is not music.")
        place = found.end()
        kind = found.lastindex
        if kind == 8:
            yield FieldToken(found[0], False)
        else:
            yield Token(found[0], kind in (7, 21))


def blank(text: str) -> bool:
    """Whether a token is only space."""
    return not text.strip(" \t`")


def elements(line: str) -> Iterator[Element]:
    """What one line of music holds, in order, with tuplets and broken rhythm worked into the lengths.

    The line may change voice by [V:n] fields. Raises NotationError at the first thing that is not music.
    """
    held: Sound | BarRest | None = None  # last note or rest, kept back because ">" may follow
    broken: Fraction | None = None  # factor that the next note still owes
    paired = False  # the held note is already the second of a broken pair
    tuplet = Fraction(1)
    left = 0  # notes still inside the tuplet
    place, end = 0, len(line)
    while place < end:
        found = _TOKEN(line, place)
        if found is None:
            raise NotationError(f"{line[place : place + 12]!r} at column {place + 1} is not music.")
        place = found.end()
        kind = found.lastindex
        if kind == 1 or kind == 16 or kind == 17 or kind == 18 or kind == 20:
            continue
        if kind == 3 or kind == 4:
            heads: tuple[Head, ...] = (Head(found[2], kind == 4),)
            ticks = length_of(found[3])
        elif kind == 6:
            heads, ticks = (), length_of(found[6])
        elif kind == 10 or kind == 11:
            heads, ticks = chord_of(found[9], found[10], found[11])
        elif kind == 15:
            if not isinstance(held, Sound) or broken is not None or paired:
                raise NotationError(f"The broken rhythm {found[15]!r} has no note of its own before it.")
            factors = _BROKEN.get(found[15])
            if factors is None:
                raise NotationError(f"The broken rhythm {found[15]!r} is too long.")
            held = held._replace(ticks=_exact(held.ticks * factors[0]))
            broken = factors[1]
            continue
        elif kind == 13 or kind == 14:
            if left or broken is not None:
                raise NotationError("A tuplet begins inside a tuplet or a broken rhythm.")
            tuplet, left = _tuplet(found[13], found[14])
            continue
        else:
            if broken is not None or (left and kind not in (8, 12)):
                raise NotationError("A tuplet or a broken rhythm is not complete where the bar ends.")
            if held is not None:
                yield held
                held = None
            if kind == 7 or kind == 21:
                yield Barline(found[0])
            elif kind == 12:
                yield from grace_of(found[12])
            elif kind == 8:
                field = _field(found[8])
                if left and field.letter in "VLM":
                    raise NotationError("A tuplet is not complete where the voice or the unit changes.")
                yield field
            elif kind == 19:
                if found[19][1:] not in ("", "1"):
                    raise NotationError("A rest over several bars stands in a single bar.")
                yield BarRest()
            continue
        # A note, chord or rest.
        if left:
            ticks = _exact(ticks * tuplet)
            left -= 1
        paired = broken is not None
        if broken is not None:
            ticks = _exact(ticks * broken)
            broken = None
        if held is not None:
            yield held
        held = Sound(heads, ticks, False)
    if broken is not None or left:
        raise NotationError("A tuplet or a broken rhythm is not complete where the line ends.")
    if held is not None:
        yield held


def _exact(ticks: Ticks) -> Ticks:
    """The same number, as an int where it is one: ints add much faster."""
    return ticks.numerator if isinstance(ticks, Fraction) and ticks.denominator == 1 else ticks


@lru_cache(maxsize=512)
def _tuplet(first: str, rest: str) -> tuple[Fraction, int]:
    parts = rest.split(":")[1:]
    notes = int(first)
    time = int(parts[0]) if parts and parts[0] else _TUPLET_TIME.get(notes, 0)
    count = int(parts[1]) if len(parts) > 1 and parts[1] else notes
    if not (0 < notes <= 64 and 0 < count <= 64):
        raise NotationError(f"The tuplet ({first}{rest} has no proportion.")
    if not 0 < time <= 64:
        raise NotationError(f"The tuplet ({first}{rest} does not say in the time of how many notes it stands.")
    return Fraction(time, notes), count


@lru_cache(maxsize=1024)
def _field(text: str) -> Field:
    letter, value = text[0], text[2:].strip()
    if letter not in _FIELDS:
        raise NotationError(f"The field [{text}] does not belong inside a bar.")
    if letter == "I" and value.startswith("abc-include"):
        raise NotationError("A score must not include another file.")
    return Field(letter, value)

"""The bars of interleaved ABC: the length of every voice of a line, and rest bars put back.

One line is one bar of all voices: `[V:1]…|[V:2]…|`. A raw line from the model begins with a marker
`[r:i/n]` and leaves out voices that rest.
"""

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from curator.notation.errors import NotationError
from curator.notation.lexer import GRAIN, Barline, BarRest, Field, Sound, Ticks, elements

_MARKER = re.compile(r"\[r:[^\]]*\]")
_VOICE = re.compile(r"\[V:([0-9]{1,3})\]")
_VOICE_ID = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Line:
    """What one bar line holds: lengths in whole notes, sounding voices, and metre and unit after it."""

    lengths: dict[int, Fraction]
    sounding: frozenset[int]
    unit: Fraction
    metre: Fraction | None  # None: free time (M:none)
    key: str | None  # value of a [K:] field, None when the line has none


def line_lengths(line: str, *, unit: Fraction, metre: Fraction) -> dict[int, Fraction]:
    """Voice -> length in whole notes of one interleaved line under `unit` (L:) and `metre` (M:).

    The marker, a line end, and inline [M:] [K:] [L:] are understood. Raises NotationError for anything
    that is not one complete bar a voice: garbage, comments, a missing or an inner barline.
    """
    return read_line(line, unit=unit, metre=metre).lengths


def read_line(line: str, *, unit: Fraction, metre: Fraction | None) -> Line:
    """As `line_lengths`, with all that the line changes."""
    if "%" in line:
        raise NotationError("There is a comment inside the music.")
    text = line.strip()
    marker = _MARKER.match(text)
    if marker:
        text = text[marker.end() :]
    lengths: dict[int, Fraction] = {}
    sounding: set[int] = set()
    units: dict[int, Fraction] = {}
    key: str | None = None
    new_metre = metre
    changed: set[int] = set()

    voice = 0
    total: Fraction = Fraction(0)
    ticks: Ticks = 0
    own_unit = unit
    own_metre = metre
    began = closed = True

    for element in elements(text):
        kind = type(element)
        if kind is Sound:
            if closed:
                raise NotationError(_after_bar(voice))
            ticks += element.ticks  # type: ignore[union-attr] # `kind` tells
            if element.heads:  # type: ignore[union-attr] # `kind` tells
                sounding.add(voice)
            began = True
        elif kind is Barline:
            if voice == 0:
                raise NotationError("The music begins before a voice is named.")
            if closed:
                raise NotationError(f"Voice {voice} has two barlines at its end.")
            closed = began
            began = True
        elif kind is Field:
            letter, value = element.letter, element.value  # type: ignore[union-attr] # `kind` tells
            if letter == "V":
                if voice:
                    _close(lengths, voice, total + own_unit * Fraction(ticks) / GRAIN, closed)
                    units[voice] = own_unit
                voice = _voice(value)
                if voice in lengths:
                    raise NotationError(f"Voice {voice} is written twice in one line.")
                total, ticks, own_unit, own_metre = Fraction(0), 0, unit, metre
                began = closed = False
            elif letter == "L":
                total += own_unit * Fraction(ticks) / GRAIN
                ticks, own_unit = 0, unit_of(value)
            elif letter == "M":
                if ticks or total:
                    raise NotationError(f"The metre changes inside a bar of voice {voice}.")
                own_metre = metre_of(value)
                if changed and own_metre != new_metre:
                    raise NotationError("The voices change to different metres.")
                new_metre = own_metre
                changed.add(voice)
            elif letter == "K" and key_named(value):
                key = value
            elif letter == "r":
                raise NotationError("A line marker stands inside the line.")
        elif kind is BarRest:
            if closed:
                raise NotationError(_after_bar(voice))
            if own_metre is None:
                raise NotationError("A rest of a whole bar stands in free time.")
            total += own_metre
            began = True
    if not voice:
        raise NotationError("The line names no voice.")
    _close(lengths, voice, total + own_unit * Fraction(ticks) / GRAIN, closed)
    units[voice] = own_unit
    if len(set(units.values())) > 1:
        raise NotationError("The voices change to different length units.")
    return Line(lengths, frozenset(sounding), own_unit, new_metre, key)


def _after_bar(voice: int) -> str:
    if voice == 0:
        return "The music begins before a voice is named."
    return f"Voice {voice} goes on after its barline."


def _close(lengths: dict[int, Fraction], voice: int, length: Fraction, closed: bool) -> None:
    if not closed:
        raise NotationError(f"Voice {voice} has no barline at its end.")
    lengths[voice] = length


def _voice(value: str) -> int:
    if re.fullmatch(r"[0-9]{1,3}", value) is None:
        raise NotationError(f"The voice {value!r} has no number.")
    return int(value)


@lru_cache(maxsize=256)
def metre_of(text: str) -> Fraction | None:
    """The length of a bar in whole notes: 3/4, C, C|, 2+3/8, (2+3)/8; None for free time (none)."""
    value = text.strip()
    if value == "none":
        return None
    if value == "C":
        return Fraction(1)
    if value == "C|":
        return Fraction(1)
    found = re.fullmatch(r"\(?(\d{1,3}(?:\+\d{1,3})*)\)?/(\d{1,3})", value)
    if found is None:
        raise NotationError(f"The metre {text!r} cannot be read.")
    beats = sum(int(part) for part in found[1].split("+"))
    if beats == 0 or int(found[2]) not in (1, 2, 4, 8, 16, 32, 64):
        raise NotationError(f"The metre {text!r} does not exist.")
    return Fraction(beats, int(found[2]))


@lru_cache(maxsize=64)
def unit_of(text: str) -> Fraction:
    """The length unit of an L: field in whole notes."""
    found = re.fullmatch(r"1/(1|2|4|8|16|32|64)", text.strip())
    if found is None:
        raise NotationError(f"The length unit {text!r} cannot be read.")
    return Fraction(1, int(found[1]))


def key_named(value: str) -> bool:
    """Whether a K: field names a key (it may also name a clef only)."""
    return re.match(r"(?:[A-G][#b]?(?![a-z]*=)|none\b|HP\b|Hp\b)", value) is not None


# --- rest bars put back -------------------------------------------------------------------------

_BARLINES = ["||:", ":||", "[|:", ":|]", "|]:", ":[|", "|:", "::", ":|", "[|", "||", "|]", "|"]
_BARLINE = re.compile("|".join(map(re.escape, _BARLINES)))


def unreduce(text: str) -> str:
    """The whole text with every voice in every line, markers removed (spec notagen c.6).

    A voice that a raw line leaves out rests for the most frequent length among the voices that are
    there: with z in the first voice of a staff, with x in the others. A voice written twice keeps its
    last text. Lines before the music stay as they are, but for brackets of %%score that lack their partner.
    Raises NotationError when V: lines exist
    without %%score.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    first = next((i for i, line in enumerate(lines) if line.startswith(("[V:", "[r:"))), len(lines))
    header, body = lines[:first], lines[first:]
    numbers = [int(m[1]) for line in header if (m := re.match(r"V:\s*(\d+)", line))]
    at = next((i for i, line in enumerate(header) if line.startswith("%%score")), None)
    score = None if at is None else mend_score(header[at])
    if at is not None and score is not None:
        header[at] = score
    if numbers and score is None:
        raise NotationError("The header names voices but has no %%score line.")
    groups = staves_of(score or "", numbers)
    symbol = {voice: ("z" if i == 0 else "x") for group in groups for i, voice in enumerate(group)}
    order = sorted(set(numbers))

    unit = next((unit_of(line[2:]) for line in header if line.startswith("L:")), Fraction(1, 8))
    metre = next((metre_of(line[2:]) for line in header if line.startswith("M:")), Fraction(1))
    reference: Fraction | None = None
    result = list(header)
    for index, line in enumerate(body):
        marker = _MARKER.match(line)
        rest = line[marker.end() :] if marker else line
        parts = _VOICE.split(rest)
        prefix = parts[0].strip() if index == 0 else ""
        voices = {int(number): content.rstrip() for number, content in zip(parts[1::2], parts[2::2], strict=True)}
        unknown = sorted(set(voices) - set(order))
        if unknown:
            raise NotationError(f"Voice {unknown[0]} is not declared in the header.")
        if not voices:
            raise NotationError("A line of the music names no voice.")
        reference, unit, metre = _reference(voices, unit, metre, reference)
        right = _right_barline(list(voices.values())[-1])
        written = []
        for voice in order:
            content = voices.get(voice)
            if content is None:
                if reference is None:
                    raise NotationError("No voice of the first line has a length.")
                content = f"{prefix}{symbol[voice]}{_length_text(reference / unit)}{right}"
            written.append(f"[V:{voice}]{content}")
        result.append("".join(written))
    return "\n".join(result) + "\n"


def mend_score(line: str) -> str:
    """A %%score line with its brackets in pairs: a closer without its opener goes, openers are closed in order.

    A model sometimes forgets them. A line in which nothing is wrong stays as it is.
    """
    pairs = {")": "(", "]": "[", "}": "{"}
    closers = {opener: closer for closer, opener in pairs.items()}
    kept: list[str] = []
    waiting: list[str] = []
    for sign in line:
        if sign in pairs:
            if pairs[sign] not in waiting:
                continue
            while waiting[-1] != pairs[sign]:
                kept.append(closers[waiting.pop()])
            waiting.pop()
        elif sign in closers:
            waiting.append(sign)
        kept.append(sign)
    if waiting:
        return "".join(kept).rstrip() + "".join(f" {closers[sign]}" for sign in reversed(waiting))
    return "".join(kept)


def staves_of(score: str, numbers: list[int]) -> tuple[tuple[int, ...], ...]:
    """The voices of each staff, top to bottom, from a %%score line and the declared voice numbers."""
    groups: list[tuple[int, ...]] = []
    body = score.removeprefix("%%score")
    for token in re.findall(r"\([^()]*\)|\d+", body):
        found = tuple(int(n) for n in _VOICE_ID.findall(token))
        if found:
            groups.append(found)
    placed = {voice for group in groups for voice in group}
    if len(placed) != sum(len(group) for group in groups):
        raise NotationError("The %%score line names a voice twice.")
    groups += [(number,) for number in numbers if number not in placed]
    return tuple(groups)


def _reference(
    voices: dict[int, str], unit: Fraction, metre: Fraction | None, before: Fraction | None
) -> tuple[Fraction | None, Fraction, Fraction | None]:
    """Most frequent length of the voices present (first seen wins), with unit and metre after the line."""
    lengths: Counter[Fraction] = Counter()
    new_unit, new_metre = unit, metre
    for voice, content in voices.items():
        try:
            line = read_line(f"[V:{voice}]{content}", unit=unit, metre=metre)
        except NotationError:
            continue
        lengths[line.lengths[voice]] += 1
        new_metre = line.metre if line.metre != metre else new_metre
        new_unit = line.unit if line.unit != unit else new_unit
    if lengths:
        before = lengths.most_common(1)[0][0]
    return before, new_unit, new_metre


def _right_barline(content: str) -> str:
    """The last barline with what follows it."""
    last = None
    for found in _BARLINE.finditer(content):
        last = found
    if last is None:
        raise NotationError("A voice has no barline to copy for the voices that rest.")
    return content[last.start() :]


def _length_text(units: Fraction) -> str:
    return str(units)

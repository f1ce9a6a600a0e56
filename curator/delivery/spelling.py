"""Note values: how a length is written with types, dots and tuplets, where beams run and accidentals stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from curator.delivery.score import Metre, Pitch

TYPES = {
    Fraction(8) / 2**power: name
    for power, name in enumerate(
        ["breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th", "256th", "512th", "1024th"]
    )
}
_ACCIDENTALS = {
    Fraction(-2): "flat-flat",
    Fraction(-1): "flat",
    Fraction(-1, 2): "quarter-flat",
    Fraction(0): "natural",
    Fraction(1, 2): "quarter-sharp",
    Fraction(1): "sharp",
    Fraction(2): "double-sharp",
}


@dataclass(frozen=True)
class Value:
    """One written note value: sounding length in quarters, type name, dots, sounding over written length."""

    length: Fraction
    type: str
    dots: int
    ratio: tuple[int, int]


@lru_cache(maxsize=4096)
def spell(length: Fraction, ratio: tuple[int, int]) -> tuple[Value, ...]:
    """The values that, tied together, last `length` quarters; `ratio` is that of the tuplet they stand in.

    Where the tuplet does not fit (voices with different tuplets on one line), one is made that does. Empty for a
    length finer than a 1024th.
    """
    written = length / Fraction(*ratio)
    if (_is_power_of_two(ratio[0]) and _is_power_of_two(ratio[1])) or not _is_power_of_two(written.denominator):
        odd = length.denominator
        while odd % 2 == 0:
            odd //= 2
        ratio = (1, 1) if odd == 1 else (1 << (odd.bit_length() - 1), odd)
        written = length / Fraction(*ratio)
    values: list[Value] = []
    for base, name in TYPES.items():
        for dots in (2, 1, 0):
            value = base * (2 - Fraction(1, 2**dots))
            while value <= written and (dots < 2 or value == written):
                values.append(Value(value * Fraction(*ratio), name, dots, ratio))
                written -= value
    return tuple(values) if not written else ()


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0


def beat_length(metre: Metre) -> Fraction:
    """The stretch that one beam may cover, in quarters: a dotted beat in 6/8 and its kind, else a quarter."""
    if metre.beat_type >= 8 and metre.beats % 3 == 0:
        return Fraction(12, metre.beat_type)
    return Fraction(1)


def beam_words(notes: Sequence[tuple[Fraction, Value | None]], beat: Fraction) -> list[tuple[str, ...]]:
    """Beam words per note, level by level; `notes` are (onset in the bar, value), None for a rest."""
    levels = [0 if value is None else _flags(value) for _, value in notes]
    groups: list[list[int]] = []
    for place, (onset, _) in enumerate(notes):
        if not levels[place]:
            groups.append([])
        elif groups and groups[-1] and notes[groups[-1][-1]][0] // beat == onset // beat:
            groups[-1].append(place)
        else:
            groups.append([place])
    words: list[tuple[str, ...]] = [()] * len(notes)
    for group in groups:
        if len(group) < 2:
            continue
        for index, place in enumerate(group):
            before = levels[group[index - 1]] if index else 0
            after = levels[group[index + 1]] if index + 1 < len(group) else 0
            words[place] = tuple(_beam(level, before, after) for level in range(1, levels[place] + 1))
    return words


def _flags(value: Value) -> int:
    return max(0, list(TYPES.values()).index(value.type) - 3)


def _beam(level: int, before: int, after: int) -> str:
    if level <= before and level <= after:
        return "continue"
    if level <= before:
        return "end"
    if level <= after:
        return "begin"
    return "backward hook" if before else "forward hook"


class Accidentals:
    """What a reader of one staff still remembers within a bar."""

    def __init__(self, fifths: int) -> None:
        order = "FCGDAEB" if fifths > 0 else "BEADGCF"
        sign = 1 if fifths > 0 else -1
        self._key = dict.fromkeys(order[: abs(fifths)], Fraction(sign))
        self._seen: dict[tuple[str, int], Fraction] = {}

    def needed(self, pitch: Pitch) -> str | None:
        """The accidental that must stand before this note, None for none; remembers it."""
        place = (pitch.step, pitch.octave)
        if self._seen.get(place, self._key.get(pitch.step, Fraction(0))) == pitch.alter:
            return None
        self._seen[place] = pitch.alter
        return _ACCIDENTALS.get(pitch.alter)

"""Cue numbers as film music writes them: reel, "m", running number, and a letter for a part (1m1, 2m12, 1m2a)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from string import ascii_lowercase

_NUMBER = re.compile(r"([1-9]\d?)m(\d{1,3})([a-z]?)", re.ASCII)


@dataclass(frozen=True, order=True)
class CueNumber:
    """A cue number; they are ordered by reel, number and part."""

    reel: int
    number: int
    part: str = ""

    def __str__(self) -> str:
        return f"{self.reel}m{self.number}{self.part}"


def read_number(text: str) -> CueNumber | None:
    """The number that a text is; "1m01" and "1M1" are 1m1. None for anything else."""
    found = _NUMBER.fullmatch(text.strip().lower())
    if found is None or not int(found[2]):
        return None
    return CueNumber(int(found[1]), int(found[2]), found[3])


def next_number(taken: Iterable[str], *, reel: int = 1) -> CueNumber:
    """One more than the highest number of the reel."""
    known = [number for text in taken if (number := read_number(text)) and number.reel == reel]
    return CueNumber(reel, max((number.number for number in known), default=0) + 1)


def part_after(number: CueNumber, taken: Iterable[str]) -> CueNumber:
    """The number for the second part of a split cue: the next free letter, else the next number of the reel."""
    names = set(taken)
    for letter in ascii_lowercase:
        part = replace(number, part=letter)
        if part > number and str(part) not in names:
            return part
    return next_number(names, reel=number.reel)

"""Judges one bar line while a piece is being written; what it refuses is sampled again.

The guard only says no. It never writes, copies, shortens or pads a note.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from curator.notation.bars import read_line
from curator.notation.errors import NotationError

_VOICE = re.compile(r"\[V:(\d+)\]")
_FIELD = re.compile(r"\[([A-Za-z]):")
# One plain, double or final barline at the end of a voice: a repeat would change the length of the cue.
_CONTENT = re.compile(r"[^|]*[^|:](\|\]|\|\||\|)")


@dataclass(frozen=True)
class Guard:
    """What every bar of a piece must hold: the metre and unit in whole notes, and the voices of the header."""

    metre: Fraction
    unit: Fraction = Fraction(1, 8)
    voices: tuple[int, ...] = (1, 2)

    def refusal(self, line: str, *, last: bool) -> str:
        """What is wrong with a complete line (marker and line end included or not), as the end of a sentence.

        Empty when the line may stay: every voice in it adds up to the metre, the voices come in order and
        close with the same barline, and nothing in it changes metre, tempo or unit.
        """
        text = line.strip("\n")
        if not (text.isascii() and text.isprintable()):
            return "be plain text"
        try:
            read = read_line(text, unit=self.unit, metre=self.metre)
        except NotationError:
            return "be readable"
        if any(length != self.metre for length in read.lengths.values()):
            return "add up"
        _, *parts = _VOICE.split(text)
        numbers, contents = [int(number) for number in parts[::2]], parts[1::2]
        if numbers != sorted(numbers) or not set(numbers) <= set(self.voices):
            return "keep to the two staves"
        if set(_FIELD.findall("".join(contents))) - {"K"}:
            return "keep its metre and tempo"
        keys = [tuple(re.findall(r"\[K:[^\]]*\]", content)) for content in contents]
        if any(keys) and (len(set(keys)) > 1 or len(keys) < len(self.voices)):
            return "change key on both staves"
        closing = [_CONTENT.fullmatch(content.rstrip()) for content in contents]
        barlines = {match[1] for match in closing if match}
        if None in closing or len(barlines) != 1 or ("|]" in barlines and not last):
            return "close with one barline"
        return ""

"""Judges one bar line while a piece is being written; what it refuses is sampled again.

The guard only says no. It never writes, copies, shortens or pads a note.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from curator.notation.abc import Bar, BarReader, Header, Voice
from curator.notation.bars import key_named, read_line
from curator.notation.errors import NotationError
from generation.notagen.constraints import FREE, HIGHEST, LOWEST, Constraints

_VOICE = re.compile(r"\[V:(\d+)\]")
_FIELD = re.compile(r"\[([A-Za-z]):")
_KEY = re.compile(r"\[K:([^\]]*)\]")
# One plain, double or final barline at the end of a voice: a repeat would change the length of the cue.
_CONTENT = re.compile(r"[^|]*[^|:](\|\]|\|\||\|)")
_PITCH_CLASS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True)
class Guard:
    """What every bar of a piece must hold: metre and unit in whole notes, the voices of the header by staff,
    the key it begins in, the tempo in quarter notes a minute, and what else was asked."""

    metre: Fraction
    unit: Fraction = Fraction(1, 8)
    staves: tuple[tuple[int, ...], ...] = ((1,), (2,))
    key: str = "C"
    tempo: float = 60
    constraints: Constraints = FREE

    @property
    def voices(self) -> tuple[int, ...]:
        """All voices of the header, in their order."""
        return tuple(sorted(voice for staff in self.staves for voice in staff))

    def refusal(self, line: str, *, last: bool, before: Sequence[str] = ()) -> str:
        """What is wrong with a complete line (marker and line end included or not), as the end of a sentence.

        Empty when the line may stay: every voice in it adds up to the metre, none is repeated, they come in
        order and close with the same barline, nothing in it changes metre, tempo or unit, it stays on the
        keyboard and keeps the constraints. `before`: the lines that hold so far; they decide the key in force.
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
        keys = [tuple(_KEY.findall(content)) for content in contents]
        if any(keys) and (len(set(keys)) > 1 or len(keys) < len(self.voices)):
            return "change key on both staves"
        closing = [_CONTENT.fullmatch(content.rstrip()) for content in contents]
        barlines = {match[1] for match in closing if match}
        if None in closing or len(barlines) != 1 or ("|]" in barlines and not last):
            return "close with one barline"
        try:
            return self._unlike_asked(self._read(text, before), last=last)
        except NotationError:
            return "be readable"

    def _read(self, line: str, before: Sequence[str]) -> Bar:
        """The notes of a line, in the key in force and with what the bar before ties over."""
        changes = (key for done in reversed(before[:-1]) for key in reversed(_KEY.findall(done)) if key_named(key))
        reader = BarReader(replace(self._header, key=next(changes, self.key)))
        for done in before[-1:]:
            reader.bar(done)
        return reader.bar(line)

    @property
    def _header(self) -> Header:
        voices = tuple(Voice(number, "treble", "") for number in self.voices)
        return Header((), self.unit, self.metre, "", self.key, None, voices, self.staves)

    def _unlike_asked(self, bar: Bar, *, last: bool) -> str:
        """As `refusal`, for what depends on the pitches and the time of the notes of a bar."""
        asked = self.constraints
        notes = [note for part in bar.parts for note in part.notes]
        pitches = [note.pitch.midi for note in notes]
        if pitches and (min(pitches) < LOWEST or max(pitches) > HIGHEST):
            return "stay on the keyboard"
        if pitches and (
            (asked.lowest is not None and min(pitches) < asked.lowest)
            or (asked.highest is not None and max(pitches) > asked.highest)
        ):
            return "stay in its register"
        seconds = float(self.metre) * 240 / self.tempo
        struck = [note for note in notes if not note.held]
        if asked.density is not None and len(struck) > asked.density * seconds:
            return "stay as sparse as asked"
        if asked.hands:
            for staff in self.staves:
                hand = [note for part in bar.parts if part.voice in staff for note in part.notes if not note.grace]
                if not asked.playable(hand, seconds):
                    return "lie under two hands"
        if last and asked.tonic and (not pitches or min(pitches) % 12 != _tonic(bar.key)):
            return "end on the tonic"
        return ""


def _tonic(key: str) -> int:
    """The pitch class of the tonic of a key as ABC writes it."""
    return (_PITCH_CLASS.get(key[:1], 0) + {"#": 1, "b": -1}.get(key[1:2], 0)) % 12

"""Reads a whole piece of interleaved ABC into bars, voices and notes.

Both forms are read: raw (markers, resting voices left out) and stored (every voice in every line).
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from curator.notation.bars import metre_of, read_line, staves_of, unit_of
from curator.notation.errors import NotationError
from curator.notation.keys import Key, key_of
from curator.notation.lexer import GRAIN, BarRest, Field, Head, Sound, elements

MOST_LINES = 4000
MOST_CHARACTERS = 2_000_000

_ALTER = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0, "": 0}
_SEMITONE = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_PITCH = re.compile(r"(\^\^?|__?|=)?([A-Ga-g])([,']*)")
_MARKER = re.compile(r"\[r:[^\]]*\]")
_VOICE_PART = re.compile(r"\[V:(\d+)\]")
_NAMES = re.compile(r'(?:^|\s)(nm|name|snm|sname)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Pitch:
    """Letter C-B, alteration in semitones, octave (4 holds middle C)."""

    step: str
    alter: int
    octave: int

    @property
    def midi(self) -> int:
        """The MIDI number, 60 for middle C."""
        return 12 * (self.octave + 1) + _SEMITONE[self.step] + self.alter


@dataclass(frozen=True, slots=True)
class Note:
    """A written note. `tied` starts a tie, `held` continues one and is not struck again."""

    pitch: Pitch
    onset: Fraction  # whole notes from the start of the bar
    length: Fraction  # whole notes, 0 for a grace note
    grace: bool
    tied: bool
    held: bool


@dataclass(frozen=True, slots=True)
class Voice:
    """A V: line of the header."""

    number: int
    clef: str
    name: str


@dataclass(frozen=True, slots=True)
class Part:
    """One voice in one bar."""

    voice: int
    text: str  # as written, with its barlines
    length: Fraction  # whole notes
    notes: tuple[Note, ...]
    rests: tuple[tuple[Fraction, Fraction], ...]  # onset and length

    @property
    def sounding(self) -> bool:
        """Whether any note is struck or held here."""
        return bool(self.notes)


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the music."""

    parts: tuple[Part, ...]
    metre: Fraction | None  # whole notes; None in free time
    metre_text: str
    key: str
    tempo: Fraction | None  # quarters a minute, if a tempo is written in this bar

    @property
    def length(self) -> Fraction:
        """The length of the longest voice in whole notes."""
        return max(part.length for part in self.parts)


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the music."""

    prompt: tuple[str, ...]  # lines that begin with a single %
    unit: Fraction
    metre: Fraction | None
    metre_text: str
    key: str
    tempo: Fraction | None  # quarters a minute
    voices: tuple[Voice, ...]
    staves: tuple[tuple[int, ...], ...]  # voice numbers of each staff, top to bottom


@dataclass(frozen=True, slots=True)
class Score:
    """A piece."""

    header: Header
    bars: tuple[Bar, ...]

    @property
    def heads(self) -> int:
        """All written notes, with grace notes and the continuations of ties."""
        return sum(len(part.notes) for bar in self.bars for part in bar.parts)

    @property
    def sounding(self) -> int:
        """All struck notes: written notes without the continuations of ties."""
        return sum(not note.held for bar in self.bars for part in bar.parts for note in part.notes)


def parse(text: str) -> Score:
    """The piece; NotationError with the number of the bar when a line is not music."""
    if len(text) > MOST_CHARACTERS:
        raise NotationError(f"The text is longer than {MOST_CHARACTERS} characters.")
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    first = next((i for i, line in enumerate(lines) if line.startswith(("[V:", "[r:"))), None)
    if first is None:
        raise NotationError("There is no bar: no line begins with a voice.")
    if len(lines) - first > MOST_LINES:
        raise NotationError(f"The piece has more than {MOST_LINES} bars.")
    header = _header(lines[:first])
    declared = {voice.number for voice in header.voices}
    reader = BarReader(header)
    bars = []
    for number, line in enumerate(lines[first:], start=1):
        try:
            bar = reader.bar(line)
        except NotationError as error:
            raise NotationError(f"Bar {number}: {error}") from None
        for part in bar.parts:
            if part.voice not in declared:
                raise NotationError(f"Bar {number}: voice {part.voice} is not declared in the header.")
        bars.append(bar)
    return Score(header, tuple(bars))


def tempo_of(value: str) -> Fraction | None:
    """Quarters a minute of a Q: field (1/4=60, 3/8=50, "Lent" 1/4=60); None when it has words only."""
    found = re.search(r"(\d{1,3})/(\d{1,3})\s*=\s*(?:ca?\.?\s*)?(\d{1,4}(?:\.\d{1,3})?)", value)
    if found is None or int(found[2]) == 0:
        return None
    tempo = Fraction(int(found[1]), int(found[2])) * 4 * Fraction(found[3])
    return tempo if tempo > 0 else None


def _header(lines: list[str]) -> Header:
    prompt: list[str] = []
    voices: list[Voice] = []
    score = ""
    unit, metre_text, key, tempo = Fraction(1, 8), "4/4", None, None
    for line in lines:
        if line.startswith(("%%abc-include", "I:abc-include")):
            raise NotationError("A score must not include another file.")
        if line.startswith("%%"):
            if line.startswith(("%%score", "%%staves")):
                score = "%%score" + line.removeprefix("%%score").removeprefix("%%staves")
        elif line.startswith("%"):
            prompt.append(line)
        elif re.match(r"[A-Za-z]:", line) is None:
            raise NotationError(f"The line {line[:40]!r} before the music is no field.")
        elif line.startswith("L:"):
            unit = unit_of(line[2:])
        elif line.startswith("M:"):
            metre_text = line[2:].strip()
        elif line.startswith("Q:"):
            tempo = tempo_of(line[2:])
        elif line.startswith("K:"):
            key = key_of(line[2:], None)
        elif line.startswith("V:"):
            voices.append(_voice(line[2:].strip()))
    numbers = [voice.number for voice in voices]
    if not numbers:
        raise NotationError("The header declares no voice.")
    if len(set(numbers)) < len(numbers):
        raise NotationError("The header declares a voice twice.")
    if key is None:
        raise NotationError("The header names no key.")
    staves = staves_of(score, numbers)
    strange = sorted({voice for staff in staves for voice in staff} - set(numbers))
    if strange:
        raise NotationError(f"The %%score line names voice {strange[0]}, which is not declared.")
    return Header(tuple(prompt), unit, metre_of(metre_text), metre_text, key.text, tempo, tuple(voices), staves)


def _voice(value: str) -> Voice:
    found = re.match(r"([0-9]{1,3})(?:\s+|$)", value)
    if found is None:
        raise NotationError(f"The voice {value[:20]!r} has no number.")
    rest = value[found.end() :]
    names = dict(_NAMES.findall(rest))
    clef = re.match(r"(?:clef=)?(\w[\w+-]*)(?!\w*=)", rest)
    return Voice(int(found[1]), clef[1] if clef else "treble", names.get("nm") or names.get("name") or "")


class BarReader:
    """Walks the bars of a piece and remembers what lasts beyond one: unit, metre, key, open ties of each voice."""

    def __init__(self, header: Header) -> None:
        self.unit = header.unit
        self.metre = header.metre
        self.metre_text = header.metre_text
        key = key_of(header.key, None)
        self.key = key
        self.ties: dict[int, dict[tuple[str, int], int]] = {}

    def bar(self, line: str) -> Bar:
        """The next bar. Raises NotationError for a line that is not one bar of music."""
        checked = read_line(line, unit=self.unit, metre=self.metre)
        marker = _MARKER.match(line)
        pieces = _VOICE_PART.split(line[marker.end() :] if marker else line)
        parts = []
        tempo: Fraction | None = None
        key_after, metre_text = self.key, self.metre_text
        for number, content in zip(pieces[1::2], pieces[2::2], strict=True):
            voice = int(number)
            key, unit, metre = self.key, self.unit, self.metre
            onset = Fraction(0)
            notes: list[Note] = []
            rests: list[tuple[Fraction, Fraction]] = []
            accidentals: dict[tuple[str, int], int] = {}
            open_ties = self.ties.get(voice, {})
            for element in elements(content):
                if isinstance(element, Field):
                    if element.letter == "K":
                        key = key_of(element.value, key)
                        key_after = key
                    elif element.letter == "L":
                        unit = unit_of(element.value)
                    elif element.letter == "M":
                        metre, metre_text = metre_of(element.value), element.value
                    elif element.letter == "Q":
                        tempo = tempo_of(element.value) or tempo
                elif isinstance(element, BarRest):
                    length = metre or Fraction(0)
                    rests.append((onset, length))
                    onset += length
                    open_ties = {}
                elif isinstance(element, Sound):
                    length = unit * Fraction(element.ticks) / GRAIN
                    if not element.heads:
                        rests.append((onset, length))
                        open_ties = {}
                    elif element.grace:
                        notes += self._strike(element, onset, length, key, accidentals, {})[0]
                    else:
                        struck, open_ties = self._strike(element, onset, length, key, accidentals, open_ties)
                        notes += struck
                    onset += length
            self.ties[voice] = open_ties
            parts.append(Part(voice, content, checked.lengths[voice], tuple(notes), tuple(rests)))
        self.unit, self.metre, self.metre_text, self.key = checked.unit, checked.metre, metre_text, key_after
        return Bar(tuple(parts), self.metre, self.metre_text, self.key.text, tempo)

    def _strike(
        self,
        sound: Sound,
        onset: Fraction,
        length: Fraction,
        key: Key,
        accidentals: dict[tuple[str, int], int],
        open_ties: dict[tuple[str, int], int],
    ) -> tuple[list[Note], dict[tuple[str, int], int]]:
        """The notes of a chord and the ties open after it; a note held over a tie keeps its alteration."""
        notes = []
        ties: dict[tuple[str, int], int] = {}
        for head in sound.heads:
            accidental, step, octave = _spelled(head)
            place = (step, octave)
            held = place in open_ties
            if held:
                alter = open_ties[place]
            elif accidental is not None:
                alter = accidentals[place] = _ALTER[accidental]
            else:
                alter = accidentals.get(place, key.alters.get(step, 0))
            if head.tied:
                ties[place] = alter
            notes.append(Note(Pitch(step, alter, octave), onset, length, sound.grace, head.tied, held))
        return notes, ties


def _spelled(head: Head) -> tuple[str | None, str, int]:
    found = _PITCH.fullmatch(head.pitch)
    if found is None:  # the lexer lets no such head through
        raise NotationError(f"{head.pitch!r} is not a pitch.")
    octave = (4 if found[2].isupper() else 5) + found[3].count("'") - found[3].count(",")
    return found[1], found[2].upper(), octave

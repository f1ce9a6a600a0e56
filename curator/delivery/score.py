"""A written score as plain values: bars, events of a voice, note heads, directions, the road through repeats.

All times are quarter notes as exact fractions. Nothing here holds XML, so what is written later is built from
allow-listed words only.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from curator.notation.road import Road

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True, order=True)
class Pitch:
    """A sounding pitch as spelled; alter in semitones (a half for quarter tones)."""

    step: str
    alter: Fraction
    octave: int

    @property
    def midi(self) -> Fraction:
        """MIDI key number (middle C = 60); a half for quarter tones."""
        return (self.octave + 1) * 12 + _STEPS[self.step] + self.alter


@dataclass(frozen=True)
class Mark:
    """A sign on a note: group (articulations, ornaments, technical, fermata, arpeggiate, slur), name, value."""

    group: str
    name: str
    value: str = ""


@dataclass(frozen=True)
class Head:
    """One note of a chord."""

    pitch: Pitch
    staff: int
    tie_start: bool = False
    tie_stop: bool = False
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class TupletSign:
    """A bracket that starts or stops on an event."""

    kind: str
    number: str
    bracket: str


@dataclass(frozen=True)
class Event:
    """A chord, a rest (no heads) or a grace chord (length 0) of one voice.

    `voice` is (part, voice number, voice name) so that voices sort as a musician counts them. `ratio` is sounding
    length over written length: 2/3 in a triplet.
    """

    onset: Fraction
    length: Fraction
    voice: tuple[int, int, str]
    staff: int
    heads: tuple[Head, ...] = ()
    ratio: tuple[int, int] = (1, 1)
    signs: tuple[TupletSign, ...] = ()
    grace: bool = False
    visible: bool = True

    @property
    def end(self) -> Fraction:
        return self.onset + self.length


@dataclass(frozen=True)
class Direction:
    """A sign at a moment of a staff: kind is dynamics, wedge, octave-shift, pedal or words."""

    onset: Fraction
    staff: int
    kind: str
    value: str
    size: str = ""
    number: str = "1"


@dataclass(frozen=True)
class Clef:
    sign: str
    line: int
    octave: int = 0


@dataclass(frozen=True)
class ClefChange:
    onset: Fraction
    staff: int
    clef: Clef


@dataclass(frozen=True)
class Metre:
    """A time signature; `length` is its bar in quarter notes."""

    beats: int
    beat_type: int

    @property
    def length(self) -> Fraction:
        return Fraction(self.beats * 4, self.beat_type)

    def __str__(self) -> str:
        return f"{self.beats}/{self.beat_type}"


@dataclass(frozen=True)
class Key:
    fifths: int
    mode: str = ""


@dataclass(frozen=True)
class Bar:
    """One written bar. `filled` is how far its fullest voice reaches; `label` the number it carries."""

    label: str
    metre: Metre
    key: Key
    events: tuple[Event, ...]
    directions: tuple[Direction, ...] = ()
    clefs: tuple[ClefChange, ...] = ()
    filled: Fraction = Fraction(0)
    road: Road = field(default_factory=Road)

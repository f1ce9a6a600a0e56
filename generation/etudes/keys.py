"""Keys and pitches of the étude composer: scale steps above a tonic, spelled as ABC notes.

The composer thinks in steps: step 0 is the tonic that lies between G3 and F#4, step 7 the tonic an octave above.
An alteration is measured against the key signature (the raised seventh of a minor key is +1).
"""

from dataclasses import dataclass
from typing import NamedTuple

LETTERS = "CDEFGAB"
NATURAL = (0, 2, 4, 5, 7, 9, 11)
MAJORS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
MINORS = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")
_SHARPS_FIRST = "FCGDAEB"
_ACCIDENTAL = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}


class Pitch(NamedTuple):
    """A note of the scale: `step` above the tonic and `raised` semitones against the key signature."""

    step: int
    raised: int = 0


@dataclass(frozen=True)
class Key:
    """A major or minor key: `name` as in ``K:``, letter number of the tonic and the signature by letter."""

    name: str
    minor: bool
    tonic: int
    signature: tuple[int, ...]

    @property
    def base(self) -> int:
        """Diatonic number (octave * 7 + letter, C4 = 28) of step 0."""
        octave = 4 if 12 + self._above_c() <= 18 else 3
        return octave * 7 + self.tonic

    def _above_c(self) -> int:
        return NATURAL[self.tonic] + self.signature[self.tonic]

    def midi(self, pitch: Pitch) -> int:
        """MIDI number of `pitch` (middle C is 60)."""
        octave, letter = divmod(self.base + pitch.step, 7)
        return 12 * (octave + 1) + NATURAL[letter] + self.signature[letter] + pitch.raised

    def steps_within(self, low: int, high: int) -> tuple[int, ...]:
        """All unaltered steps from MIDI number `low` to `high`, both included."""
        return tuple(step for step in range(-35, 36) if low <= self.midi(Pitch(step)) <= high)


def key_of(name: str) -> Key:
    """The key called `name` (``Bb``, ``F#min``). Raises ValueError for any other text."""
    minor = name.endswith("min")
    tonic = name.removesuffix("min")
    names = MINORS if minor else MAJORS
    if tonic not in names:
        raise ValueError(f"{name!r} is none of the fifteen major and fifteen minor keys.")
    sharps = names.index(tonic) - 7
    signature = [0] * 7
    for number in range(abs(sharps)):
        letter = _SHARPS_FIRST[number] if sharps > 0 else _SHARPS_FIRST[-1 - number]
        signature[LETTERS.index(letter)] = 1 if sharps > 0 else -1
    return Key(name, minor, LETTERS.index(tonic[0]), tuple(signature))


class Speller:
    """Writes the pitches of ONE voice in ONE bar, with accidentals only where they are needed.

    Readers differ on whether an accidental holds in other octaves, so a note gets its accidental whenever one of
    the two readings would need it.
    """

    def __init__(self, key: Key) -> None:
        self._key = key
        self._same_octave: dict[int, int] = {}
        self._any_octave: dict[int, int] = {}

    def note(self, pitch: Pitch) -> str:
        """ABC text of `pitch` without its length."""
        number = self._key.base + pitch.step
        octave, letter = divmod(number, 7)
        alter = self._key.signature[letter] + pitch.raised
        by_signature = self._key.signature[letter]
        seen = {self._same_octave.get(number, by_signature), self._any_octave.get(letter, by_signature)}
        self._same_octave[number] = self._any_octave[letter] = alter
        accidental = "" if seen == {alter} else _ACCIDENTAL[alter]
        if octave >= 5:
            return accidental + LETTERS[letter].lower() + "'" * (octave - 5)
        return accidental + LETTERS[letter] + "," * (4 - octave)

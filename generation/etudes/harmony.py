"""Chords, modes, progressions and the leading of the inner voices.

A chord is written as the degree of its root with what is added: ``5#7`` is the dominant seventh of a minor key
(third raised), ``4b`` the minor subdominant of a major key, ``17`` the tonic with its diatonic seventh, ``29`` an
added second, ``1/3`` a chord over its third.
"""

import re
from dataclasses import dataclass
from itertools import pairwise, product

from generation.etudes.keys import Key, Pitch

#: Alterations of the melody's scale against the key signature, by degree (0 = tonic).
MODES: dict[str, dict[int, int]] = {
    "ionian": {},
    "lydian": {3: 1},
    "mixolydian": {6: -1},
    "aeolian": {},
    "dorian": {5: 1},
    "phrygian": {1: -1},
    "harmonic": {},
    "gnossienne": {3: 1},
}
MAJOR_MODES = frozenset({"ionian", "lydian", "mixolydian"})
#: Modes whose alterations belong to the melody only; the chords keep the plain scale.
MELODIC_MODES = frozenset({"gnossienne", "lydian"})

_PLAIN = {"dorian": (5,), "mixolydian": (2,)}

_CHORD = re.compile(r"([1-7])([#b]?)([79]?)(?:/([35]))?")


@dataclass(frozen=True)
class Chord:
    """`tones` as (degree 0-6, raised), root first; `bass` is the degree that lies lowest."""

    tones: tuple[tuple[int, int], ...]
    bass: tuple[int, int]

    @property
    def raised(self) -> dict[int, int]:
        """Alteration by degree."""
        return dict(self.tones)


def chord_of(text: str, mode: str) -> Chord:
    """The chord that `text` names in `mode`. Raises ValueError when it is not written as this module says."""
    match = _CHORD.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} names no chord.")
    degree, third, added, over = match.groups()
    root = int(degree) - 1
    # A chord on an altered degree itself would be diminished: it is borrowed from the plain scale.
    scale = {} if mode in MELODIC_MODES or root in _PLAIN.get(mode, ()) else MODES[mode]
    offsets = [0, 2, 4, *({"7": [6], "9": [1]}.get(added, []))]
    tones = [((root + offset) % 7, scale.get((root + offset) % 7, 0)) for offset in offsets]
    if third:
        tones[1] = (tones[1][0], 1 if third == "#" else -1)
    bass = tones[{"3": 1, "5": 2}.get(over, 0)]
    return Chord(tuple(tones), bass)


@dataclass(frozen=True)
class Palette:
    """Progressions of one gender: openings, half and full closes, middle phrases and loops of four chords."""

    heads: tuple[str, ...]
    halves: tuple[str, ...]
    closes: tuple[str, ...]
    middles: tuple[str, ...]
    loops: tuple[str, ...]


PALETTES: dict[str, Palette] = {
    "major": Palette(
        ("1 4", "1 6", "1 2/3", "1 5/3", "4 1/3", "1 3", "19 4", "1 17/3"),
        ("2 5", "4 5", "6 5", "2/3 57", "4 57", "67 5"),
        ("4 5 1", "2/3 57 1", "6 5 1", "4 4b 1", "2 57 1", "6 4 1", "47 5 19"),
        ("6 3 4 1", "4 5 3 6", "6 4 1/3 5", "2 6 4 5", "3 6 2 57", "4 1/3 2 5", "67 27 47 5"),
        ("1 5/3 6 4", "1 3 4 4b", "6 4 1 5", "1 6 4 5", "4 1/3 5/3 6", "19 67 47 5"),
    ),
    "minor": Palette(
        ("1 4", "1 6", "1 7", "1 4/3", "1 3", "17 47", "1 5"),
        ("4 5#", "6 5#", "2/3 5#", "4 5#7", "6 7", "4 7", "3 7"),
        ("4 5# 1", "6 5#7 1", "2/3 5#7 1", "6 7 1", "4 7 1", "47 5# 1", "6 4 1"),
        ("3 7 1 6", "6 3 4 5#", "4 7 3 6", "6 7 3 5#", "3 6 4 5#", "67 37 47 5#"),
        ("1 6 3 7", "1 7 6 7", "1 3 7 4", "6 3 7 1", "1 4 6 5#", "1 6 4 5#", "17 67 37 7"),
    ),
    "gymnopedie-major": Palette(
        ("17 47", "47 17", "19 67"),
        ("27 57", "67 27", "47 5"),
        ("27 57 1", "47 5b 17", "67 27 19", "47 4b 1"),
        ("67 37 47 17", "27 67 27 57", "37 67 27 5b"),
        ("17 47 17 47", "47 17 27 57"),
    ),
    "gymnopedie-minor": Palette(
        ("17 47", "47 17", "17 67", "19 37"),
        ("47 7", "67 5", "27/3 5#", "67 77"),
        ("47 5 1", "67 77 17", "47 77 1", "67 5# 1"),
        ("67 37 47 17", "37 77 47 5", "47 77 37 67"),
        ("17 47 17 47", "17 67 17 77"),
    ),
    "phrygian": Palette(
        ("1 2", "1 7", "1 4"),
        ("4 2", "6 7", "3 2", "4 7"),
        ("4 2 1", "3 2 1", "6 7 1", "2 7 1"),
        ("3 2 4 1", "6 3 4 2", "4 3 2 7"),
        ("1 2 3 2", "1 7 2 1", "1 6 7 2"),
    ),
}


def palette_of(texture: str, mode: str) -> Palette:
    """The progressions that suit `texture` in `mode`."""
    if mode == "phrygian":
        return PALETTES["phrygian"]
    gender = "major" if mode in MAJOR_MODES else "minor"
    return PALETTES[f"gymnopedie-{gender}" if texture == "Waltz" else gender]


def bass_note(key: Key, chord: Chord, low: int, previous: int | None) -> Pitch:
    """The bass of `chord` within an octave above MIDI number `low`, the one nearer to `previous` where two fit."""
    degree, raised = chord.bass
    fitting = [
        Pitch(step, raised) for step in range(degree - 35, 14, 7) if low <= key.midi(Pitch(step, raised)) <= low + 14
    ]
    near = low + 5 if previous is None else previous
    return min(fitting, key=lambda pitch: abs(key.midi(pitch) - near) + 0.8 * (key.midi(pitch) - low))


def voicing(
    key: Key, chord: Chord, *, low: int, high: int, notes: int, previous: tuple[Pitch, ...]
) -> tuple[Pitch, ...]:
    """`notes` tones of `chord` between MIDI `low` and `high`, ascending, moving least from `previous`.

    Third and seventh are kept before fifth and root (the bass has the root); no two tones are closer than a
    semitone and none lies further than an octave from another.
    """
    tones = list(chord.tones)
    wanted = [tones[1], *tones[3:], tones[2], tones[0]][:notes]
    choices = [
        [Pitch(step, raised) for step in range(degree - 28, 21, 7) if low <= key.midi(Pitch(step, raised)) <= high]
        for degree, raised in wanted
    ]
    best: tuple[Pitch, ...] = ()
    best_cost = float("inf")
    middle = (low + high) / 2
    before = [key.midi(pitch) for pitch in previous]
    for combination in product(*[choice for choice in choices if choice]):
        ordered = tuple(sorted(combination, key=key.midi))
        numbers = [key.midi(pitch) for pitch in ordered]
        if numbers[-1] - numbers[0] > 12 or any(b - a < 1 for a, b in pairwise(numbers)):
            continue
        cost = 2.0 * sum(b - a == 1 for a, b in pairwise(numbers))
        if len(before) == len(numbers):
            cost += sum(abs(a - b) for a, b in zip(numbers, before, strict=True))
        cost += 0.15 * abs(sum(numbers) / len(numbers) - middle)
        if cost < best_cost:
            best, best_cost = ordered, cost
    return best

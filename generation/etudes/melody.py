"""Melodies: rhythm cells of a bar and the cheapest singable line through them.

A line is found by dynamic programming over the notes of the scale: every note pays for its distance to the
wished contour and for dissonance against the chord, every interval pays for its size and awkwardness, and a
little chance keeps two pieces apart. Durations are sixteenths.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from generation.etudes.harmony import MODES, Chord
from generation.etudes.keys import Key, Pitch

#: Rhythm of one bar by metre: sparse, medium and dense cells in eighths; a rest is negative.
CELLS: dict[str, tuple[tuple[tuple[int, ...], ...], ...]] = {
    "3/4": (
        ((6,), (4, 2), (2, 4), (-2, 4), (-2, 2, 2)),
        ((2, 2, 2), (3, 1, 2), (4, 1, 1), (-2, 2, 2), (2, 3, 1), (1, 1, 4), (4, 2)),
        ((2, 1, 1, 2), (1, 1, 2, 2), (3, 1, 1, 1), (2, 2, 1, 1), (-1, 1, 1, 1, 2), (1, 1, 1, 1, 2)),
    ),
    "4/4": (
        ((8,), (4, 4), (6, 2), (-2, 6), (-4, 4), (2, 6)),
        ((4, 2, 2), (2, 2, 4), (6, 1, 1), (3, 1, 4), (-2, 2, 2, 2), (2, 2, 2, 2), (3, 1, 2, 2), (2, 4, 2)),
        ((2, 1, 1, 2, 2), (1, 1, 2, 4), (3, 1, 3, 1), (-1, 1, 2, 2, 2), (2, 1, 1, 1, 1, 2), (2, 1, 1, 4)),
    ),
    "2/4": (
        ((4,), (2, 2), (-2, 2)),
        ((2, 1, 1), (3, 1), (1, 1, 2), (2, 2), (-1, 1, 2)),
        ((1, 1, 1, 1), (-1, 1, 1, 1), (1, 2, 1), (1, 1, 2)),
    ),
    "6/8": (
        ((6,), (3, 3), (-3, 3), (4, 2)),
        ((2, 1, 3), (3, 2, 1), (2, 1, 2, 1), (-3, 2, 1), (3, 3)),
        ((2, 1, 1, 1, 1), (1, 1, 1, 3), (3, 1, 1, 1), (1, 1, 1, 2, 1)),
    ),
}
#: Last bar of a phrase that closes, and of one that stays open, in eighths.
CLOSES = {
    "3/4": ((6,), (4, -2)),
    "4/4": ((8,), (6, -2), (4, -4)),
    "2/4": ((4,), (2, -2)),
    "6/8": ((6,), (3, -3)),
}
OPENS = {
    "3/4": ((6,), (4, 2), (4, -2), (2, 2, 2), (4, 1, 1)),
    "4/4": ((8,), (4, 2, 2), (6, -2), (6, 2), (6, 1, 1)),
    "2/4": ((4,), (2, 2), (2, 1, 1)),
    "6/8": ((6,), (3, 3), (3, 2, 1)),
}
_STEP_COST = (1.3, 0.0, 0.55, 1.3, 1.9, 2.6, 4.5, 3.2)


@dataclass(frozen=True)
class Slot:
    """One place of a melody: its bar, length in sixteenths, chord, stress and what is wished there.

    `wish` is (step, weight) and `ends` the degrees allowed (empty: any).
    """

    bar: int
    length: int
    chord: Chord
    strong: bool
    rest: bool
    wish: tuple[float, float] = (0.0, 0.0)
    ends: tuple[int, ...] = ()


def scale_note(step: int, chord: Chord, mode: str) -> Pitch:
    """The note of the scale on `step` while `chord` sounds: the chord's own alteration wins over the mode's."""
    degree = step % 7
    return Pitch(step, chord.raised.get(degree, MODES[mode].get(degree, 0)))


def sing(
    key: Key, mode: str, slots: Sequence[Slot], steps: Sequence[int], before: Pitch | None, rng: Random
) -> list[Pitch | None]:
    """One pitch for each of `slots` (None where it rests), taken from `steps`, following `before` smoothly.

    Raises ValueError when no step satisfies a slot's `ends`.
    """
    sounding = [slot for slot in slots if not slot.rest]
    layers: list[dict[Pitch, tuple[float, Pitch | None]]] = []
    for place, slot in enumerate(sounding):
        layer: dict[Pitch, tuple[float, Pitch | None]] = {}
        for step in steps:
            if slot.ends and step % 7 not in slot.ends:
                continue
            pitch = scale_note(step, slot.chord, mode)
            alone = _alone(pitch, slot) + rng.random() * 0.9
            if place == 0:
                cost = 0.0 if before is None else 0.5 * _interval(key, mode, before, pitch, True, slot)
                layer[pitch] = (alone + cost, None)
                continue
            earlier = sounding[place - 1]
            came = min(
                (paid + _interval(key, mode, last, pitch, _harmonic(last, earlier), slot), last)
                for last, (paid, _) in layers[-1].items()
            )
            layer[pitch] = (came[0] + alone, came[1])
        if not layer:
            raise ValueError("No note of the window may end this phrase.")
        layers.append(layer)
    line: list[Pitch | None] = []
    if layers:
        at: Pitch | None = min(layers[-1], key=lambda pitch: layers[-1][pitch][0])
        for layer in reversed(layers):
            line.append(at)
            at = layer[at][1] if at is not None else None
        line.reverse()
    notes = iter(line)
    return [None if slot.rest else next(notes) for slot in slots]


def _harmonic(pitch: Pitch, slot: Slot) -> bool:
    return (pitch.step % 7, pitch.raised) in slot.chord.tones


def _alone(pitch: Pitch, slot: Slot) -> float:
    wish, weight = slot.wish
    cost = weight * abs(pitch.step - wish)
    if not _harmonic(pitch, slot):
        cost += 0.4 + (1.8 if slot.strong else 0.0) + (1.8 if slot.length >= 8 else 0.0)
    return cost


def _interval(key: Key, mode: str, last: Pitch, pitch: Pitch, from_chord: bool, slot: Slot) -> float:
    size = abs(pitch.step - last.step)
    semitones = abs(key.midi(pitch) - key.midi(last))
    cost = _STEP_COST[size] if size < 8 else 12.0
    if slot.ends:
        cost += 0.5 * size  # a phrase ends gently
    if size == 1 and semitones == 3:
        cost += 0.2 if mode == "gnossienne" else 5.0
    elif semitones in (6, 10, 11) or (size == 0 and semitones):
        cost += 3.0
    if size > 1:
        cost += 0.0 if from_chord else 2.0
        cost += 0.0 if _harmonic(pitch, slot) else 1.5
    if last.raised > 0 and last.step % 7 == 6 and pitch.step != last.step + 1:
        cost += 1.5  # the leading note wants up
    return cost

"""What two hands can do: one judgement for the guard of the engine and for what a take's card says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from curator.notation.abc import Note, Score

SPAN = 16
"""Semitones that one hand takes at once: a major tenth."""

FINGERS = 5

STROKES = 10
"""Most strokes of one hand in a second, notes and chords alike: repeated keys above this are not to be relied on."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a piece asks of the hands. `widest`: semitones of the widest grip of each staff, top to bottom; a rolled
    chord counts like a struck one. `beyond`: bars (from 1) with a grip that one hand cannot take at once."""

    widest: tuple[int, ...]
    beyond: tuple[int, ...]


def reach_of(score: Score) -> Reach:
    """The widest grips of each staff, and the bars that are beyond a hand."""
    widest = [0] * len(score.header.staves)
    beyond = []
    for number, bar in enumerate(score.bars, start=1):
        hard = False
        for place, staff in enumerate(score.header.staves):
            hand = [note for part in bar.parts if part.voice in staff for note in part.notes if not note.grace]
            for grip in grips(hand):
                widest[place] = max(widest[place], max(grip) - min(grip))
                hard = hard or not takes(grip)
        if hard:
            beyond.append(number)
    return Reach(tuple(widest), tuple(beyond))


def grips(hand: Sequence[Note]) -> Iterator[set[int]]:
    """The keys that are down at each stroke of these notes of one bar, as MIDI numbers."""
    for onset in {note.onset for note in hand}:
        yield {note.pitch.midi for note in hand if note.onset <= onset < note.onset + note.length}


def takes(grip: set[int]) -> bool:
    """Whether one hand holds these keys at once."""
    return len(grip) <= FINGERS and max(grip) - min(grip) <= SPAN

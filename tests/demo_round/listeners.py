"""Scripted listeners with hidden tastes: test doubles of a film maker who judges takes blind.

A taste is a formula over the notes of a take and the stage of its cue. Nothing outside tests/ knows the formulas
(tests/test_house.py); training sees the answers alone. Constants are middles and spreads of takes of the demo
checkpoint, so that one unit is about the spread among takes of one cue.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp, log2
from random import Random
from statistics import fmean
from typing import Literal

from curator.notation.abc import Note, parse

SLIPS = 0.05
"""Share of answers that are thrown by a coin."""

SHARPNESS = 1.75
"""Log-odds of preferring one unit of taste: about four answers in five follow the taste."""


@dataclass(frozen=True)
class Heard:
    """What a listener notices of a take.

    density: log2 of struck notes a bar; pitch: their mean MIDI number; melody_pitch, melody_length: the same of the
    right hand's highest notes, and log2 of their mean length in whole notes.
    """

    density: float
    pitch: float
    melody_pitch: float
    melody_length: float


TRAITS: Mapping[str, Callable[[Heard], float]] = {
    "notes a bar": lambda heard: 2.0**heard.density,
    "mean pitch": lambda heard: heard.pitch,
    "melody's pitch": lambda heard: heard.melody_pitch,
    "melody's quarters": lambda heard: 4 * 2.0**heard.melody_length,
}
"""What a reader understands of the features, in his units (pitches as MIDI numbers)."""

Taste = Callable[[Heard, str], float]
"""How well a take serves a cue of this stage, in units."""


def hear(abc: str) -> Heard:
    """The features of a stored text."""
    score = parse(abc)
    struck: list[Note] = []
    melody: list[Note] = []
    for bar in score.bars:
        for part in bar.parts:
            new = [note for note in part.notes if not note.held and not note.grace]
            struck += new
            if part.voice == 1:
                highest = {note.onset: note for note in sorted(new, key=lambda note: note.pitch.midi)}
                melody += highest.values()
    return Heard(
        density=log2(len(struck) / len(score.bars)),
        pitch=fmean(note.pitch.midi for note in struck),
        melody_pitch=fmean(note.pitch.midi for note in melody) if melody else 60.0,
        melody_length=log2(fmean(float(note.length) for note in melody)) if melody else 0.0,
    )


def sparse_and_low(heard: Heard, stage: str) -> float:
    """Few notes, deep ones. The two go together in takes of one cue (correlation 0.6)."""
    return ((3.16 - heard.density) / 0.175 + (59.0 - heard.pitch) / 1.5) / 1.79


def singing(heard: Heard, stage: str) -> float:
    """A melody that lies high and takes its time."""
    return ((heard.melody_pitch - 74.3) / 1.95 + (heard.melody_length + 1.5) / 0.3) / 1.41


def by_stage(heard: Heard, stage: str) -> float:
    """Sparse in Forgotten, full in Salvation; elsewhere nothing."""
    return {"Forgotten": -1.0, "Salvation": 1.0}.get(stage, 0.0) * (heard.density - 3.16) / 0.175


@dataclass(frozen=True)
class Listener:
    """Somebody who answers blind pairs. taste: None where each answer is a coin; film: which one he hears (film.py)."""

    name: str
    words: str
    taste: Taste | None
    film: str = "four stages"

    def likes(self, abc: str, stage: str) -> float:
        """The hidden value of a take, in units; 0 for whoever throws coins."""
        return self.taste(hear(abc), stage) if self.taste else 0.0


def chance(left: float, right: float) -> float:
    """P(the left take is preferred): Bradley-Terry with slips."""
    return (1 - SLIPS) / (1 + exp(SHARPNESS * (right - left))) + SLIPS / 2


def answer(left: float, right: float, random: Random) -> Literal["left", "right"]:
    """What is said of two takes of these values."""
    return "left" if random.random() < chance(left, right) else "right"


LISTENERS: Mapping[str, Listener] = {
    one.name: one
    for one in (
        Listener("sparse-low", "likes few and deep notes", sparse_and_low),
        Listener("singing", "likes a melody that lies high and takes its time", singing),
        Listener("by-stage", "likes few notes in Forgotten and many in Salvation", by_stage, film="two stages"),
        Listener("coin", "throws a coin for every pair", None),
    )
}

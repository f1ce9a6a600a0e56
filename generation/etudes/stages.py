"""The six stages of the film's arc and what each means for a piece: tempo, mode, density, register, dynamics."""

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """A stage of the emotional arc; the value is the word of the prompt."""

    FORGOTTEN = "Forgotten"
    CHOSEN = "Chosen"
    HUMILIATION = "Humiliation"
    TRANSFORMATION = "Transformation"
    SALVATION = "Salvation"
    PEACE = "Peace"


class Texture(StrEnum):
    """How the left hand moves; the value is the word behind ``Etude,`` in the prompt."""

    WALTZ = "Waltz"
    GNOSSIENNE = "Gnossienne"
    CHORALE = "Chorale"
    OSTINATO = "Ostinato"
    PULSE = "Pulse"


@dataclass(frozen=True)
class Character:
    """What a stage asks for. Tempi in quarter notes a minute, registers as MIDI numbers."""

    tempo: tuple[int, int]
    minor: float  # share of pieces in minor
    modes: tuple[str, ...]  # names in harmony.MODES; the ones that fit the key's gender are used
    density: tuple[float, float, float]  # weights of sparse, medium and dense bars of melody
    right: tuple[int, int]  # window of the melody
    left_top: int  # highest note of the left hand's chords
    dynamics: tuple[tuple[str, ...], ...]  # possible ways through the piece, spread over its phrases
    doubling: tuple[float, float]  # chance of octaves and of thirds/sixths when the theme returns
    broken: float  # chance that a bar of melody breaks off
    rising: bool = False  # later phrases lie higher


CHARACTERS: dict[Stage, Character] = {
    Stage.FORGOTTEN: Character(
        (48, 63),
        0.8,
        ("aeolian", "dorian", "phrygian", "lydian"),
        (0.6, 0.4, 0.0),
        (60, 76),
        57,
        (("pp",), ("p", "pp"), ("pp", "p", "pp")),
        (0.0, 0.1),
        0.05,
    ),
    Stage.CHOSEN: Character(
        (60, 76),
        0.25,
        ("ionian", "lydian", "mixolydian", "dorian"),
        (0.25, 0.6, 0.15),
        (64, 81),
        60,
        (("p", "mp"), ("p", "mp", "p"), ("mp", "mf", "mp")),
        (0.1, 0.4),
        0.0,
    ),
    Stage.HUMILIATION: Character(
        (52, 72),
        0.95,
        ("harmonic", "phrygian", "aeolian"),
        (0.3, 0.5, 0.2),
        (62, 78),
        58,
        (("mf", "p"), ("mp", "mf", "p"), ("p", "mf", "pp"), ("mf", "mp", "p", "pp")),
        (0.05, 0.1),
        0.3,
    ),
    Stage.TRANSFORMATION: Character(
        (70, 96),
        0.7,
        ("aeolian", "dorian", "harmonic", "ionian"),
        (0.15, 0.5, 0.35),
        (62, 84),
        60,
        (("p", "mp", "mf", "f"), ("pp", "p", "mp", "mf"), ("mp", "mf", "f")),
        (0.45, 0.3),
        0.0,
        True,
    ),
    Stage.SALVATION: Character(
        (76, 104),
        0.08,
        ("ionian", "lydian", "mixolydian", "aeolian"),
        (0.1, 0.5, 0.4),
        (66, 86),
        62,
        (("mf", "f"), ("mp", "mf", "f", "ff"), ("f", "mf", "f"), ("mf", "f", "ff")),
        (0.6, 0.4),
        0.0,
    ),
    Stage.PEACE: Character(
        (46, 60),
        0.15,
        ("ionian", "lydian", "aeolian", "dorian"),
        (0.7, 0.3, 0.0),
        (67, 86),
        60,
        (("pp",), ("p", "pp"), ("p", "pp", "ppp"), ("mp", "p", "pp")),
        (0.05, 0.2),
        0.0,
    ),
}

"""What a film tells of itself to be drawn: stages, cues, shots, themes and music in seconds from its first picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from curator.film.course import Moment


@dataclass(frozen=True)
class StageSpan:
    """A stage as told: `values` are levels 0..1 at even steps between its start and its end, seconds."""

    name: str
    colour: int
    start: float
    end: float
    values: Sequence[float]


@dataclass(frozen=True)
class CueSpan:
    """A cue as told. The first of `plans` that fits is drawn ("3/4 · 60 · 24 bars", "24 bars").

    Hits are (second, hard, label).
    """

    key: str
    title: str
    plans: Sequence[str]
    start: float
    end: float
    hits: Sequence[tuple[float, bool, str]] = ()


@dataclass(frozen=True)
class ShotSpan:
    """A shot as told, seconds. label: what is said of it; still: the key of its picture, or ""."""

    code: str
    start: float
    end: float
    spoken: bool
    label: str = ""
    still: str = ""


@dataclass(frozen=True)
class MusicSpan:
    """What the music of a cue does. `chosen`: it is approved; else it only leads."""

    moments: tuple[Moment, ...]
    chosen: bool


@dataclass(frozen=True)
class ThemeSpan:
    """A theme and where it is heard: (second, how) in order of time, `how` a word for the kind of its mark."""

    key: str
    name: str
    heard: Sequence[tuple[float, str]]

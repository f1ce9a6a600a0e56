"""What is heard of a score over time, bar by bar in playing order: how dense, how loud, how high, how bright.

Only the notes are asked, with the strength that the player gives them (curator.rendering.performance); tempo comes in
where the course is laid under a film (curator.film.course).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from curator.notation.errors import NotationError
from curator.notation.facts import modality
from curator.notation.musicxml import Event, measures_of, read_xml
from curator.notation.road import Road, RoadSigns, play_order
from curator.notation.sounding import midi_of, road_of
from curator.rendering.performance import UNMARKED, perform

SCHEME = "course 1"
"""Names this way of computing; a change of any number below is another scheme."""

MODE_BARS = 2
"""So many bars before and after a bar have their say in its mode: one bar alone seldom makes a key clear."""


class HeardBar(NamedTuple):
    """One played bar. `bar`: its written number from 1; `quarters`: its length.

    struck: notes that begin, graces too. energy: the sum over them of (velocity / 127) ** 4, which is the power of a
    General MIDI instrument (40 dB for a factor of ten in velocity), 1 for one note at full strength. register: mean
    MIDI number of what sounds, each note as long as it is; mode: how much more major than minor the bars around are,
    -2 to 2. Both None where nothing sounds.
    """

    bar: int
    quarters: float
    struck: int
    energy: float
    register: float | None
    mode: float | None


@dataclass
class _Bar:
    length: Fraction = Fraction(0)
    struck: int = 0
    energy: float = 0.0
    weighed: float = 0.0  # MIDI numbers times lengths
    sounded: float = 0.0  # lengths
    classes: list[float] = field(default_factory=lambda: [0.0] * 12)
    road: Road = field(default_factory=Road)


def course_of(musicxml: bytes) -> tuple[HeardBar, ...]:
    """The played bars of all parts together. Raises NotationError for what is no score.

    A road that never ends leaves the repeats as they are written.
    """
    root = read_xml(musicxml)
    perform(root)
    bars: list[_Bar] = []
    for part in root.findall("part"):
        signs = RoadSigns()
        for measure in measures_of(part):
            if measure.place > len(bars):
                bars.append(_Bar())
            bar = bars[measure.place - 1]
            bar.length = max(bar.length, measure.length)
            for event in measure.events:
                _hear(bar, event)
            road = road_of(signs, measure.element)
            if bar.road == Road():  # every part may carry the signs, the first is asked
                bar.road = road
    try:
        order: Sequence[int] = play_order([bar.road for bar in bars])
    except NotationError:
        order = range(len(bars))
    return tuple(_heard(bars, order, turn) for turn in range(len(order)))


def _hear(bar: _Bar, event: Event) -> None:
    if not event.pitched:
        return
    midi = midi_of(event.element)
    length = float(event.length)
    bar.weighed += midi * length
    bar.sounded += length
    bar.classes[midi % 12] += length
    if any(tie.get("type") == "stop" for tie in event.element.findall("tie")):
        return
    bar.struck += 1
    percent = event.element.get("dynamics")
    velocity = float(percent) * 0.9 if percent else UNMARKED
    bar.energy += (velocity / 127) ** 4


def _heard(bars: Sequence[_Bar], order: Sequence[int], turn: int) -> HeardBar:
    bar = bars[order[turn]]
    around = [bars[place] for place in order[max(0, turn - MODE_BARS) : turn + MODE_BARS + 1]]
    mode = modality([sum(near.classes[step] for near in around) for step in range(12)])
    return HeardBar(
        bar=order[turn] + 1,
        quarters=round(float(bar.length * 4), 4),
        struck=bar.struck,
        energy=round(bar.energy, 5),
        register=round(bar.weighed / bar.sounded, 1) if bar.sounded else None,
        mode=None if mode is None else round(mode, 3),
    )

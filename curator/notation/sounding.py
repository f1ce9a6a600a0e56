"""What is heard of a score: every struck tone with onset, pitch and length, repeats written out, ties joined."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from curator.notation.abc import Score
from curator.notation.errors import NotationError
from curator.notation.musicxml import measures_of, read_xml
from curator.notation.road import Road, RoadSigns, play_order

if TYPE_CHECKING:
    from lxml.etree import _Element

MOST_TONES = 200_000
"""With more than these, repeats are not written out."""

_SEMITONE = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True, slots=True)
class Sounding:
    """Tones in the order of onset and pitch: (onset, MIDI number, length), times in whole numbers of `unit`.

    The first tone begins at 0. Every key is struck once a moment: of unisons the longest is kept. Grace notes are
    left out. `unit` is in whole notes.
    """

    tones: tuple[tuple[int, int, int], ...]
    unit: Fraction


def sounding(musicxml: bytes) -> Sounding:
    """The tones of all parts of a score together. Raises NotationError for what is no score.

    Bars follow each other at the length of their fullest voice; a tie joins tones whatever voice or staff they are
    written in. A road that never ends, or tones beyond MOST_TONES, leave the repeats as they are written.
    """
    bars = _bars(read_xml(musicxml))
    try:
        order: Sequence[int] = play_order([bar.road for bar in bars])
    except NotationError:
        order = range(len(bars))
    if sum(len(bars[place].heads) for place in order) > MOST_TONES:
        order = range(len(bars))
    return _joined([bars[place] for place in order])


def sounding_of(score: Score) -> Sounding:
    """The tones of a piece in ABC, as `sounding` finds them in its MusicXML; repeats stay as they are written."""
    return _joined(
        [
            _Bar(
                [
                    _Head(note.onset, note.pitch.midi, note.length, note.held, note.tied)
                    for part in bar.parts
                    for note in part.notes
                    if not note.grace
                ],
                bar.length,
                Road(),
            )
            for bar in score.bars
        ]
    )


@dataclass(frozen=True, slots=True)
class _Head:
    onset: Fraction
    pitch: int
    length: Fraction
    held: bool  # continues a tie
    tied: bool  # begins one


@dataclass(slots=True)
class _Bar:
    heads: list[_Head]
    length: Fraction
    road: Road

    @property
    def times(self) -> list[Fraction]:
        return [time for head in self.heads for time in (head.onset, head.length)]


def _bars(root: "_Element") -> list[_Bar]:
    """The bars of all parts, those of the same place together."""
    bars: list[_Bar] = []
    for part in root.findall("part"):
        signs = RoadSigns()
        for measure in measures_of(part):
            if measure.place > len(bars):
                bars.append(_Bar([], Fraction(0), Road()))
            bar = bars[measure.place - 1]
            bar.heads += [
                _head(event.element, event.onset, event.length)
                for event in measure.events
                if event.pitched and not event.grace
            ]
            bar.length = max(bar.length, measure.length)
            road = road_of(signs, measure.element)
            if bar.road == Road():  # every part may carry the signs, the first is asked
                bar.road = road
    return bars


def road_of(signs: RoadSigns, measure: "_Element") -> Road:
    """What a measure of a part says about the way through the piece; `signs` walks along with the measures."""
    signs.open_bar()
    for child in measure:
        if child.tag == "barline":
            signs.barline(child)
        elif child.tag in ("direction", "sound"):
            signs.direction(child)
    return signs.close_bar()


def _head(note: "_Element", onset: Fraction, length: Fraction) -> _Head:
    ties = {tie.get("type") for tie in note.findall("tie")}
    ties |= {tied.get("type") for tied in note.findall("notations/tied")}
    return _Head(onset, midi_of(note), length, "stop" in ties, "start" in ties)


def midi_of(note: "_Element") -> int:
    """The MIDI number of a pitched note. Raises NotationError for an alteration or octave that is no number."""
    step = (note.findtext("pitch/step") or "C").strip()
    try:
        alter = round(float(note.findtext("pitch/alter") or 0))
        octave = int((note.findtext("pitch/octave") or "4").strip())
    except ValueError:
        raise NotationError("A note has an alteration that is not a number.") from None
    return 12 * (octave + 1) + _SEMITONE.get(step, 0) + alter


def _joined(bars: list[_Bar]) -> Sounding:
    scale = lcm(*(number.denominator for bar in bars for number in (bar.length, *bar.times)))
    tones: dict[tuple[int, int], int] = {}  # (onset, pitch) -> end
    open_ties: dict[tuple[int, int], tuple[int, int]] = {}  # (end, pitch) -> the tone that is held on
    start = 0
    for bar in bars:
        for head in sorted(bar.heads, key=lambda head: (head.onset, not head.held)):
            onset = start + int(head.onset * scale)
            end = onset + int(head.length * scale)
            held = open_ties.get((onset, head.pitch)) if head.held else None  # of unisons both may be tied
            tone = held or (onset, head.pitch)
            tones[tone] = max(tones.get(tone, 0), end)
            if head.tied:
                open_ties[end, head.pitch] = tone
        start += int(bar.length * scale)
    first = min((onset for onset, _pitch in tones), default=0)
    rows = sorted((onset - first, pitch, end - onset) for (onset, pitch), end in tones.items())
    return Sounding(tuple(rows), Fraction(1, scale))

"""Every note of a score, counted bar by bar, so that nothing is lost on the way from one form to another unseen.

Three readers count independently of each other: ours of MusicXML (`tally_of_measures`), ours of ABC
(`tally_of_text`) and music21 (curator.notation.second_reader).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, NamedTuple

from curator.notation.abc import Score
from curator.notation.errors import Sentence
from curator.notation.musicxml import Measure, measures_of

if TYPE_CHECKING:
    from lxml.etree import _Element

# Files round times: a third of a quarter may be 0.167 of a half. A 256th is 1/256; nothing shorter is told apart.
TOLERANCE = Fraction(1, 400)
_SHOWN = 8
_SEMITONE = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


class Tone(NamedTuple):
    """A written note; continuations of ties are notes of their own, a grace note has length 0."""

    onset: Fraction  # whole notes from the start of the bar
    midi: int
    length: Fraction  # whole notes


@dataclass(frozen=True, slots=True)
class Tally:
    """What one reader finds in one score."""

    staves: int
    bars: tuple[tuple[Tone, ...], ...]

    @property
    def notes(self) -> int:
        """All written notes."""
        return sum(len(bar) for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two tallies of one score part: so many of the first one's notes, in these bars (from 1)."""

    before: Tally
    after: Tally
    notes: int
    bars: tuple[int, ...]

    @property
    def none(self) -> bool:
        """Whether both are the same score."""
        return not self.notes and len(self.before.bars) == len(self.after.bars) and self.staves_agree

    @property
    def staves_agree(self) -> bool:
        """Whether both have as many staves."""
        return self.before.staves == self.after.staves

    def sentences(self) -> tuple[Sentence, ...]:
        """What a reader should know of it, such as "4 of 254 notes differ, bar 12."; empty when nothing differs."""
        said = []
        if len(self.before.bars) != len(self.after.bars):
            said.append(
                Sentence(
                    "The file has %(here)d bars, the text %(there)d.",
                    here=len(self.before.bars),
                    there=len(self.after.bars),
                )
            )
        if not self.staves_agree:
            said.append(
                Sentence(
                    "The file has %(here)d staves, the text %(there)d.",
                    here=self.before.staves,
                    there=self.after.staves,
                )
            )
        if self.notes:
            pattern = "%(differ)d of %(notes)d notes differ, bar %(bars)s."
            if len(self.bars) > 1:
                pattern = "%(differ)d of %(notes)d notes differ, bars %(bars)s."
            said.append(Sentence(pattern, differ=self.notes, notes=self.before.notes, bars=bars_shown(self.bars)))
        return tuple(said)


def bars_shown(bars: Sequence[int]) -> str:
    """Numbers of bars for a sentence, the first few of many."""
    return ", ".join(str(bar) for bar in bars[:_SHOWN]) + (" …" if len(bars) > _SHOWN else "")


def tally_of_parts(root: "_Element") -> Tally:
    """Our count of part-wise MusicXML, all parts together. Raises NotationError as `measures_of`."""
    tallies = [tally_of_measures(measures_of(part)) for part in root.findall("part")]
    bars = zip_longest(*(tally.bars for tally in tallies), fillvalue=())
    return Tally(sum(tally.staves for tally in tallies), tuple(tuple(chain(*bar)) for bar in bars))


def tally_of_measures(measures: Iterable[Measure]) -> Tally:
    """Our count of the measures of one part, as `measures_of` or `take_piano` give them."""
    staves = 1
    bars = []
    for measure in measures:
        tones = []
        for event in measure.events:
            staves = max(staves, event.staff)
            pitch = event.element.find("pitch")
            if pitch is None:
                continue
            alter = round(float(pitch.findtext("alter") or 0))
            midi = 12 * (int(pitch.findtext("octave") or 0) + 1) + alter
            midi += _SEMITONE[(pitch.findtext("step") or "C").strip()]
            tones.append(Tone(event.onset, midi, event.length))
        bars.append(tuple(tones))
    return Tally(staves, tuple(bars))


def tally_of_text(score: Score) -> Tally:
    """Our count of a stored text."""
    bars = tuple(
        tuple(Tone(note.onset, note.pitch.midi, note.length) for part in bar.parts for note in part.notes)
        for bar in score.bars
    )
    return Tally(len(score.header.staves), bars)


def compare(before: Tally, after: Tally) -> Difference:
    """The notes that two readers, or the two ends of a conversion, have differently: onset, pitch or length."""
    notes = 0
    bars = []
    for place, (here, there) in enumerate(zip_longest(before.bars, after.bars, fillvalue=()), start=1):
        differ = _differ(here, there)
        if differ:
            notes += differ
            bars.append(place)
    return Difference(before, after, notes, tuple(bars))


def _differ(here: tuple[Tone, ...], there: tuple[Tone, ...]) -> int:
    if here == there:
        return 0
    left, right = Counter(here), Counter(there)
    unmatched, others = sorted((left - right).elements()), sorted((right - left).elements())
    for tone in tuple(unmatched):
        like = next((other for other in others if _alike(tone, other)), None)
        if like is not None:
            others.remove(like)
            unmatched.remove(tone)
    return max(len(unmatched), len(others))


def _alike(one: Tone, other: Tone) -> bool:
    return (
        one.midi == other.midi
        and abs(one.onset - other.onset) <= TOLERANCE
        and abs(one.length - other.length) <= TOLERANCE
        and (one.length == 0) == (other.length == 0)
    )

"""What a player does with what is written: each note gets the velocity that Verovio's MIDI leaves flat.

Verovio honours `<note dynamics>` (percent of velocity 90, as MusicXML 4.0 has it) but no mark and no hairpin.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from lxml import etree

# Velocity of each mark. Our own scale, about 14 apart around the samples' strength (velocity layer 8 of 16).
LEVELS = {
    "n": 16, "pppppp": 16, "ppppp": 18, "pppp": 22, "ppp": 28, "pp": 37, "p": 50, "mp": 62,
    "mf": 75, "pf": 82, "f": 90, "ff": 105, "fff": 117, "ffff": 122, "fffff": 124, "ffffff": 124,
    "fp": 50, "sfp": 50, "sfpp": 37, "sfzp": 50,
}  # fmt: skip
UNMARKED = 68
STEP = 14
ATTACKS = frozenset(["sf", "sfz", "fz", "rf", "rfz", "sffz", "fp", "sfp", "sfpp", "sfzp"])

# Slight rules, the same for every score: marks on notes, the first beat, inner notes of chords, the left hand.
ATTACK = 18
ARTICULATIONS = {"strong-accent": 18, "accent": 11, "staccatissimo": 4, "tenuto": 3}
DOWNBEAT = 3
INNER = -6
LEFT_HAND = -4
GRACE = -8
SOFTEST, LOUDEST = 12, 124

Hand = tuple[int, int]
"""Part and staff, both counted from 0 in the order of the score."""


@dataclass(frozen=True)
class TempoMark:
    """From the start of bar `bar` (counted from 1 in written order) on: `quarters` quarter notes a minute."""

    bar: int
    quarters: float


@dataclass(frozen=True)
class _Mark:
    at: Fraction
    bar: int
    level: int


@dataclass(frozen=True)
class _Wedge:
    start: Fraction
    stop: Fraction
    rising: bool


@dataclass(frozen=True)
class _Note:
    element: etree._Element
    hand: Hand
    at: Fraction
    bar: int
    first_beat: bool


class _Reading:
    """Notes, marks, hairpins and attacks of one part, with times in quarters from its start."""

    def __init__(self, part: etree._Element, number: int) -> None:
        self.number = number
        self.notes: list[_Note] = []
        self.marks: dict[Hand, list[_Mark]] = {}
        self.wedges: dict[Hand, list[_Wedge]] = {}
        self.attacks: dict[Hand, set[Fraction]] = {}
        self._open: dict[str, tuple[Hand, Fraction, bool]] = {}
        self._divisions = Fraction(1)
        start = Fraction(0)
        for bar, measure in enumerate(part.iterfind("measure"), start=1):
            start = self._read_bar(measure, bar, start)

    def _read_bar(self, measure: etree._Element, bar: int, start: Fraction) -> Fraction:
        now = end = onset = start
        for element in measure:
            match element.tag:
                case "attributes":
                    self._divisions = _number(element.findtext("divisions")) or self._divisions
                case "backup":
                    now = max(start, now - self._quarters(element))
                case "forward":
                    now += self._quarters(element)
                case "direction":
                    self._read_direction(element, bar, now)
                case "note":
                    grace = element.find("grace") is not None
                    if element.find("chord") is None:
                        onset = now
                        now += Fraction(0) if grace else self._quarters(element)
                    if element.find("pitch") is not None:
                        self.notes.append(_Note(element, self._hand(element), onset, bar, onset == start))
            end = max(end, now)
        return end

    def _read_direction(self, direction: etree._Element, bar: int, now: Fraction) -> None:
        offset = _number(direction.findtext("offset"), signed=True)
        at = now + offset / self._divisions
        hand = self._hand(direction)
        names = [str(mark.tag) for mark in direction.iterfind("direction-type/dynamics/*")]
        levels = [LEVELS[name] for name in names if name in LEVELS]
        sound = direction.find("sound")
        if not names and sound is not None and (percent := _number(sound.get("dynamics"))):
            levels = [_bounded(round(percent * Fraction(9, 10)))]
        if levels:
            self.marks.setdefault(hand, []).append(_Mark(at, bar, levels[-1]))
        if ATTACKS.intersection(names):
            self.attacks.setdefault(hand, set()).add(at)
        for wedge in direction.iterfind("direction-type/wedge"):
            key = wedge.get("number", "1")
            kind = wedge.get("type")
            if kind in ("crescendo", "diminuendo"):
                self._open[key] = (hand, at, kind == "crescendo")
            elif kind == "stop" and key in self._open:
                opened, begun, rising = self._open.pop(key)
                if begun < at:
                    self.wedges.setdefault(opened, []).append(_Wedge(begun, at, rising))

    def _hand(self, element: etree._Element) -> Hand:
        return self.number, max(0, int(_number(element.findtext("staff")) or 1) - 1)

    def _quarters(self, element: etree._Element) -> Fraction:
        return _number(element.findtext("duration")) / self._divisions


class _Loudness:
    """The level of one hand at any time: its marks, and between them its hairpins as straight lines."""

    def __init__(self, marks: Iterable[_Mark], wedges: Iterable[_Wedge]) -> None:
        self._marks = sorted(marks, key=lambda mark: mark.at)
        self._times = [mark.at for mark in self._marks]
        self._wedges: list[tuple[_Wedge, float, float]] = []
        for wedge in sorted(wedges, key=lambda wedge: wedge.start):
            low = self.at(wedge.start)
            self._wedges.append((wedge, low, self._goal(wedge, low)))
        self._starts = [wedge.start for wedge, _, _ in self._wedges]

    def at(self, time: Fraction) -> float:
        """Velocity at `time` quarters from the start."""
        index = bisect_right(self._times, time) - 1
        mark = self._marks[index] if index >= 0 else None
        begun = [entry for entry in self._wedges if entry[0].start <= time]
        if begun and (mark is None or mark.at <= begun[-1][0].start):
            wedge, start, goal = begun[-1]
            share = min(Fraction(1), (time - wedge.start) / (wedge.stop - wedge.start))
            return start + (goal - start) * float(share)
        return mark.level if mark is not None else UNMARKED

    def _goal(self, wedge: _Wedge, start: float) -> float:
        # A mark at the end of the hairpin, or just after it, is where it leads to; without one, one step.
        index = bisect_right(self._times, wedge.start)
        if index < len(self._marks) and self._times[index] <= wedge.stop + 1:
            goal = self._marks[index].level
            if (goal > start) == wedge.rising:
                return goal
        return _bounded(start + (STEP if wedge.rising else -STEP))


def perform(root: etree._Element, *, tempo: Sequence[TempoMark] = ()) -> None:
    """Write velocities, and with `tempo` also tempi, into a partwise MusicXML tree.

    A mark or hairpin rules all staves of its instrument, except those with one of their own in that bar (marks)
    or at that time (hairpins). Two parts of one staff each count as the two hands of one instrument. With
    `tempo`, the given tempi rule: metronome marks in quarters show them too, other tempo words stay as they are.
    """
    parts = root.findall("part")
    readings = [_Reading(part, number) for number, part in enumerate(parts)]
    hands = sorted({note.hand for reading in readings for note in reading.notes})
    duet = len(parts) == 2 and [staff for _, staff in hands] == [0, 0]
    groups = [hands] if duet else [[hand for hand in hands if hand[0] == part] for part in range(len(parts))]
    for group in groups:
        _write_velocities(group, [reading for reading in readings if any(h[0] == reading.number for h in group)])
    if tempo:
        _write_tempo(root, tempo)


def _write_velocities(group: list[Hand], readings: list[_Reading]) -> None:
    marks = {hand: [mark for r in readings for mark in r.marks.get(hand, ())] for hand in group}
    wedges = {hand: [wedge for r in readings for wedge in r.wedges.get(hand, ())] for hand in group}
    attacks = {hand: {at for r in readings for at in r.attacks.get(hand, ())} for hand in group}
    # Marks may stand on a staff without notes; they speak for the others all the same.
    for reading in readings:
        for hand in reading.marks:
            marks.setdefault(hand, reading.marks[hand])
        for hand in reading.wedges:
            wedges.setdefault(hand, reading.wedges[hand])
    for hand in group:
        loudness = _Loudness(_heard_marks(hand, marks), _heard_wedges(hand, wedges))
        own_bars = {mark.bar for mark in marks[hand]}
        notes = [note for reading in readings for note in reading.notes if note.hand == hand]
        outer = _outer_notes(notes, top=hand == group[0])
        for note in notes:
            velocity = loudness.at(note.at)
            struck = attacks[hand] | {
                at for other in group if other != hand and note.bar not in own_bars for at in attacks[other]
            }
            velocity += ATTACK if note.at in struck else 0
            velocity += max((ARTICULATIONS[name] for name in _articulations(note.element)), default=0)
            velocity += DOWNBEAT if note.first_beat else 0
            velocity += 0 if note.element in outer else INNER
            velocity += LEFT_HAND if hand != group[0] else 0
            velocity += GRACE if note.element.find("grace") is not None else 0
            # Two decimals come back from Verovio as exactly this velocity, for each of 1 to 127.
            note.element.set("dynamics", f"{_bounded(round(velocity)) / 0.9:.2f}")


def _heard_marks(hand: Hand, marks: dict[Hand, list[_Mark]]) -> Iterator[_Mark]:
    own = {mark.bar for mark in marks[hand]}
    # Own marks last: sorted() is stable, and the last of one time counts.
    for other in marks:
        if other != hand:
            yield from (mark for mark in marks[other] if mark.bar not in own)
    yield from marks[hand]


def _heard_wedges(hand: Hand, wedges: dict[Hand, list[_Wedge]]) -> Iterator[_Wedge]:
    own = wedges[hand]
    for other in wedges:
        if other != hand:
            for wedge in wedges[other]:
                if not any(mine.start < wedge.stop and wedge.start < mine.stop for mine in own):
                    yield wedge
    yield from own


def _outer_notes(notes: list[_Note], *, top: bool) -> set[etree._Element]:
    """Of all notes struck at one time by one hand the highest (or lowest) one."""
    together: dict[Fraction, list[_Note]] = {}
    for note in notes:
        together.setdefault(note.at, []).append(note)
    choose = max if top else min
    return {choose(struck, key=lambda note: _height(note.element)).element for struck in together.values()}


def _height(note: etree._Element) -> Fraction:
    steps = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    pitch = note.find("pitch")
    if pitch is None:
        return Fraction(0)
    octave = _number(pitch.findtext("octave"))
    return 12 * octave + steps.get(pitch.findtext("step") or "C", 0) + _number(pitch.findtext("alter"), signed=True)


def _articulations(note: etree._Element) -> Iterator[str]:
    for element in note.iterfind("notations/articulations/*"):
        if element.tag in ARTICULATIONS:
            yield str(element.tag)


def _write_tempo(root: etree._Element, tempo: Sequence[TempoMark]) -> None:
    marks = sorted(tempo, key=lambda mark: mark.bar)
    bars = [mark.bar for mark in marks]
    for first, part in enumerate(root.iterfind("part")):
        for bar, measure in enumerate(part.iterfind("measure"), start=1):
            index = bisect_right(bars, bar) - 1
            for sound in measure.iter("sound"):
                sound.attrib.pop("tempo", "")
            for direction in measure.iterfind("direction"):
                if index >= 0 and direction.find("direction-type/metronome") is not None:
                    for silent in direction.findall("sound"):
                        direction.remove(silent)
                    etree.SubElement(direction, "sound", tempo=f"{marks[index].quarters:g}")
                    for metronome in direction.iterfind("direction-type/metronome"):
                        shown = metronome.find("per-minute")
                        if shown is not None and [unit.text for unit in metronome if unit is not shown] == ["quarter"]:
                            shown.text = f"{marks[index].quarters:g}"
            if first == 0 and bar in bars:
                measure.insert(0, etree.Element("sound", tempo=f"{marks[index].quarters:g}"))


_PLAIN_NUMBER = re.compile(r"[+-]?\d{1,9}(?:\.\d{1,9})?")


def _number(text: str | None, *, signed: bool = False) -> Fraction:
    """A plain decimal number; 0 for anything else (NaN, exponents), and for negative ones unless `signed`."""
    text = (text or "").strip()
    if not _PLAIN_NUMBER.fullmatch(text):
        return Fraction(0)
    value = Fraction(text)
    return value if signed or value > 0 else Fraction(0)


def _bounded(velocity: float) -> int:
    return max(SOFTEST, min(LOUDEST, round(velocity)))

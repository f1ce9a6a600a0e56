"""Other editions of a piano score: transposed, laid out anew, with other hands, with repeats written out.

Each function takes the root of a part-wise score with one part and gives a new root. Nothing here knows how the
library compares music.
"""

from collections.abc import Iterator
from copy import deepcopy
from fractions import Fraction
from random import Random

from lxml import etree

Element = etree._Element
Line = list[tuple[Fraction, Fraction, list[Element]]]

_SEMITONE = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SHARPS = [(name[0], name.count("#")) for name in ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]]
_FLATS = [(name[0], -name.count("b")) for name in ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]]
_TYPES = ["64th", "32nd", "16th", "eighth", "quarter", "half", "whole", "breve"]


def midi(note: Element) -> int:
    """The MIDI number of a pitched note."""
    alter = round(float(note.findtext("pitch/alter") or 0))
    return 12 * (int(note.findtext("pitch/octave") or 4) + 1) + _SEMITONE[note.findtext("pitch/step") or "C"] + alter


def transposed(root: Element, rng: Random) -> Element:
    """All notes higher or lower by one to six semitones, spelled as the new key signature asks."""
    root = deepcopy(root)
    notes = [note for note in root.iter("note") if note.find("pitch") is not None]
    pitches = [midi(note) for note in notes]
    steps = [step for step in range(-6, 7) if step and min(pitches) + step >= 21 and max(pitches) + step <= 108]
    by = rng.choice(steps)
    flat = False
    for fifths in root.iter("fifths"):
        number = (int(fifths.text or 0) + 7 * by + 5) % 12 - 5
        flat = number < 0
        fifths.text = str(number)
    for note, pitch in zip(notes, pitches, strict=True):
        _repitch(note, pitch + by, flat)
    return root


def _repitch(note: Element, pitch: int, flat: bool) -> None:
    step, alter = (_FLATS if flat else _SHARPS)[pitch % 12]
    written = note.find("pitch")
    assert written is not None
    for child in list(written):
        written.remove(child)
    etree.SubElement(written, "step").text = step
    if alter:
        etree.SubElement(written, "alter").text = str(alter)
    etree.SubElement(written, "octave").text = str(pitch // 12 - 1)
    for accidental in note.findall("accidental"):
        note.remove(accidental)


def relaid(root: Element, rng: Random) -> Element:
    """Other divisions, other voice numbers, new systems, no beams, and every second long note as two tied ones."""
    root = deepcopy(root)
    factor = rng.choice((3, 5, 8))
    for element in root.iter("divisions", "duration"):
        element.text = str(Fraction(element.text or "1") * factor * 2)
    for voice in root.iter("voice"):
        voice.text = str(int(voice.text or 1) + 2)
    for name in ("beam", "stem"):
        for element in list(root.iter(name)):
            element.getparent().remove(element)  # type: ignore[union-attr] # it stands in a note
    for measure in list(root.iter("measure")):
        if rng.random() < 0.3:
            measure.insert(0, etree.Element("print", {"new-system": "yes"}))
        for chord in list(_chords(measure)):
            if rng.random() < 0.5:
                _tie_apart(chord)
    return root


def _chords(measure: Element) -> Iterator[list[Element]]:
    """The notes of a measure, those of one chord together."""
    chord: list[Element] = []
    for note in measure.findall("note"):
        if note.find("chord") is None and chord:
            yield chord
            chord = []
        chord.append(note)
    if chord:
        yield chord


def _tie_apart(chord: list[Element]) -> None:
    """Write a plain or dotted chord as two that are tied; anything else stays."""
    first = chord[0]
    kind, dots = first.findtext("type"), len(first.findall("dot"))
    strange = ("grace", "rest", "time-modification", "tie", "cue")
    if any(note.find(name) is not None for note in chord for name in strange) or kind not in _TYPES[3:] or dots > 1:
        return
    length = Fraction(first.findtext("duration") or 0)
    parts = (length * 2 / 3, length / 3) if dots else (length / 2, length / 2)
    if any(part.denominator > 1 for part in parts):
        return
    smaller = _TYPES[_TYPES.index(kind) - 1]
    tail = [deepcopy(note) for note in chord]
    first_half = (chord, parts[0], kind if dots else smaller, "start")
    for notes, part, name, sign in (first_half, (tail, parts[1], smaller, "stop")):
        for note in notes:
            duration = note.find("duration")
            assert duration is not None
            duration.text = str(part)
            duration.addnext(etree.Element("tie", {"type": sign}))
            written = note.find("type")
            assert written is not None
            written.text = name
            later = [*note.findall("notations"), *note.findall("lyric")] if sign == "stop" else []
            for gone in (*note.findall("dot"), *later):
                note.remove(gone)
    place = chord[-1]
    for note in tail:
        place.addnext(note)
        place = note


def other_hands(root: Element, rng: Random) -> Element:
    """The notes dealt out anew to the two staves at another height, in as few voices as hold them; no grace notes."""
    root = deepcopy(root)
    pitches = sorted(midi(note) for note in root.iter("note") if note.find("pitch") is not None)
    split = pitches[len(pitches) * rng.choice((3, 4, 5, 6)) // 10]
    divisions = Fraction(1)
    for measure in root.iter("measure"):
        divisions = Fraction(measure.findtext("attributes/divisions") or divisions)
        _deal(measure, split)
    return root


def _deal(measure: Element, split: int) -> None:
    placed: dict[tuple[int, Fraction, Fraction], list[Element]] = {}
    now = start = end = Fraction(0)
    for child in list(measure):
        if child.tag not in ("note", "backup", "forward"):
            continue
        measure.remove(child)
        length = Fraction(child.findtext("duration") or 0)
        if child.tag == "backup":
            now -= length
            continue
        if child.tag == "note" and child.find("grace") is None:
            onset = start if child.find("chord") is not None else now
            start = onset
            if child.find("pitch") is not None:
                placed.setdefault((1 if midi(child) >= split else 2, onset, length), []).append(child)
        if child.find("chord") is None and child.find("grace") is None:
            now += length
        end = max(end, now)
    voices: list[tuple[int, Line]] = []
    for (staff, onset, length), notes in sorted(placed.items(), key=lambda item: item[0]):
        free = next((line for hand, line in voices if hand == staff and line[-1][0] + line[-1][1] <= onset), None)
        if free is None:
            free = []
            voices.append((staff, free))
        free.append((onset, length, notes))
    _write(measure, voices, end)


def _write(measure: Element, voices: list[tuple[int, Line]], end: Fraction) -> None:
    right = [line for line in measure.findall("barline") if line.get("location", "right") == "right"]
    for barline in right:
        measure.remove(barline)
    numbers = {1: 1, 2: 5}
    at = Fraction(0)
    for staff, line in voices or [(1, [])]:
        if at:
            measure.append(_move("backup", at))
            at = Fraction(0)
        for onset, length, notes in line:
            if onset > at:
                measure.append(_move("forward", onset - at))
            for place, note in enumerate(notes):
                _place(note, numbers[staff], staff, chord=place > 0)
                measure.append(note)
            at = onset + length
        numbers[staff] += 1
        if end > at:
            measure.append(_move("forward", end - at))
            at = end
    for barline in right:
        measure.append(barline)


def _move(tag: str, length: Fraction) -> Element:
    element = etree.Element(tag)
    etree.SubElement(element, "duration").text = str(length)
    return element


def _place(note: Element, voice: int, staff: int, *, chord: bool) -> None:
    for name in ("chord", "voice", "staff", "beam", "stem", "notehead", "notations"):
        for gone in note.findall(name):
            note.remove(gone)
    if chord:
        note.insert(0, etree.Element("chord"))
    before = ("grace", "cue", "chord", "pitch", "duration", "tie", "instrument", "footnote", "level")
    place = sum(child.tag in before for child in note)
    written = etree.Element("voice")
    written.text = str(voice)
    note.insert(place, written)
    hand = etree.Element("staff")
    hand.text = str(staff)
    place = sum(child.tag not in ("lyric", "play", "listen") for child in note)
    note.insert(place, hand)


def repeated(root: Element, rng: Random) -> tuple[Element, Element]:
    """A stretch of the score repeated: once with signs (and two endings every second time), once written out."""
    signs, plain = deepcopy(root), deepcopy(root)
    bars = signs.findall("part/measure")
    first = rng.randrange(len(bars) // 3)
    last = first + rng.randrange(2, max(3, len(bars) // 2))
    endings = rng.random() < 0.5 and last + 1 < len(bars) - 1
    _sign(bars[first], "left", repeat="forward")
    _sign(bars[last], "right", repeat="backward", ending=("1", "stop") if endings else None)
    if endings:
        _sign(bars[last], "left", ending=("1", "start"))
        _sign(bars[last + 1], "left", ending=("2", "start"))
        _sign(bars[last + 1], "right", ending=("2", "discontinue"))
    written = plain.findall("part/measure")
    again = [deepcopy(bar) for bar in written[first : last + (0 if endings else 1)]]
    place = written[last]
    for bar in again:
        place.addnext(bar)
        place = bar
    for number, bar in enumerate(plain.iter("measure"), 1):
        bar.set("number", str(number))
    return signs, plain


def _sign(bar: Element, location: str, *, repeat: str = "", ending: tuple[str, str] | None = None) -> None:
    line = next((one for one in bar.findall("barline") if one.get("location", "right") == location), None)
    if line is None:
        line = etree.Element("barline", {"location": location})
        if location == "right":
            bar.append(line)
        else:
            place = next((n for n, child in enumerate(bar) if child.tag not in ("attributes", "print")), len(bar))
            bar.insert(place, line)
    if ending:
        etree.SubElement(line, "ending", {"number": ending[0], "type": ending[1]})
    if repeat:
        etree.SubElement(line, "repeat", {"direction": repeat})
    for style in line.findall("bar-style"):
        line.remove(style)


def misread(root: Element, rng: Random) -> Element:
    """Every fiftieth note a step wrong, as in a careless copy."""
    root = deepcopy(root)
    notes = [note for note in root.iter("note") if note.find("pitch") is not None and note.find("tie") is None]
    for note in rng.sample(notes, max(1, len(notes) // 50)):
        _repitch(note, midi(note) + rng.choice((-2, -1, 1, 2)), flat=False)
    return root

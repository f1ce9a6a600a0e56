"""The client's contract as checks of a finished file, independent of how it was written.

Contract items by number: 1 encoding and form, 3 bars, 4 tempo, 5 part and staves, 7 repeats, 8 dynamics, 9 grace
notes and unisons; 2 names of files.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from lxml import etree

from curator.delivery.measures import divisions_of, read_measure
from curator.delivery.names import STEM
from curator.notation.errors import NotationError
from curator.notation.musicxml import read_xml, validate

# A name with one of these is taken for another instrument with other keyswitches.
_WRONG_NAMES = re.compile(r"bass|clav|cello|alto|tenor|soprano|vc|bc", re.IGNORECASE)
LEVELS = ("pp", "p", "mp", "mf", "f", "ff")
CHECKS = ("bars", "notes", "tempo", "dynamics", "schema", "names")
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True)
class Check:
    """One line of the contract: its name, and what is wrong as a sentence; nothing is wrong where it is empty."""

    name: str
    trouble: str = ""

    @property
    def ok(self) -> bool:
        return not self.trouble


def inspect(musicxml: bytes, *, stem: str = "") -> tuple[Check, ...]:
    """Checks bars, notes, tempo, dynamics, schema and names, always in this order. Never raises for a bad file.

    The rest of an invalid file is not looked at: every check then says so.
    """
    try:
        root = read_xml(musicxml)
        schema = _first(_schema(musicxml))
    except NotationError as error:
        return tuple(Check(name, str(error)) for name in CHECKS)
    if schema:
        return tuple(
            Check(name, schema if name == "schema" else "Not checked: the file is not valid MusicXML.")
            for name in CHECKS
        )
    return (
        Check("bars", _first(_bars(root, musicxml))),
        Check("notes", _first(_notes(root))),
        Check("tempo", _first(_tempo(root))),
        Check("dynamics", _first(_dynamics(root))),
        Check("schema"),
        Check("names", _first(_names(root, stem))),
    )


def _first(troubles: Iterator[str]) -> str:
    return next(troubles, "")


def _schema(musicxml: bytes) -> Iterator[str]:
    if not re.match(rb'<\?xml version="1\.0" encoding="UTF-8"\?>', musicxml):
        yield "The file does not declare UTF-8."
    yield from (f"Not valid MusicXML 4.0: {problem}" for problem in validate(musicxml))


def _bars(root: etree._Element, musicxml: bytes) -> Iterator[str]:
    written = re.findall(rb"<measure\b([^>]*)>", musicxml)
    for number, attributes in enumerate(written, 1):
        if attributes.strip() != b'number="%d"' % number:
            yield f"Bar {number} is not numbered plainly."
    if any(True for _ in root.iter("repeat", "ending")):
        yield "A repeat is not written out."
    if any(sound.get(name) for sound in root.iter("sound") for name in ("dacapo", "dalsegno", "tocoda", "fine")):
        yield "A D.C. or D.S. is not written out."
    length = Fraction(0)
    staves: dict[str, int] = {}
    for measure in root.iter("measure"):
        time = measure.find("attributes/time")
        if time is not None:
            beats, beat_type = time.findtext("beats", ""), time.findtext("beat-type", "")
            if not re.fullmatch(r"[1-9]\d?", beats) or not re.fullmatch(r"[1-9]\d?", beat_type):
                yield f"The time signature in bar {measure.get('number')} is not a plain one."
                return
            length = Fraction(int(beats) * 4, int(beat_type))
        yield from _full(measure, length, divisions_of(root), staves)


def _full(measure: etree._Element, length: Fraction, divisions: Fraction, staves: dict[str, int]) -> Iterator[str]:
    """Troubles of one bar; `staves` remembers which staff each voice belongs to."""
    number = measure.get("number")
    filled: dict[str, Fraction] = {}
    present = set()
    for note, _onset, duration in read_measure(measure, divisions)[0]:
        if note.find("chord") is not None:
            continue
        staff, voice = 2 if note.findtext("staff") == "2" else 1, note.findtext("voice") or ""
        filled[voice] = filled.get(voice, Fraction(0)) + duration
        present.add(staff)
        if staves.setdefault(voice, staff) != staff:
            yield f"Voice {voice} changes the staff in bar {number}."
    for voice, sum_of_lengths in sorted(filled.items()):
        if sum_of_lengths != length:
            yield f"Voice {voice} does not fill bar {number} exactly."
    if present != {1, 2}:
        yield f"A staff is empty in bar {number}."


def _notes(root: etree._Element) -> Iterator[str]:
    if not any(True for _ in root.iter("pitch")):
        yield "The file has no notes."
    if any(True for _ in root.iter("grace", "cue")):
        yield "A grace note is left; it would hang in the client."
    yield from _unisons(root)


def _unisons(root: etree._Element) -> Iterator[str]:
    divisions = divisions_of(root)
    sounding: dict[Fraction, Fraction] = {}
    bar_start = Fraction(0)
    for measure in root.iter("measure"):
        placed, length_of_bar = read_measure(measure, divisions)
        struck = [
            (bar_start + onset, bar_start + onset + length, _key(pitch))
            for note, onset, length in placed
            if (pitch := note.find("pitch")) is not None
        ]
        for start, end, key in sorted(struck):
            if sounding.get(key, Fraction(0)) > start:
                yield f"One key is held by two voices at once in bar {measure.get('number')}."
            sounding[key] = end
        bar_start += length_of_bar


def _key(pitch: etree._Element) -> Fraction:
    alter = Fraction(pitch.findtext("alter") or "0")
    return int(pitch.findtext("octave") or "0") * 12 + _STEPS[pitch.findtext("step") or "C"] + alter


def _tempo(root: etree._Element) -> Iterator[str]:
    pairs = [
        direction for direction in root.iter("direction") if direction.find("direction-type/metronome") is not None
    ]
    first = next(root.iter("measure"), None)
    if first is None or not any(pair.getparent() is first for pair in pairs):
        yield "Bar 1 has no tempo."
    for pair in pairs:
        metronome = pair.find("direction-type/metronome")
        sound = pair.find("sound")
        measure = pair.getparent()
        if metronome is None or measure is None:
            continue
        number = measure.get("number")
        if metronome.attrib or [child.tag for child in metronome] != ["beat-unit", "per-minute"]:
            yield f"The metronome mark in bar {number} is not a bare one."
        tempo = metronome.findtext("per-minute", "")
        if metronome.findtext("beat-unit") != "quarter" or sound is None or sound.get("tempo") != tempo:
            yield f"The metronome mark and the sounding tempo in bar {number} differ."
        if not re.fullmatch(r"[1-9]\d{0,2}(\.\d{1,2})?", tempo):
            yield f"The tempo in bar {number} cannot be read."
        if pair.findtext("staff") != "1" or any(
            e.tag in ("note", "forward") for e in pair.itersiblings(preceding=True)
        ):
            yield f"The tempo in bar {number} does not stand at the beginning of staff 1."
    if any(sound.get("tempo") and sound.getparent() not in pairs for sound in root.iter("sound")):
        yield "A tempo stands without its metronome mark."


def _dynamics(root: etree._Element) -> Iterator[str]:
    divisions = divisions_of(root)
    for measure in root.iter("measure"):
        levels = _levels(measure, divisions)
        number = measure.get("number")
        for staff in (1, 2):
            if number == "1" and 0 not in levels[staff]:
                yield f"Staff {staff} begins without a dynamic mark."
        if levels[1].keys() != levels[2].keys():
            yield f"A dynamic mark in bar {number} stands on one staff only."
        for level in (*levels[1].values(), *levels[2].values()):
            if level not in LEVELS:
                yield f"The dynamic mark {level} in bar {number} is no step from pp to ff."


def _levels(measure: etree._Element, divisions: Fraction) -> dict[int, dict[Fraction, str]]:
    """Staff -> moment of the bar, in quarters -> dynamic mark."""
    levels: dict[int, dict[Fraction, str]] = {1: {}, 2: {}}
    now = Fraction(0)
    for element in measure:
        duration = Fraction(element.findtext("duration") or "0") / divisions
        if element.tag == "backup":
            now -= duration
        elif element.tag == "forward" or (element.tag == "note" and element.find("chord") is None):
            now += duration
        for mark in element.iterfind("direction-type/dynamics/*"):
            at = now + Fraction(element.findtext("offset") or "0") / divisions
            levels[2 if element.findtext("staff") == "2" else 1][at] = str(mark.tag)
    return levels


def _names(root: etree._Element, stem: str) -> Iterator[str]:
    if len(root.findall("part")) != 1 or root.find("part-list/score-part[@id='P1']") is None:
        yield "The score is not one part called P1."
    names = [
        root.findtext(f"part-list/score-part/{path}") for path in ("part-name", "score-instrument/instrument-name")
    ]
    for name in names:
        if name != "Piano" or _WRONG_NAMES.search(name):
            yield f"The part is called '{name}' instead of Piano."
    if root.findtext("part-list/score-part/midi-instrument/midi-program") != "1":
        yield "The part is not set to a piano sound."
    attributes = root.find("part/measure/attributes")
    clefs = [] if attributes is None else attributes.findall("clef")
    found = [(c.get("number"), c.findtext("sign"), c.findtext("line")) for c in clefs]
    if attributes is None or attributes.findtext("staves") != "2" or found != [("1", "G", "2"), ("2", "F", "4")]:
        yield "The score does not begin with a treble and a bass staff."
    if not (root.findtext("work/work-title") or "").strip():
        yield "The score has no title."
    if stem and not STEM.fullmatch(stem):
        yield f"The file name '{stem}' is not of the form 1m1_title_v2."

"""Takes out of a MusicXML tree what xml2abc stumbles over and ABC would not carry anyway."""

import re
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from lxml.etree import _Element

# Accidentals that the converter knows, with the alteration that they mean.
_KNOWN = {"double-flat": -2, "flat-flat": -2, "flat": -1, "natural": 0, "sharp": 1, "sharp-sharp": 2}
_KNOWN |= {"double-sharp": 2}
_BEATS = ("whole", "half", "quarter", "eighth")
_LENGTHS = {"whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5, "16th": 0.25, "32nd": 0.125}
# Directions whose other types make the converter give up the whole score.
_SPANS: dict[str, tuple[str, ...]] = {
    "wedge": ("crescendo", "diminuendo", "stop"),
    "octave-shift": ("up", "down", "stop"),
}
_SPANS["pedal"] = ("start", "stop")


_QUOTING = {ord("\\"): "/", ord('"'): None}


def simplify_for_abc(root: "_Element") -> None:
    """Change the tree in place: lyrics, credits, odd accidentals, tempo texts, continued spans.

    Lyrics with unusual numbers, metronome marks such as "ca. 76" and spans of type "continue" each make
    xml2abc write nothing at all. Octave clefs go because pitches in MusicXML are already as they sound.
    """
    for element in root.iter("words", "rehearsal", "other-direction", "part-name", "part-abbreviation"):
        # The converter quotes them: a backslash at the end would take the closing quote along.
        element.text = (element.text or "").translate(_QUOTING)
    for path in (".//lyric", "credit", ".//clef-octave-change", ".//harmony", ".//figured-bass", ".//print"):
        for element in root.findall(path):
            _remove(element)
    for note in root.iter("note"):
        _accidental(note)
    for direction in list(root.iter("direction")):
        _direction(direction)


def _accidental(note: "_Element") -> None:
    """Keep an accidental only where it says the same as the pitch, which the converter would overrule."""
    sign = note.find("accidental")
    if sign is None:
        return
    alter = round(float(note.findtext("pitch/alter") or 0))
    if _KNOWN.get(sign.text or "") != alter:
        _remove(sign)


def _direction(direction: "_Element") -> None:
    for metronome in direction.iter("metronome"):
        _metronome(metronome)
    for kind, types in _SPANS.items():
        for span in direction.findall(f"direction-type/{kind}"):
            if kind == "pedal" and span.get("type") == "change":
                _change_pedal(direction, span)
            elif span.get("type") not in types:
                _remove(span)
    for kind_element in direction.findall("direction-type"):
        if len(kind_element) == 0:
            _remove(kind_element)
    if direction.find("direction-type") is None:
        sound = direction.find("sound")
        if sound is None:
            _remove(direction)
        else:
            kind_element = etree.Element("direction-type")
            etree.SubElement(kind_element, "words")
            direction.insert(0, kind_element)
    for words in direction.findall("direction-type/words"):
        if "default-y" in words.attrib:
            del words.attrib["default-y"]


def _metronome(metronome: "_Element") -> None:
    """Reduce a metronome mark to a beat unit and a number; without a number it goes."""
    minute = metronome.find("per-minute")
    number = re.search(r"\d+(?:\.\d+)?", minute.text or "") if minute is not None else None
    unit = metronome.findtext("beat-unit", "")
    if minute is None or number is None or float(number[0]) <= 0:
        _remove(metronome)
        return
    value = float(number[0])
    if unit not in _BEATS and unit in _LENGTHS:
        element = metronome.find("beat-unit")
        if element is not None:
            element.text = "quarter"
            value *= _LENGTHS[unit]
    minute.text = f"{value:g}"


def _change_pedal(direction: "_Element", span: "_Element") -> None:
    """A pedal change becomes an up in this direction and a down in one straight after it."""
    again = etree.fromstring(etree.tostring(direction))
    again.tail = None
    span.set("type", "stop")
    for other in again.findall("direction-type"):
        if other.find("pedal") is None:
            _remove(other)
    sound = again.find("sound")
    if sound is not None:
        _remove(sound)
    for pedal in again.iter("pedal"):
        pedal.set("type", "start")
    direction.addnext(again)


def _remove(element: "_Element") -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)

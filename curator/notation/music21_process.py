"""Entry point of the second reader's subprocess: one JSON object on stdin, one on stdout, then the process ends.

music21 runs here and nowhere else. The file is started by path under `python -I`, so it imports nothing of the
project and reads scores in its own way.

In:  {"musicxml": str, "parts": [id, ...]}: the parts that are counted, each with all its staves.
Out: {"reader": str, "staves": int, "bars": [[[onset, midi, length], ...], ...]}, times in whole notes as "n/d".
"""

import json
import sys
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

import music21
from music21 import harmony, note, stream
from music21.musicxml.xmlToM21 import MusicXMLImporter


def count(request: dict[str, Any]) -> dict[str, Any]:
    """Read one score and count it; see the module's text for both objects."""
    importer = MusicXMLImporter()
    importer.xmlText = _asked_for(request["musicxml"], request["parts"])
    importer.parseXMLText()
    bars: list[list[tuple[str, int, str]]] = []
    parts = list(importer.stream.parts)  # one a staff
    for part in parts:
        for place, measure in enumerate(part.getElementsByClass(stream.Measure)):
            if place == len(bars):
                bars.append([])
            for holder in (measure, *measure.voices):
                start = 0 if holder is measure else holder.offset
                for sound in holder.getElementsByClass(note.NotRest):
                    if isinstance(sound, harmony.Harmony):
                        continue  # a chord symbol, which music21 takes for a chord
                    for tone in sound.notes if sound.isChord else (sound,):
                        if isinstance(tone, note.Note) and not tone.style.hideObjectOnPrint:
                            onset, length = start + sound.offset, sound.quarterLength
                            bars[place].append((_whole_notes(onset), tone.pitch.midi, _whole_notes(length)))
    return {"reader": f"music21 {music21.__version__}", "staves": len(parts), "bars": bars}


def _asked_for(musicxml: str, wanted: list[str]) -> str:
    """The score with these parts alone and with cue notes hidden, which music21 would take for played ones."""
    root = ElementTree.fromstring(musicxml)  # noqa: S314 (has passed the gate: no entities, bounded)
    for part in root.findall("part"):
        if part.get("id") not in wanted:
            root.remove(part)
    listed = root.find("part-list")
    for entry in root.findall("part-list/score-part"):
        if listed is not None and entry.get("id") not in wanted:
            listed.remove(entry)
    for element in root.iter("note"):
        if element.find("cue") is not None:
            element.set("print-object", "no")
    return ElementTree.tostring(root, encoding="unicode")


def _whole_notes(quarters: Any) -> str:
    return str(Fraction(quarters).limit_denominator(100_000) / 4)


if __name__ == "__main__":
    answer = count(json.loads(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(json.dumps(answer).encode())

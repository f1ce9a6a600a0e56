"""A hash of what is heard: the same for two files of one piece however they are laid out."""

import hashlib
from collections.abc import Callable
from fractions import Fraction

from curator.notation.musicxml import measures_of, read_xml

_SEMITONE = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def fingerprint(musicxml: bytes) -> str:
    """SHA-256 over the notes of a score: bar, onset, pitch and sounding length, whatever voice or divisions.

    Spelling, layout, texts, voice numbers, staves and the units of time leave it unchanged; ties are
    joined inside a bar only, so a tied note equals a long one written out in one bar.
    """
    notes: list[tuple[int, Fraction, int, Fraction]] = []
    for part in read_xml(musicxml).findall("part"):
        for measure in measures_of(part):
            here: dict[tuple[Fraction, int], Fraction] = {}
            for event in measure.events:
                if not event.pitched:
                    continue
                pitch = _midi(event.element.findtext)
                tied = any(tie.get("type") == "stop" for tie in event.element.findall("tie"))
                before = next((k for k, end in here.items() if tied and k[1] == pitch and end == event.onset), None)
                key = before or (event.onset, pitch)
                here[key] = max(here.get(key, Fraction(0)), event.onset + event.length)
            notes += [(measure.place, onset, pitch, end - onset) for (onset, pitch), end in here.items()]
    text = "\n".join(f"{bar} {onset} {pitch} {length}" for bar, onset, pitch, length in sorted(notes))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _midi(find: Callable[[str], str | None]) -> int:
    alter = round(float(find("pitch/alter") or 0))
    return 12 * (int(find("pitch/octave") or 0) + 1) + _SEMITONE[(find("pitch/step") or "C").strip()] + alter

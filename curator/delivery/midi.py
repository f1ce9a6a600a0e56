"""The companion MIDI of a delivered score: type 1, 480 ticks a quarter, as the client's contract wants it (item 11).

Track 0 holds name, tempi, metres, keys and markers; then come "Piano RH" and "Piano LH" on the first channel, each with
the sustain pedal (CC64), which the client loses on its way from MusicXML.
"""

import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import mido
from lxml import etree

from curator.delivery.measures import divisions_of, read_measure
from curator.delivery.musicxml import Exported
from curator.delivery.score import Direction
from curator.notation.musicxml import read_xml
from curator.rendering.performance import perform

TICKS = 480
HANDS = {1: "Piano RH", 2: "Piano LH"}
REPEDALLING = 30
"""Ticks that the foot stays up between two pedals: a 64th note, long enough to be heard as a new one."""

_SUSTAIN = 64
_UP, _DOWN = 0, 127
_KEYS = ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"]
_MINOR = ["Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#"]

Timed = tuple[int, int, mido.Message | mido.MetaMessage]
"""(tick, order within the tick, event)"""


@dataclass(frozen=True)
class Marker:
    """A word at a moment of the music, quarter notes from bar 1; before the music it stands at its beginning."""

    quarters: Fraction
    text: str


def companion_midi(exported: Exported, *, title: str, markers: Iterable[Marker] = ()) -> bytes:
    """The MIDI file of a delivered score. Velocities follow its dynamics, hairpins and accents."""
    end = _tick(exported.quarters)
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    file.tracks.append(_track(title, _conductor(exported, markers, end), end))
    velocities = _velocities(exported.musicxml)
    pedal = _pedal(exported.signs, end)
    for staff, name in HANDS.items():
        file.tracks.append(_track(name, [*pedal, *_notes(exported, staff, velocities)], end))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _tick(quarters: Fraction) -> int:
    return max(0, round(quarters * TICKS))


def _track(name: str, events: Iterable[Timed], end: int) -> mido.MidiTrack:
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=_latin(name))])
    now = 0
    for tick, _order, event in sorted(events, key=lambda timed: timed[:2]):
        track.append(event.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=max(0, end - now)))
    return track


def _latin(text: str) -> str:
    """The text as the file can hold it: Latin letters with their accents, others as near as they come."""
    known = "".join(
        letter if ord(letter) < 256 else unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
        for letter in " ".join(text.replace("–", "-").replace("—", "-").split())
    )
    return " ".join(known.split())


def _conductor(exported: Exported, markers: Iterable[Marker], end: int) -> list[Timed]:
    events: list[Timed] = []
    tempo = metre = key = None
    sections = {section.bar: section for section in exported.tempo.sections}
    for number, measure in enumerate(exported.measures, 1):
        tick = _tick(measure.start)
        section = sections.get(number)
        if section is not None and section.tempo != tempo:
            tempo = section.tempo
            events.append((tick, 0, mido.MetaMessage("set_tempo", tempo=round(60_000_000 / tempo))))
        if measure.metre != metre:
            metre = measure.metre
            signature = {"numerator": metre.beats, "denominator": metre.beat_type}
            events.append((tick, 1, mido.MetaMessage("time_signature", **signature)))
        if measure.key != key:
            key = measure.key
            name = f"{_MINOR[key.fifths + 7]}m" if key.mode == "minor" else _KEYS[key.fifths + 7]
            events.append((tick, 2, mido.MetaMessage("key_signature", key=name)))
    for marker in markers:
        at = min(_tick(marker.quarters), end)
        events.append((at, 3, mido.MetaMessage("marker", text=_latin(marker.text))))
    return events


def _notes(exported: Exported, staff: int, velocities: dict[tuple[Fraction, int, int], int]) -> list[Timed]:
    """Key down and up of one hand. No note is shorter than a tick, and no key goes down while it is down."""
    events: list[Timed] = []
    by_key: dict[int, list[tuple[int, int, int]]] = {}
    for tone in exported.tones:
        if tone.staff == staff:
            key = min(127, max(0, round(tone.pitch.midi)))
            velocity = velocities[tone.start, staff, round(tone.pitch.midi)]
            by_key.setdefault(key, []).append((_tick(tone.start), _tick(tone.end), velocity))
    for key, struck in by_key.items():
        free = 0
        struck.sort()
        for place, (down, up, velocity) in enumerate(struck):
            following = struck[place + 1][0] if place + 1 < len(struck) else up
            start = max(down, free)
            free = max(start + 1, min(up, following) if following > start else up)
            events.append((start, 3, mido.Message("note_on", note=key, velocity=velocity)))
            events.append((free, 0, mido.Message("note_off", note=key, velocity=64)))
    return events


def _velocities(musicxml: bytes) -> dict[tuple[Fraction, int, int], int]:
    """(onset in quarters, staff, key) -> velocity, as the house's own player strikes the same file."""
    root = read_xml(musicxml)
    perform(root)
    divisions = divisions_of(root)
    found: dict[tuple[Fraction, int, int], int] = {}
    start = Fraction(0)
    for measure in root.iter("measure"):
        placed, length_of_bar = read_measure(measure, divisions)
        for note, onset, _length in placed:
            if note.find("pitch") is not None:
                place = (start + onset, int(note.findtext("staff") or "1"), _key_of(note))
                found[place] = round(float(note.attrib["dynamics"]) * 0.9)
        start += length_of_bar
    return found


_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def _key_of(note: etree._Element) -> int:
    alter = Fraction(note.findtext("pitch/alter") or "0")
    octave = int(note.findtext("pitch/octave") or "4")
    return round((octave + 1) * 12 + _STEPS[note.findtext("pitch/step") or "C"] + alter)


def _pedal(signs: Sequence[Direction], end: int) -> list[Timed]:
    """CC64 from the pedal marks of both staves: one foot, down as long as one of them wants it."""
    spans: list[tuple[int, int]] = []
    down: dict[tuple[int, str], int] = {}
    for sign in signs:
        if sign.kind != "pedal":
            continue
        place, tick = (sign.staff, sign.number), min(_tick(sign.onset), end)
        if sign.value in ("stop", "change") and place in down:
            spans.append((down.pop(place), tick))
        if sign.value in ("start", "change"):
            down[place] = tick
    events: list[Timed] = []
    until: int | None = None
    for first, last in _joined(spans):
        at = first
        if until is not None and first - until < REPEDALLING:
            at = max(first, min(until + REPEDALLING, last - 1))
        events.append((at, 2, mido.Message("control_change", control=_SUSTAIN, value=_DOWN)))
        events.append((last, 1, mido.Message("control_change", control=_SUSTAIN, value=_UP)))
        until = last
    return events


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans in order, those that overlap as one; two that only touch stay two."""
    result: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if result and first < result[-1][1]:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        elif first < last:
            result.append((first, last))
    return result

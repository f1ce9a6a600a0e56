"""music21 reads the delivered files and must hear what was meant: onsets, lengths, pitches, staves, tempo."""

from fractions import Fraction

import music21
import pytest

from curator.delivery.musicxml import export
from curator.delivery.source import read_source
from curator.delivery.timeline import lay_out
from curator.delivery.tones import join_ties
from tests.curator.delivery.scores import GOLDEN, SHEET

Heard = list[tuple[Fraction, Fraction, int, int]]


def _ours(musicxml: bytes) -> Heard:
    bars = read_source(musicxml).bars
    tones = join_ties(lay_out(bars, range(len(bars))).events)
    return sorted((tone.start, tone.end, int(tone.pitch.midi), tone.staff) for tone in tones)


def _theirs(musicxml: bytes) -> tuple[Heard, list[tuple[float, float]]]:
    """Notes and tempo marks; tied notes are joined here, for music21's own joining leaves chords apart."""
    score = music21.converter.parseData(musicxml.decode(), format="musicxml")
    pieces = sorted(
        (_exact(event.offset), _exact(event.offset + event.quarterLength), note.pitch.midi, staff, _tie(note))
        for staff, part in enumerate(score.parts, 1)
        for event in part.flatten().notes
        for note in (event.notes if event.isChord else [event])
    )
    heard: Heard = []
    waiting: dict[tuple[Fraction, int, int], int] = {}
    for start, end, pitch, staff, tie in pieces:
        place = waiting.pop((start, pitch, staff), None) if tie in ("stop", "continue") else None
        if place is None:
            place = len(heard)
            heard.append((start, end, pitch, staff))
        else:
            heard[place] = (heard[place][0], end, pitch, staff)
        if tie in ("start", "continue"):
            waiting[end, pitch, staff] = place
    marks = score.flatten().getElementsByClass(music21.tempo.MetronomeMark)
    return sorted(heard), [(float(mark.offset), float(mark.number)) for mark in marks]


def _exact(quarters: float | Fraction) -> Fraction:
    return Fraction(quarters).limit_denominator(10_000)


def _tie(note) -> str:
    return note.tie.type if note.tie else ""


@pytest.mark.parametrize("name", ["converter_road", "converter_tuplets", "plain"])
def test_music21_hears_what_was_meant(name):
    delivered = export((GOLDEN / f"{name}.musicxml").read_bytes(), SHEET)
    heard, tempos = _theirs(delivered)
    assert heard == _ours(delivered)
    assert tempos == [(0.0, 66.5)]

"""Others read the delivered files and must hear what was meant: music21, and MuseScore where it is installed."""

import io
from fractions import Fraction
from pathlib import Path

import mido
import pytest

from curator.delivery.midi import companion_midi
from curator.delivery.musicxml import Exported, export_with_account
from curator.delivery.source import read_source
from curator.notation.road import play_order
from tests import musescore
from tests.curator.delivery.scores import GOLDEN, SHEET, back, score, voice
from tests.heard import Heard, Tone, differences, heard

NAMES = ["converter_road", "converter_tuplets", "plain"]


def _exported(name: str) -> Exported:
    return export_with_account((GOLDEN / f"{name}.musicxml").read_bytes(), SHEET)


@pytest.mark.parametrize("name", NAMES)
def test_music21_hears_what_was_meant(name):
    exported = _exported(name)
    found = heard(exported.musicxml)
    meant = [Tone(tone.start, tone.end, int(tone.pitch.midi), tone.staff) for tone in exported.tones]
    assert found == Heard(tuple(sorted(meant)), (), ((0.0, 66.5),))


@pytest.mark.parametrize("name", ["converter_road", "plain"])
def test_music21_hears_the_source_in_the_delivered_file(name):
    source = (GOLDEN / f"{name}.musicxml").read_bytes()
    order = play_order([bar.road for bar in read_source(source).bars])  # music21 will not expand this D.S.
    assert differences(heard(source, order=order), heard(_exported(name).musicxml)) == []


def test_a_unison_beside_a_grace_note_is_struck_once():
    source = score(
        voice("D5:g C5:32 E5:32")
        + back(64)
        + voice("C5:64", number="2")
        + back(64)
        + voice("C3:64", number="5", staff=2)
    )
    exported = export_with_account(source, SHEET)
    assert differences(heard(source), heard(exported.musicxml)) == []
    assert (exported.account.written, exported.account.merged, exported.account.delivered) == (5, 1, 4)


def _tone(start: int, end: int, key: int = 60, staff: int = 1) -> Tone:
    return Tone(Fraction(start), Fraction(end), key, staff)


@pytest.mark.parametrize(
    ("before", "after", "troubles"),
    [
        ([(0, 4), (4, 8)], [(0, 4), (4, 8)], 0),
        ([(0, 4), (4, 8)], [(0, 4)], 1),
        ([(0, 4)], [(0, 4), (4, 8)], 1),
        ([(0, 4)], [(0, 3)], 2),
        ([(0, 4, 60, 1)], [(0, 4, 61, 1)], 2),
        ([(0, 4, 60, 1)], [(0, 4, 60, 2)], 2),
        ([(0, 8), (4, 12)], [(0, 4), (4, 12)], 0),
        ([(0, 8, 60, 2), (0, 4, 60, 1)], [(0, 8, 60, 2)], 0),
    ],
)
def test_the_judge_sees_what_is_lost_new_or_otherwise(before, after, troubles):
    source, delivered = (Heard(tuple(sorted(_tone(*told) for told in tones))) for tones in (before, after))
    assert len(differences(source, delivered)) == troubles


def test_the_judge_lets_a_grace_note_take_time_from_its_neighbour_only():
    source = Heard((_tone(0, 4),), (_tone(0, 0, 62),))
    kept = Tone(Fraction(1, 8), Fraction(4), 60, 1)
    sounded = Tone(Fraction(0), Fraction(1, 8), 62, 1)
    assert differences(source, Heard((kept, sounded))) == []
    assert differences(source, Heard((kept,))) == [f"grace lost {_tone(0, 0, 62)}"]
    assert len(differences(source, Heard((sounded,)))) == 1
    assert len(differences(source, Heard((Tone(Fraction(3), Fraction(4), 60, 1), sounded)))) == 2


@pytest.mark.skipif(musescore.PROGRAM is None, reason=musescore.MISSING)
@pytest.mark.parametrize("name", NAMES)
def test_musescore_plays_the_same_notes_for_the_same_time(name, tmp_path: Path):
    exported = _exported(name)
    theirs = mido.MidiFile(file=io.BytesIO(musescore.to_midi(exported.musicxml, tmp_path)))
    ours = mido.MidiFile(file=io.BytesIO(companion_midi(exported, title="1m1")))
    assert [_struck(track) for track in theirs.tracks[1:]] == [_struck(track) for track in ours.tracks[1:]]
    ends = {round(sum(event.time for event in track) / 480, 1) for track in theirs.tracks[1:]}
    assert ends == {float(exported.quarters)}


def _struck(track: mido.MidiTrack) -> list[tuple[float, int]]:
    now, struck = 0, []
    for event in track:
        now += event.time
        if event.type == "note_on" and event.velocity > 0:
            struck.append((round(now / 480, 2), event.note))
    return sorted(struck)

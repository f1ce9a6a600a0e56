"""music21 counts what we counted; where it cannot, nothing breaks."""

import pytest

from curator.notation import second_reader
from curator.notation.intake import read_score
from curator.notation.musicxml import measures_of, read_xml
from curator.notation.second_reader import read_again
from curator.notation.tally import compare, tally_of_measures
from tests.curator.notation.scores import needs_shared, note, satie, two_staff


def ours(name: str, data: bytes):
    intake = read_score(name, data)
    part = read_xml(intake.musicxml).find("part")
    assert part is not None
    return intake, tally_of_measures(measures_of(part))


def test_it_reads_notes_bars_and_staves_as_we_do():
    intake, tally = ours("a.xml", two_staff(3))
    found = read_again(intake.original, intake.parts)
    assert found is not None
    assert found.reader.startswith("music21 ")
    assert (found.tally.staves, len(found.tally.bars), found.tally.notes) == (2, 3, 9)
    assert compare(tally, found.tally).none


def test_hidden_and_cue_notes_and_rests_are_not_counted():
    cue = note("E", 4, 2, 2, 1).replace("<note>", "<note><cue/>")
    hidden = note("G", 4, 2, 2, 1).replace("<note>", '<note print-object="no">')
    chord = note("C", 5, 2, 2, 1) + note("G", 5, 2, 2, 1).replace("<note>", '<note print-object="no"><chord/>')
    back = "<backup><duration>6</duration></backup>"
    data = two_staff(1).replace(b"</measure>", f"{back}{cue}{hidden}{chord}</measure>".encode())
    intake, tally = ours("a.xml", data)
    found = read_again(intake.original, intake.parts)
    assert found is not None
    assert (tally.notes, found.tally.notes) == (4, 4)
    assert compare(tally, found.tally).none


def test_chord_symbols_are_no_notes():
    symbol = "<harmony><root><root-step>C</root-step></root><kind>major</kind></harmony><note>"
    intake, tally = ours("a.xml", two_staff(1).replace(b"<note>", symbol.encode(), 1))
    found = read_again(intake.original, intake.parts)
    assert found is not None
    assert compare(tally, found.tally).none


def test_a_score_it_cannot_read_is_none():
    assert read_again(b"<score-partwise><nonsense", ["P1"]) is None


def test_a_score_that_takes_too_long_is_none(monkeypatch):
    monkeypatch.setattr(second_reader, "SECONDS", 0.05)
    assert read_again(two_staff(), ["P1"]) is None


@needs_shared
@pytest.mark.parametrize("name", ["mutopia_croquis_1_tyrolienne_turque.musicxml", "openscore_song_Tendrement.mxl"])
def test_it_agrees_on_satie(name):
    intake, tally = ours(name, satie(name))
    found = read_again(intake.original, intake.parts)
    assert found is not None
    assert compare(tally, found.tally).none

"""The one judgement of a piece."""

import pytest

from curator.notation.validity import Verdict, validity
from tests.curator.notation.scores import HEADER, PIECE, two_staff

TWO_STAFF = HEADER.replace("4/4", "3/4").replace("Dmin", "C") + "[V:1]c4 d2|[V:2]C,6|\n" * 2


def test_valid():
    assert validity(PIECE) == Verdict(True, "", 3, 36, (), True)


def test_valid_with_an_upbeat_and_its_complement():
    body = "[V:1]c2|[V:2]z2|\n[V:1]c8|[V:2]C8|\n[V:1]c6|]"
    assert validity(HEADER + body + "[V:2]C6|]\n") == Verdict(True, "", 3, 5, (), True)


def test_free_time_asks_only_that_the_voices_agree():
    assert validity(HEADER.replace("4/4", "none") + "[V:1]c7|[V:2]C7|\n").valid


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("[V:1]c8|[V:2]C6|\n", "Bar 1: voice 2 is 3/4 long, another voice 1/1."),
        ("[V:1]c8|\n", "Bar 1: voice 2 is missing."),
        ("[V:1]c8|[V:2]z8|\n", "Staff 2 has no note at all."),
        ("[V:1]c7|[V:2]C7|\n", "Bar 1 is 7/8 long, but the metre is 4/4."),
        ("[V:1]c8|[V:2]C8|\n[V:1]c9|[V:2]C9|\n", "Bar 2 is 9/8 long, but the metre is 4/4."),
        ("[V:1]c8 ?|[V:2]C8|\n", "Bar 1: '?|[V:2]C8|' at column 9 is not music."),
    ],
)
def test_what_is_wrong_is_said(body, reason):
    verdict = validity(HEADER + body)
    assert (verdict.valid, verdict.reason) == (False, reason)


def test_bars_off_the_metre_are_named_and_importable():
    verdict = validity(HEADER + "[V:1]c8|[V:2]C8|\n[V:1]c9|[V:2]C9|\n[V:1]c8|[V:2]C8|\n")
    assert (verdict.valid, verdict.irregular, verdict.importable) == (False, (2,), True)


def test_one_staff_is_no_piano():
    text = "L:1/8\nM:4/4\nK:C\nV:1 treble\n[V:1]c8|\n"
    assert validity(text).reason == "The piece has one staff only; a piano piece has two."


def test_same_notes_as_musicxml():
    assert validity(TWO_STAFF, musicxml=two_staff(2)).valid
    assert validity(TWO_STAFF, convert=lambda _: two_staff(2)).valid


@pytest.mark.parametrize(
    ("musicxml", "reason"),
    [
        (two_staff(3), "The score has 2 bars, its MusicXML 3."),
        (two_staff(2).replace(b"<pitch><step>D</step><octave>5</octave></pitch>", b"<rest/>", 1), "Bar 1 has 3 notes"),
        (b"<no", "The XML is damaged"),
    ],
)
def test_a_lost_note_is_noticed(musicxml, reason):
    verdict = validity(TWO_STAFF, musicxml=musicxml)
    assert not verdict.valid
    assert verdict.reason.startswith(reason)

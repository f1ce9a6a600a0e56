"""What is counted, and how a difference is told."""

from fractions import Fraction

from curator.notation.abc import parse
from curator.notation.musicxml import read_xml
from curator.notation.tally import Tally, Tone, compare, tally_of_parts, tally_of_text
from tests.curator.notation.scores import HEADER, two_staff

C, D = (Tone(Fraction(0), midi, Fraction(1, 4)) for midi in (60, 62))


def moved(tone: Tone, by: Fraction) -> Tone:
    return tone._replace(onset=tone.onset + by)


def test_both_of_our_readers_count_notes_bars_and_staves():
    half, quarter, dotted = Fraction(1, 2), Fraction(1, 4), Fraction(3, 4)
    bar = (Tone(Fraction(0), 72, half), Tone(half, 74, quarter), Tone(Fraction(0), 48, dotted))
    assert tally_of_parts(read_xml(two_staff(2))) == Tally(2, (bar, bar))
    text = HEADER.replace("M:4/4", "M:3/4").replace("Dmin", "C") + "[V:1]c4 d2|[V:2]C,6|\n" * 2
    assert tally_of_text(parse(text)) == Tally(2, (bar, bar))
    assert tally_of_text(parse(text)).notes == 6


def test_grace_notes_are_counted_and_alterations_heard():
    text = HEADER + "[V:1]{/a}B4 ^c4|[V:2]C,8|\n"
    assert [(tone.midi, str(tone.length)) for tone in tally_of_text(parse(text)).bars[0]] == [
        (81, "0"),
        (70, "1/2"),
        (73, "1/2"),
        (48, "1"),
    ]


def test_a_difference_says_how_many_notes_and_where():
    before = Tally(2, ((C, D), (C,), (D,)))
    assert compare(before, before).none
    one = compare(before, Tally(2, ((C, D), (D,), (D,))))
    assert (one.notes, one.bars, one.sentences()) == (1, (2,), ("1 of 4 notes differ, bar 2.",))
    two = compare(before, Tally(2, ((D,), (C,), (D, D))))
    assert two.sentences() == ("2 of 4 notes differ, bars 1, 3.",)
    many = compare(Tally(2, ((C,),) * 12), Tally(2, ((D,),) * 12))
    assert many.sentences() == ("12 of 12 notes differ, bars 1, 2, 3, 4, 5, 6, 7, 8 ….",)


def test_bars_and_staves_that_are_lost_are_told_first():
    lost = compare(Tally(2, ((C,), (D,))), Tally(1, ((C,),)))
    assert lost.sentences() == (
        "The file has 2 bars, the text 1.",
        "The file has 2 staves, the text 1.",
        "1 of 2 notes differ, bar 2.",
    )
    assert not lost.none


def test_rounded_times_are_the_same_note_and_grace_notes_are_not():
    third = Tone(Fraction(1, 12), 60, Fraction(1, 12))
    rounded = Tone(Fraction("0.08333"), 60, Fraction("0.0833"))
    assert compare(Tally(1, ((third,),)), Tally(1, ((rounded,),))).none
    assert compare(Tally(1, ((C,),)), Tally(1, ((moved(C, Fraction(1, 64)),),))).notes == 1
    grace = C._replace(length=Fraction(0))
    short = C._replace(length=Fraction(1, 512))
    assert compare(Tally(1, ((grace,),)), Tally(1, ((short,),))).notes == 1

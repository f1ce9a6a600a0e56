from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from curator.delivery.score import Metre, Pitch
from curator.delivery.spelling import Accidentals, Value, beam_words, beat_length, spell


def _words(values: tuple[Value, ...]) -> list[str]:
    return [value.type + "." * value.dots for value in values]


def test_spell_writes_plain_dotted_and_tied_lengths():
    assert _words(spell(Fraction(3), (1, 1))) == ["half."]
    assert _words(spell(Fraction(7, 2), (1, 1))) == ["half.."]
    assert _words(spell(Fraction(5, 2), (1, 1))) == ["half", "eighth"]
    assert _words(spell(Fraction(31, 8), (1, 1))) == ["half.", "eighth.."]
    assert spell(Fraction(2, 3), (2, 3)) == (Value(Fraction(2, 3), "quarter", 0, (2, 3)),)


def test_spell_makes_a_tuplet_where_the_given_one_does_not_fit():
    assert spell(Fraction(1, 15), (2, 3)) == (Value(Fraction(1, 15), "32nd", 0, (8, 15)),)
    assert spell(Fraction(1, 2), (1, 2)) == (Value(Fraction(1, 2), "eighth", 0, (1, 1)),)


@given(
    numerator=st.integers(1, 200),
    denominator=st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 20, 24, 28, 35, 96]),
    ratio=st.sampled_from([(1, 1), (2, 3), (4, 5), (4, 7), (1, 2)]),
)
def test_spell_lasts_exactly_as_long_as_asked(numerator, denominator, ratio):
    length = Fraction(numerator, denominator)
    assert sum(value.length for value in spell(length, ratio)) == length


def test_beam_words_join_flags_within_a_beat_and_stop_at_rests():
    values = {name: spell(Fraction(length), (1, 1))[0] for name, length in (("8", "1/2"), ("16", "1/4"), ("4", "1"))}
    notes = [
        (Fraction(0), values["8"]),
        (Fraction(1, 2), values["16"]),
        (Fraction(3, 4), values["16"]),
        (Fraction(1), values["4"]),
        (Fraction(2), values["8"]),
        (Fraction(5, 2), None),
        (Fraction(3), values["8"]),
        (Fraction(7, 2), values["8"]),
    ]
    assert beam_words(notes, Fraction(1)) == [
        ("begin",),
        ("continue", "begin"),
        ("end", "end"),
        (),
        (),
        (),
        ("begin",),
        ("end",),
    ]
    dotted = spell(Fraction(3, 4), (1, 1))[0]
    assert beam_words([(Fraction(0), dotted), (Fraction(3, 4), values["16"])], Fraction(1)) == [
        ("begin",),
        ("end", "backward hook"),
    ]


def test_beat_length_is_a_dotted_beat_in_compound_metres():
    assert [beat_length(Metre(*m)) for m in ((4, 4), (3, 4), (6, 8), (12, 8), (3, 8), (5, 8), (2, 2))] == [
        1,
        1,
        Fraction(3, 2),
        Fraction(3, 2),
        Fraction(3, 2),
        1,
        1,
    ]


def test_accidentals_stand_once_a_bar_and_undo_the_key():
    memory = Accidentals(2)
    f, f_sharp, c_sharp = (
        Pitch("F", Fraction(0), 4),
        Pitch("F", Fraction(1), 4),
        Pitch("C", Fraction(1), 5),
    )
    assert [memory.needed(pitch) for pitch in (f_sharp, c_sharp, f, f, f_sharp)] == [
        None,
        None,
        "natural",
        None,
        "sharp",
    ]
    assert Accidentals(-3).needed(Pitch("A", Fraction(-1), 3)) is None

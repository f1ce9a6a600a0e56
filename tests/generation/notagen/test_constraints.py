from fractions import Fraction

import pytest

from generation.notagen.constraints import Constraints
from generation.notagen.guard import Guard


def guard(*, key: str = "C", tempo: float = 60, **asked) -> Guard:
    return Guard(metre=Fraction(3, 4), key=key, tempo=tempo, constraints=Constraints(**asked))


@pytest.mark.parametrize(
    ("asked", "line", "refusal"),
    [
        ({}, "[V:1]c6|[V:2]C,,,,6|", "stay on the keyboard"),
        ({}, "[V:1]d''''6|[V:2]C,6|", "stay on the keyboard"),
        ({}, "[V:1]c'''6|[V:2]A,,,,6|", ""),
        ({"lowest": 48}, "[V:1]c6|[V:2]B,,6|", "stay in its register"),
        ({"lowest": 48}, "[V:1]c6|[V:2]C,6|", ""),
        ({"highest": 72}, "[V:1]{d}c6|[V:2]C,6|", "stay in its register"),
        ({"highest": 72}, "[V:1]^c6|", "stay in its register"),
        ({"highest": 72}, "[V:1]c6|", ""),
        ({"density": 1}, "[V:1]c2c2c2|[V:2]C,6|", "stay as sparse as asked"),
        ({"density": 1}, "[V:1]c2c2c2-|", ""),
        ({"hands": True}, "[V:1]c6|[V:2][C,E]6|", ""),
        ({"hands": True}, "[V:1]c6|[V:2][C,F]6|", "lie under two hands"),
        ({"hands": True}, "[V:1]c6|[V:2][C,D,E,F,G,A,]6|", "lie under two hands"),
        ({"hands": True}, "[V:1]c6|[V:2]C,2F4|", ""),
    ],
)
def test_a_line_keeps_what_is_asked(asked, line, refusal):
    assert guard(**asked).refusal(line, last=False) == refusal


def test_strokes_of_a_hand_are_counted_by_the_second():
    line = "[V:1]" + "c/d/" * 6 + "|[V:2]C,6|"
    assert guard(hands=True).refusal(line, last=False) == ""
    assert guard(hands=True, tempo=160).refusal(line, last=False) == "lie under two hands"


@pytest.mark.parametrize(
    ("key", "line", "refusal"),
    [
        ("C", "[V:1]e6|][V:2]C,6|]", ""),
        ("C", "[V:1]c6|][V:2]E,6|]", "end on the tonic"),
        ("Bbmin", "[V:1]d6|][V:2]B,,6|]", ""),
        ("F#", "[V:1]a6|][V:2]F,6|]", ""),
        ("C", "[V:1]z6|][V:2]z6|]", "end on the tonic"),
    ],
)
def test_the_lowest_note_of_the_last_bar_is_the_tonic(key, line, refusal):
    assert guard(key=key, tonic=True).refusal(line, last=True) == refusal
    assert guard(key=key, tonic=True).refusal(line.replace("|]", "|"), last=False) == ""


def test_the_key_in_force_is_that_of_the_lines_before():
    before = ["[V:1][K:D]d6|[V:2][K:D]D,6|", "[V:1]d6|[V:2]D,6|"]
    asked = guard(tonic=True, highest=73)
    assert asked.refusal("[V:1]c6|][V:2]D,6|]", last=True, before=before) == ""
    assert asked.refusal("[V:1]c6|][V:2]D,6|]", last=True) == "end on the tonic"
    assert guard(highest=72).refusal("[V:1]c6|", last=False, before=before) == "stay in its register"
    assert guard(highest=72).refusal("[V:1]c6|", last=False) == ""


def test_an_accidental_is_tied_over_the_barline():
    asked = guard(highest=72)
    assert asked.refusal("[V:1]c6|", last=False, before=["[V:1]^c6-|"]) == "stay in its register"


@pytest.mark.parametrize("asked", [{"lowest": 10}, {"highest": 200}, {"lowest": 60, "highest": 65}, {"density": 0}])
def test_constraints_that_nothing_keeps_are_refused(asked):
    with pytest.raises(ValueError, match=r"register|density"):
        Constraints(**asked)

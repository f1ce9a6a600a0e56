from fractions import Fraction

from curator.delivery.score import Direction, Key, Mark, Metre, Pitch
from curator.delivery.staffsigns import accent_sforzati, match_slurs, staff_signs
from curator.delivery.timeline import Measure
from curator.delivery.tones import Tone

MEASURES = tuple(Measure(Fraction(4 * i), Metre(4, 4), Key(0)) for i in range(3))


def _d(onset: int, staff: int, kind: str, value: str, number: str = "1") -> Direction:
    return Direction(Fraction(onset), staff, kind, value, number=number)


def _told(*directions: Direction) -> list[tuple[int, int, str]]:
    signs = staff_signs(directions, MEASURES, dynamic="mp")
    return [(int(sign.onset), sign.staff, sign.value) for sign in signs]


def _tone(start: int, end: int, *marks: tuple[int, Mark]) -> Tone:
    where = tuple((Fraction(when), mark) for when, mark in marks)
    return Tone(Fraction(start), Fraction(end), Pitch("C", Fraction(0), 4), 1, (0, 1, "1"), (), where)


def test_both_staves_begin_with_a_dynamic_mark():
    assert _told() == [(0, 1, "mp"), (0, 2, "mp")]
    assert _told(_d(0, 1, "dynamics", "pp")) == [(0, 1, "pp"), (0, 2, "pp")]


def test_a_mark_goes_to_the_other_staff_unless_that_has_its_own_in_the_bar():
    marks = (
        _d(0, 1, "dynamics", "p"),
        _d(4, 1, "dynamics", "f"),
        _d(9, 1, "dynamics", "mf"),
        _d(10, 2, "dynamics", "pp"),
    )
    assert _told(*marks) == [
        *[(0, 1, "p"), (0, 2, "p"), (4, 1, "f"), (4, 2, "f")],
        *[(9, 1, "mf"), (9, 2, "f"), (10, 1, "mf"), (10, 2, "pp")],
    ]


def test_levels_outside_the_contracts_steps_become_the_outermost_ones():
    assert _told(_d(0, 2, "dynamics", "ppp"), _d(4, 1, "dynamics", "ffff")) == [
        *[(0, 1, "pp"), (0, 2, "pp"), (4, 1, "ff"), (4, 2, "ff")],
    ]


def test_a_level_in_force_is_not_said_again():
    assert _told(_d(0, 1, "dynamics", "p"), _d(4, 1, "dynamics", "p")) == [(0, 1, "p"), (0, 2, "p")]


def test_spans_need_both_ends():
    spans = (
        _d(0, 2, "pedal", "start"),
        _d(4, 2, "pedal", "stop"),
        _d(4, 2, "pedal", "start"),
        _d(5, 1, "wedge", "stop"),
    )
    assert _told(*spans)[2:] == [(0, 2, "start"), (4, 2, "stop")]


def test_a_sforzato_becomes_an_accent_on_the_notes_it_hits():
    accent = Mark("articulations", "accent")
    tones = (_tone(0, 1), _tone(1, 2))
    assert accent_sforzati(tones, [_d(1, 1, "dynamics", "sfz")]) == (_tone(0, 1), _tone(1, 2, (1, accent)))
    assert _told(_d(1, 1, "dynamics", "sfz")) == [(0, 1, "mp"), (0, 2, "mp")]


def test_slurs_need_both_ends():
    start, stop = Mark("slur", "start", "1"), Mark("slur", "stop", "1")
    whole = (_tone(0, 1, (0, start)), _tone(1, 2, (1, stop)))
    assert match_slurs(whole) == whole
    assert match_slurs((_tone(0, 1, (0, stop)), _tone(1, 2, (1, start)))) == (_tone(0, 1), _tone(1, 2))

from fractions import Fraction

import pytest

from curator.film.fitting import Aim, Landing, judge
from curator.film.misses import Band, Verdict, draw_misses, verdict_of
from curator.film.tempo import Metre, Place, TempoMap


def test_misses_are_drawn_against_frames_and_digital_director():
    plan = TempoMap.steady(Metre(3, 4), 60)
    aims = [Aim(Fraction(3)), Aim(Fraction(61, 10), hard=False), Aim(Fraction(73, 10))]
    told = judge(plan, 4, Fraction(12), aims)
    drawn = draw_misses(told.landings, ["Hand", "", "Door"], Fraction(25))
    # 160 units are 150 ms
    assert (drawn.width, drawn.zero, drawn.one, drawn.two) == (320, 160, Band(117.3, 85.4), Band(74.7, 170.6))
    assert [
        (mark.x, mark.label, mark.place, mark.ms, mark.frames, mark.verdict, mark.beyond) for mark in drawn.marks
    ] == [
        (160, "Hand", "2.1", 0, 0, Verdict.FRAME, 0),
        (53.3, "", "3.1", -100, -2.5, Verdict.OFF, 0),
        (0, "Door", "3.1", -1300, -32.5, Verdict.OFF, -1),
    ]


@pytest.mark.parametrize(
    ("ms", "verdict"),
    [(40, "frame"), (-41, "two"), (80, "two"), (90, "moved"), (94, "off"), (-86, "moved"), (-88, "off")],
)
def test_verdicts_at_25_frames(ms, verdict):
    assert verdict_of(Fraction(ms, 1000), Fraction(25)) == verdict


def test_a_landing_names_its_place():
    plan = TempoMap.steady(Metre(6, 8), 90)
    told = judge(plan, 4, Fraction(8), [Aim(Fraction(3), hard=False)])
    assert told.landings == (Landing(Aim(Fraction(3), hard=False), Place(2, Fraction(4)), Fraction(0)),)

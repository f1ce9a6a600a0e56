from fractions import Fraction

from curator.film.landing import Landing, Stroke, landings
from curator.film.ruler import Hit

STROKES = [Stroke(0.0, 1, first=True), Stroke(1.0, 1, first=False), Stroke(3.05, 2, first=True)]


def test_a_hard_hit_wants_a_downbeat_and_a_soft_one_any_stroke():
    hits = [Hit(1.1, "Fog", hard=False), Hit(1.1, "Door", hard=True), Hit(3.0, "Light", hard=True)]
    assert landings(strokes=STROKES, hits=hits, fps=Fraction(24)) == [
        Landing("Fog", hard=False, off=-0.1, bar=1, lands=True),
        Landing("Door", hard=True, off=-1.1, bar=1, lands=False),
        Landing("Light", hard=True, off=0.05, bar=2, lands=True),
    ]


def test_the_tolerance_of_a_hard_hit_is_two_frames():
    hits = [Hit(3.05 - 2 / 24, "on", hard=True), Hit(3.05 - 2.1 / 24, "off", hard=True)]
    assert [found.lands for found in landings(strokes=STROKES, hits=hits, fps=Fraction(24))] == [True, False]


def test_music_without_a_stroke_lands_nowhere():
    hits = [Hit(1.0, "Fog", hard=False)]
    assert landings(strokes=[], hits=hits, fps=Fraction(24)) == [Landing("Fog", False, None, 0, False)]

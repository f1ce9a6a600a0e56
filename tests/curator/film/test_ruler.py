from fractions import Fraction

import pytest

from curator.film.ruler import WIDTH, Hit, HitMark, Line, LineMark, draw_ruler
from curator.film.tempo import tempo_map_of

STEADY = tempo_map_of([[1, 60]], "3/4")


def test_ticks_stand_at_the_bars_and_every_fourth_is_long():
    ruler = draw_ruler(tempo_map=STEADY, bars=8, seconds=24.0)
    assert [(tick.bar, tick.x, tick.long) for tick in ruler.ticks] == [
        (bar + 1, bar * WIDTH / 8, bar in (0, 4, 8)) for bar in range(9)
    ]
    assert ruler.end == WIDTH


def test_music_longer_than_the_picture_goes_on_behind_its_end():
    ruler = draw_ruler(tempo_map=STEADY, bars=8, seconds=12.0)
    assert (ruler.end, ruler.ticks[-1].x) == (WIDTH / 2, WIDTH)


def test_bars_follow_the_tempo_map():
    map_ = tempo_map_of([[1, 60], [3, 120]], "4/4")
    ruler = draw_ruler(tempo_map=map_, bars=4, seconds=12.0)
    assert [round(12 * tick.x / WIDTH, 1) for tick in ruler.ticks] == [0, 4, 8, 10, 12]
    assert map_.length(4) == Fraction(12)


def test_hits_say_their_beat_and_how_far_off_it_they_are():
    hits = [Hit(13.04, "Her hand finds the rope", True), Hit(2.98, "Fog", False)]
    ruler = draw_ruler(tempo_map=STEADY, bars=8, seconds=24.0, hits=hits)
    assert ruler.hits == (
        HitMark(162.9, "Fog", "Fog", False, "2.1", -20, False),
        HitMark(712.9, "Her hand finds the rope", "Her hand finds the rope", True, "5.2", 40, False),
    )


def test_labels_are_cut_to_the_room_they_have_and_the_last_one_may_turn():
    hits = [Hit(3.0, "A long label for a short place", True), Hit(4.0, "x", True), Hit(23.5, "At the very end", True)]
    marks = draw_ruler(tempo_map=STEADY, bars=8, seconds=24.0, hits=hits).hits
    assert [(mark.label, mark.flip) for mark in marks] == [("A lo…", False), ("x", False), ("At the very end", True)]


def test_dialogue_lies_where_it_is_spoken():
    ruler = draw_ruler(
        tempo_map=STEADY, bars=8, seconds=24.0, lines=[Line(6.0, 12.0, "Bitte."), Line(23.9, 24.0, "Nein")]
    )
    assert ruler.lines == (LineMark(328.0, 328.0, "Bitte."), LineMark(1306.5, 5.5, ""))


@pytest.mark.parametrize(("entries", "tempo"), [([], 60), ([[1, 53.97]], Fraction("53.97"))])
def test_tempo_map_of_a_cue_is_exact(entries, tempo):
    assert tempo_map_of(entries, "6/8").sections[0].tempo == tempo

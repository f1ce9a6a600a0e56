"""Markers of an edit list become hits where the owner wants them."""

import pytest

from curator.domain.hits import add_hit, make_hits, markers_of
from curator.domain.storyboard import keep_file, save_import
from curator.film.storyboard import Marker
from tests.factories import make_cue, make_film

pytestmark = pytest.mark.django_db

LIST = """TITLE: Cut
FCM: NON-DROP FRAME
001  AX  V  C  00:00:00:00 00:00:20:00 01:00:00:00 01:00:20:00
* FROM CLIP NAME: pier
* LOC: 01:00:05:00 RED THE DOOR
* LOC: 01:00:05:00 BLUE the same door
* LOC: 01:00:02:00 GREEN
* LOC: 01:00:19:00 RED too late
"""


def marked_cue():
    film = make_film(start_frame=86400)
    save_import(row=keep_file(film=film, name="cut.edl", data=LIST.encode()))
    film.refresh_from_db()
    return make_cue(film=film, in_frame=24, out_frame=240)


def test_markers_inside_the_cue_are_offered_once_a_frame_where_no_hit_is():
    cue = marked_cue()
    assert markers_of(cue=cue) == [Marker(48, "GREEN", ""), Marker(120, "RED", "THE DOOR")]
    add_hit(cue=cue, frame=48)
    assert markers_of(cue=cue) == [Marker(120, "RED", "THE DOOR")]
    assert markers_of(cue=make_cue()) == []


def test_chosen_markers_become_hits():
    cue = marked_cue()
    made = make_hits(cue=cue, frames=[120, 456, 9], hard=False)
    assert [(hit.frame, hit.label, hit.hard, hit.weight) for hit in made] == [(120, "THE DOOR", False, 1.0)]
    assert [marker.frame for marker in markers_of(cue=cue)] == [48]
    assert make_hits(cue=cue, frames=[120], hard=True) == []

from fractions import Fraction

import pytest

from curator.domain.errors import DomainError
from curator.domain.plans import (
    Edge,
    change_plan,
    follow_shots,
    is_fitted,
    move_border,
    off_by,
    set_tempo,
    shot_spans,
)
from curator.domain.takes import put_up_take
from curator.models.film import HitPoint, Shot
from curator.models.plan import CueVersion
from tests.factories import make_cue, make_film, make_take, make_version

pytestmark = pytest.mark.django_db


def test_a_plan_that_ends_with_the_picture_is_fitted():
    cue = make_cue()  # 16 bars of 3/4 at 60, 48 seconds
    assert (off_by(cue), is_fitted(cue)) == (0, True)
    cue.out_frame += 1
    assert (off_by(cue), is_fitted(cue)) == (Fraction(-1, 24), True)
    cue.out_frame += 1
    assert not is_fitted(cue)
    cue.tail, cue.tail_frame = "rings on", 1153
    assert is_fitted(cue)


def test_moving_a_border_keeps_the_version_while_nothing_was_written():
    cue = make_cue()
    move_border(cue=cue, edge=Edge.OUT, frame=1000)
    cue.refresh_from_db()
    assert (cue.out_frame, cue.version, CueVersion.objects.count()) == (1000, 1, 0)
    assert (cue.first_shot.code, cue.last_shot.code) == ("S01-001", "S01-002")
    move_border(cue=cue, edge=Edge.OUT, frame=718, snap=3)
    assert (cue.out_frame, cue.last_shot.code) == (720, "S01-001")
    move_border(cue=cue, edge=Edge.IN, frame=716, snap=3)
    assert cue.in_frame == 716


def test_a_plan_that_takes_were_written_for_is_kept():
    cue = make_cue()
    old = make_take(cue=cue)
    move_border(cue=cue, edge=Edge.IN, frame=24)
    assert cue.version == 2
    move_border(cue=cue, edge=Edge.IN, frame=48)  # nobody wrote for version 2
    assert cue.version == 2
    new = put_up_take(cue=cue, version=make_version())
    set_tempo(cue=cue, tempo_map=[[1, 61.23456]], metre="3/4", bars=15)
    assert (cue.version, cue.tempo_map) == (3, [[1, 61.23]])
    assert (old.cue_version, new.cue_version) == (1, 2)
    kept = {row.number: row.plan for row in cue.versions.all()}
    assert kept == {
        1: {
            "in_frame": 0,
            "out_frame": 1152,
            "tail": "",
            "tail_frame": None,
            "tempo_map": [[1, 60]],
            "metre": "3/4",
            "key": "C",
            "bars": 16,
        },
        2: {**kept[1], "in_frame": 48},
    }
    set_tempo(cue=cue, tempo_map=[[1, 61.23]], metre="3/4", bars=15)  # nothing changes
    assert cue.version == 3


def test_a_neighbour_moves_with_its_border():
    film = make_film()
    first, second = make_cue(film=film, out_frame=720), make_cue(film=film, in_frame=720, out_frame=1440)
    move_border(cue=first, edge=Edge.OUT, frame=700, together=True)
    second.refresh_from_db()
    assert (first.out_frame, second.in_frame) == (700, 700)
    move_border(cue=second, edge=Edge.IN, frame=740)
    first.refresh_from_db()
    assert (first.out_frame, second.in_frame) == (700, 740)


def test_a_tail_is_named_and_ends_after_the_out():
    cue = make_cue()
    set_tempo(cue=cue, tempo_map=[[1, 60]], metre="3/4", bars=17, tail="rings into black", tail_frame=1224)
    assert (cue.tail, cue.tail_frame, is_fitted(cue)) == ("rings into black", 1224, True)
    move_border(cue=cue, edge=Edge.OUT, frame=1224)
    assert (cue.tail, cue.tail_frame, is_fitted(cue)) == ("", None, True)
    for tail, frame in (("", 1300), ("rings", None), ("rings", 1224)):
        with pytest.raises(DomainError):
            set_tempo(cue=cue, tempo_map=[[1, 60]], metre="3/4", bars=17, tail=tail, tail_frame=frame)


@pytest.mark.parametrize(
    "changes",
    [
        {"out_frame": 0},
        {"in_frame": -1},
        {"bars": 0},
        {"metre": "3/5"},
        {"metre": "three"},
        {"tempo_map": [[2, 60]]},
        {"tempo_map": [[1, 0]]},
        {"tempo_map": [[1, 60], [17, 62]]},
    ],
)
def test_impossible_plans_are_refused(changes):
    cue = make_cue()
    with pytest.raises(DomainError):
        change_plan(cue=cue, **changes)
    cue.refresh_from_db()
    assert (cue.in_frame, cue.out_frame, cue.bars, cue.metre, cue.tempo_map) == (0, 1152, 16, "3/4", [[1, 60]])


def test_cues_hits_and_stages_stay_with_their_shots():
    film = make_film()
    film.stages.update(start_frame=720)
    cue = make_cue(film=film, in_frame=730, out_frame=1440, tail="rings", tail_frame=1450)
    hit = HitPoint.objects.create(cue=cue, frame=800)
    still = make_cue(film=film, in_frame=0, out_frame=500)
    before = shot_spans(film=film)
    Shot.objects.filter(film=film, position=1).update(length_frames=600)
    Shot.objects.filter(film=film, position=2).update(length_frames=1000)
    assert follow_shots(film=film, before=before) == [cue]
    cue.refresh_from_db()
    hit.refresh_from_db()
    still.refresh_from_db()
    assert (cue.in_frame, cue.out_frame, cue.tail_frame, hit.frame) == (610, 1600, 1610, 680)
    assert (still.in_frame, still.out_frame) == (0, 500)
    assert film.stages.get().start_frame == 600


def test_a_cue_of_a_shot_that_is_gone_goes_to_what_is_left():
    film = make_film()
    cue = make_cue(film=film, in_frame=720, out_frame=1440)
    before = shot_spans(film=film)
    film.shots.filter(position=2).delete()
    follow_shots(film=film, before=before)
    cue.refresh_from_db()
    assert (cue.in_frame, cue.out_frame) == (720, 721)

import pytest

from curator.domain.approvals import approve_cue, revoke_approval
from curator.domain.wall import read_wall
from tests.factories import make_cue, make_film, make_take
from tests.listening import cue_with_takes, judge

pytestmark = pytest.mark.django_db


def test_wall_shows_the_approved_take_else_the_leader(owner):
    film = make_film()
    approved, judged, silent, empty = (cue_with_takes(count, film=film) for count in (3, 3, 2, 0))
    judge(approved, owner, 20)
    judge(judged, owner, 20)
    approve_cue(cue=approved, take=approved.takes.get(number=3), by=owner)
    panels = read_wall(film=film)
    assert [panel.cue for panel in panels] == [approved, judged, silent, empty]
    assert [panel.take.number if panel.take else None for panel in panels] == [3, 1, None, None]
    assert [panel.approved is not None for panel in panels] == [True, False, False, False]
    assert panels[0].standings.leader.take.number == 1
    assert panels[1].sure > 0.5
    assert (panels[0].sure, panels[2].sure) == (None, None)


def test_wall_keeps_every_approval_as_a_version(owner):
    cue = cue_with_takes(2)
    first, second = cue.takes.order_by("number")
    approve_cue(cue=cue, take=first, by=owner, why="Waits.")
    approve_cue(cue=cue, take=second, by=owner)
    revoke_approval(cue=cue, by=owner, why="Too sweet.")
    approve_cue(cue=cue, take=first, by=owner)
    (panel,) = read_wall(film=cue.film)
    assert [(v.number, v.approval.take.number, v.holds) for v in panel.history] == [
        (3, 1, True),
        (2, 2, False),
        (1, 1, False),
    ]
    assert [v.approval.revoked_why for v in panel.past] == ["Too sweet.", "Replaced by take 2."]
    assert panel.approved == panel.history[0]


def test_wall_leaves_practice_out():
    film = make_film()
    make_cue(film=film, practice=True)
    assert read_wall(film=film) == []


@pytest.mark.parametrize("count", [1, 4])
def test_wall_queries_do_not_grow(owner, django_assert_num_queries, count):
    film = make_film()
    for _ in range(count):
        cue = cue_with_takes(2, film=film)
        judge(cue, owner, 2)
        approve_cue(cue=cue, take=make_take(cue=cue), by=owner)
    with django_assert_num_queries(6):
        read_wall(film=film)

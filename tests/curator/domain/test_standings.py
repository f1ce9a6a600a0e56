import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from curator.domain.standings import Standings, Sureness, read_field, read_fields, read_standings, read_sureness
from curator.models.ranking import TakeState
from tests.factories import make_take
from tests.listening import cue_with_takes, judge

pytestmark = pytest.mark.django_db


def test_standings_of_an_empty_cue():
    cue = cue_with_takes(0)
    now = read_standings(cue=cue)
    assert now == Standings(cue=cue, rows=(), votes=0, certainty=None)
    assert now.sure_enough is False
    assert now.leader is None


def test_standings_without_judgements_are_all_alike_and_never_enough():
    lone, many = read_standings(cue=cue_with_takes(1)), read_standings(cue=cue_with_takes(3))
    assert lone.sure_enough is False
    assert [row.take.number for row in many.rows] == [1, 2, 3]
    assert [row.strength for row in many.rows] == [0.0, 0.0, 0.0]
    assert many.leader is None


def test_standings_put_the_chosen_first(owner):
    cue = cue_with_takes(4)
    judge(cue, owner, 24)
    now = read_standings(cue=cue)
    assert [row.take.number for row in now.rows][:2] == [1, 2]
    assert [row.rank for row in now.rows] == [1, 2, 3, 4]
    assert now.votes == 24
    assert sum(row.met for row in now.rows) == 48
    assert sum(row.p_best for row in now.rows) == pytest.approx(1.0)
    assert sum(row.strength for row in now.rows) == pytest.approx(0.0, abs=1e-9)
    assert all(row.low < row.low50 < row.strength < row.high50 < row.high for row in now.rows)
    assert now.leader.take.number == 1
    assert now.sure_enough is True


def test_standings_ignore_neither_and_skipped(owner):
    cue = cue_with_takes(3)
    judge(cue, owner, 1, answer="bad")
    judge(cue, owner, 1, answer="skip")
    now = read_standings(cue=cue)
    assert (now.votes, [row.met for row in now.rows]) == (0, [0, 0, 0])


def test_standings_of_one_listener(owner, rater):
    cue = cue_with_takes(3)
    judge(cue, owner, 3)
    judge(cue, rater, 2)
    assert read_standings(cue=cue).votes == 5
    assert read_standings(cue=cue, rater=rater).votes == 2
    # the fit of everybody's answers knows who said what
    assert set(read_field(cue=cue).listeners.raters) == {str(owner.pk), str(rater.pk)}
    assert read_field(cue=cue, rater=rater).listeners.raters == (str(rater.pk),)


def test_standings_take_the_prior_of_a_taste_model():
    cue = cue_with_takes(2)
    cue.takes.filter(number=2).update(prior_mean=2.0)
    assert [row.take.number for row in read_standings(cue=cue).rows] == [2, 1]


def test_a_discarded_take_leaves_but_its_judgements_still_tell(owner):
    cue = cue_with_takes(3)
    judge(cue, owner, 12)
    with_it = {row.take.number: row.strength for row in read_standings(cue=cue).rows}
    cue.takes.filter(number=2).update(state=TakeState.DISCARDED)
    field = read_field(cue=cue)
    assert [take.number for take in field.takes] == [1, 3]
    assert len(field.votes) < 12
    gap = float(field.posterior.mean[0] - field.posterior.mean[1])
    assert gap == pytest.approx(with_it[1] - with_it[3])


@pytest.mark.parametrize("count", [1, 5])
def test_standings_need_two_queries(owner, django_assert_num_queries, count):
    cue = cue_with_takes(count + 1)
    judge(cue, owner, 2 * count)
    with django_assert_num_queries(2):
        read_standings(cue=cue)


def test_read_fields_are_the_fields_of_each_cue(owner, django_assert_num_queries):
    first, second = cue_with_takes(3), cue_with_takes(2)
    judge(first, owner, 4)
    judge(second, owner, 2)
    with django_assert_num_queries(2):
        found = read_fields(cues=[first, second])
    for cue in (first, second):
        alone = read_field(cue=cue)
        assert (found[cue.pk].takes, found[cue.pk].votes) == (alone.takes, alone.votes)
        assert found[cue.pk].posterior.mean.tolist() == alone.posterior.mean.tolist()


def test_standings_say_who_beat_whom(owner):
    cue = cue_with_takes(2)
    judge(cue, owner, 1)
    judge(cue, owner, 1, answer="tie")
    assert read_standings(cue=cue).wins == ((0.0, 1.5), (0.5, 0.0))


def test_sureness_is_that_of_the_standings_and_follows_the_takes(owner):
    cue = cue_with_takes(3)
    assert read_sureness(cue=cue) == Sureness(0, read_standings(cue=cue).rows[0].p_best, False)
    judge(cue, owner, 6)
    with CaptureQueriesContext(connection) as queries:
        told = read_sureness(cue=cue)
    assert len(queries) == 2
    now = read_standings(cue=cue)
    assert now.certainty is not None
    assert told == Sureness(now.votes, pytest.approx(now.certainty.p_best, abs=1e-6), now.sure_enough)
    make_take(cue=cue)
    assert read_sureness(cue=cue).p_best == read_standings(cue=cue).rows[0].p_best != told.p_best

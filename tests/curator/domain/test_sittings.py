"""Sittings: from cue to cue, the least sure first."""

import pytest

from curator.domain.ranking import next_pair, prepare_pair
from curator.domain.sittings import PAIRS_OF_A_CUE, cues_to_hear, next_cue, set_heard_on, warm_up
from curator.models.film import Cue
from curator.models.ranking import Standing, Take
from tests.factories import make_film, make_user
from tests.listening import cue_with_takes, give_sound, judge

pytestmark = pytest.mark.django_db


def ready_cue(film=None, count: int = 3, **fields) -> Cue:
    cue = cue_with_takes(count, film=film or make_film(), **{"state": "to_rank"} | fields)
    for take in cue.takes.all():
        give_sound(take)
    return cue


def test_cues_to_hear_are_undecided_and_have_two_sounds():
    cue = ready_cue()
    ready_cue(state="decided")
    silent = ready_cue()
    Take.objects.filter(cue=silent).exclude(pk=silent.takes.first().pk).update(state="discarded")
    cue_with_takes(3, state="to_rank")
    assert list(cues_to_hear()) == [cue]


def test_cues_to_hear_begin_with_the_least_sure_and_end_with_practice():
    film = make_film()
    sure, practice, unsure, new = ready_cue(film), ready_cue(film, practice=True), ready_cue(film), ready_cue(film)
    for cue, regret in ((sure, 0.2), (unsure, 0.9), (practice, 2.0)):
        Standing.objects.create(cue=cue, expected_regret=9.0, estimator="old")
        Standing.objects.create(cue=cue, expected_regret=regret, estimator="new")
    assert list(cues_to_hear()) == [new, unsure, sure, practice]


def test_next_cue_stays_for_a_few_pairs_and_goes_on(owner):
    film = make_film()
    here, other = ready_cue(film), ready_cue(film)
    assert next_cue(rater=owner, here=here) == here
    judge(here, owner, PAIRS_OF_A_CUE - 1, answer="tie")
    assert next_cue(rater=owner, here=here) == here
    judge(here, owner, 1, answer="tie")
    assert next_cue(rater=owner, here=here) == other
    # somebody else is not there yet
    assert next_cue(rater=make_user(), here=here) == here


def test_next_cue_stays_where_there_is_no_other_or_only_practice(owner):
    here = ready_cue()
    judge(here, owner, PAIRS_OF_A_CUE, answer="tie")
    assert next_cue(rater=owner, here=here) == here
    practice = ready_cue(practice=True)
    assert next_cue(rater=owner, here=here) == here
    Cue.objects.filter(pk=here.pk).update(state="decided")
    assert next_cue(rater=owner, here=here) == practice
    Cue.objects.all().update(state="decided")
    assert next_cue(rater=owner, here=here) is None


def test_next_cue_is_that_of_the_prepared_pair(owner):
    film = make_film()
    here, other = ready_cue(film), ready_cue(film)
    next_pair(cue=here, rater=owner, audible=True)
    prepare_pair(cue=other, rater=owner)
    assert next_cue(rater=owner, here=here) == other


def test_cues_to_hear_take_one_query(owner, django_assert_num_queries):
    film = make_film()
    for count in (2, 3):
        ready_cue(film, count)
    with django_assert_num_queries(1):
        list(cues_to_hear())


def test_what_is_said_at_the_volume_check_is_kept():
    user = make_user(warmed_up_at=None)
    set_heard_on(rater=user, heard_on="headphones")
    warm_up(rater=user)
    user.refresh_from_db()
    assert user.heard_on == "headphones"
    assert user.warmed_up_at is not None
    set_heard_on(rater=user, heard_on="telephone")
    assert user.heard_on == ""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from curator.domain.errors import DomainError
from curator.domain.matches import HeardOut, end_match, heard_out, match_in_force, newest_key, open_match, read_match
from curator.domain.ranking import change_judgement, next_pair, prepare_pair, record_judgement, undo_judgement
from curator.models.film import Cue
from curator.models.matches import Match
from curator.models.ranking import Judgement, Take
from tests.factories import make_cue, make_film, make_take
from tests.listening import give_sound, hand

pytestmark = pytest.mark.django_db


def cue_in_match(*, each: int = 3, wanted: int = 4, film=None, before: int = 2, key: str = "round 1") -> Cue:
    """A cue with some takes from before, a match, and takes of both cohorts that sound."""
    cue = make_cue(film=film or make_film())
    for _ in range(before):
        give_sound(make_take(cue=cue, cohort="old"))
    Take.objects.filter(cue=cue).update(created_at=timezone.now() - timedelta(hours=1))
    open_match(key=key, cues=[cue], older="old", newer="new", wanted=wanted)
    for cohort in ("old", "new") * each:
        give_sound(make_take(cue=cue, cohort=cohort))
    return cue


def answer(cue: Cue, rater, wins: str, count: int = 1) -> list[Judgement]:
    """So many answers for the side of this cohort, or `tie`, `bad`, `skip`."""
    said = []
    for _ in range(count):
        pair = hand(cue, rater, audible=True)
        side = {pair.left.cohort: "left", pair.right.cohort: "right"}.get(wins, wins)
        said.append(record_judgement(pair=pair, rater=rater, answer=side))
    return said


def test_a_match_hands_out_pairs_across_only_and_writes_down_its_policy(owner):
    cue = cue_in_match(wanted=9)
    said = answer(cue, owner, "new", 9)
    old = set(Take.objects.filter(cue=cue).order_by("pk").values_list("pk", flat=True)[:2])
    assert all({row.left.cohort, row.right.cohort} == {"old", "new"} for row in said)
    assert not old & {key for row in said for key in (row.left_id, row.right_id)}
    assert {row.policy for row in said} == {"match"}
    assert all(0 < (row.probability or 0) <= 1 for row in said)
    assert len({row.left.cohort for row in said}) == 2


def test_the_last_answer_on_a_cue_tells_where_the_match_goes_on(owner):
    one = cue_in_match(wanted=2)
    two = cue_in_match(film=one.film, wanted=2)
    first, _second = answer(one, owner, "new", 2)
    assert heard_out(last=first) == HeardOut("round 1", two)
    assert heard_out(last=None) is None
    undo_judgement(cue=one, rater=owner)
    assert heard_out(last=first) is None  # it goes on
    answer(one, owner, "new")
    (_one, last) = answer(two, owner, "new", 2)
    assert heard_out(last=last) == HeardOut("round 1", None)
    (ordinary,) = answer(two, owner, "tie")
    assert heard_out(last=ordinary) is None


def test_after_its_answers_the_cue_is_ranked_as_before(owner):
    cue = cue_in_match(wanted=2)
    assert match_in_force(cue=cue) is not None
    answer(cue, owner, "new", 2)
    assert match_in_force(cue=cue) is None
    assert hand(cue, owner, audible=True).policy != "match"
    undo_judgement(cue=cue, rater=owner)
    assert match_in_force(cue=cue) is not None


def test_what_says_nothing_of_order_does_not_end_a_match(owner):
    cue = cue_in_match(wanted=1)
    answer(cue, owner, "skip")
    answer(cue, owner, "bad")
    assert match_in_force(cue=cue) is not None
    answer(cue, owner, "tie")
    found = read_match(key="round 1")
    assert found is not None
    assert (found.won.answers, found.won.won, found.neither, found.over, found.wanted) == (1, 0.5, 1, True, 1)


def test_the_next_sounds_are_those_of_the_match_too(owner):
    cue = cue_in_match(wanted=9)
    pair = hand(cue, owner, audible=True)
    ahead = prepare_pair(cue=cue, rater=owner)
    assert ahead is not None
    assert ahead.policy == "match"
    assert {ahead.left_id, ahead.right_id} != {pair.left_id, pair.right_id}


def test_without_takes_of_both_sides_the_ordinary_pairs_go_on(owner):
    cue = make_cue()
    takes = [make_take(cue=cue, cohort="old") for _ in range(2)]
    open_match(key="k", cues=[cue], older="old", newer="new", wanted=3)
    pair = next_pair(cue=cue, rater=owner)
    assert pair is not None
    assert {pair.left_id, pair.right_id} == {take.pk for take in takes}
    found = read_match(key="k")
    assert found is not None
    assert (found.cues[0].older, found.cues[0].newer, found.cues[0].ready) == (0, 0, False)


def test_the_result_counts_wins_over_cues_and_compares_the_cohorts(owner, rater):
    film = make_film()
    first, second = cue_in_match(film=film, wanted=5), cue_in_match(film=film, wanted=5)
    answer(first, owner, "new", 3)
    answer(first, rater, "old", 1)
    answer(second, rater, "new", 4)
    found = read_match(key="round 1")
    assert found is not None
    assert [(one.older, one.newer, one.audible, one.answers, one.over, one.ready) for one in found.cues] == [
        (3, 3, (3, 3), 4, False, True)
    ] * 2
    assert (found.won.answers, found.won.won, found.won.share, found.wanted) == (8, 7.0, 7 / 8, 10)
    assert found.won.low < 7 / 8 < found.won.high
    assert found.comparison is not None
    assert found.comparison.p_better > 0.9
    end_match(key="round 1")
    found = read_match(key="round 1")
    assert found is not None
    assert (found.over, found.wanted) == (True, 8)


def test_a_changed_answer_counts_as_it_is_now(owner):
    cue = cue_in_match()
    said = answer(cue, owner, "new")[0]
    other = "right" if said.answer == "left" else "left"
    change_judgement(judgement=said, rater=owner, answer=other)
    found = read_match(key="round 1")
    assert found is not None
    assert (found.won.answers, found.won.won) == (1, 0.0)


def test_a_new_match_on_a_cue_ends_the_one_before(owner):
    cue = cue_in_match()
    answer(cue, owner, "new", 2)
    open_match(key="round 2", cues=[cue], older="new", newer="newest", wanted=3)
    assert Match.objects.filter(cue=cue, ended_at__isnull=True).count() == 1
    first, second = read_match(key="round 1"), read_match(key="round 2")
    assert first is not None
    assert second is not None
    assert (first.won.answers, first.over) == (2, True)
    assert second.won.answers == 0
    assert newest_key(prefix="round ") == "round 2"
    assert (newest_key(prefix="x"), read_match(key="x")) == ("", None)


def test_a_match_needs_two_cohorts_and_a_cue():
    cue = make_cue()
    with pytest.raises(DomainError, match="two different checkpoints"):
        open_match(key="k", cues=[cue], older="a", newer="a", wanted=3)
    with pytest.raises(DomainError, match="at least one cue"):
        open_match(key="k", cues=[], older="a", newer="b", wanted=3)
    Match.objects.create(key="k", cue=cue, older="a", newer="b", wanted=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Match.objects.create(key="k", cue=cue, older="a", newer="b", wanted=1)

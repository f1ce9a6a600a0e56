from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from curator.domain.errors import DomainError
from curator.domain.pair_sounds import sounds_of
from curator.domain.ranking import (
    Listening,
    change_judgement,
    last_judgement,
    merged,
    next_pair,
    prepare_pair,
    record_judgement,
    undo_judgement,
)
from curator.domain.sittings import Sitting, read_sitting, set_heard_on
from curator.domain.standings import read_standings
from curator.models.film import CueState
from curator.models.library import RenderingState
from curator.models.ranking import Answer, Judgement, Pair, Standing, TakeState
from tests.factories import make_user
from tests.listening import cue_with_takes, give_sound, hand, judge

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("count", [0, 1])
def test_next_pair_needs_two_takes(owner, count):
    assert next_pair(cue=cue_with_takes(count), rater=owner) is None
    assert Pair.objects.count() == 0


def test_next_pair_stays_the_same_until_it_is_answered(owner):
    cue = cue_with_takes(4)
    first = hand(cue, owner)
    assert hand(cue, owner) == first
    record_judgement(pair=first, rater=owner, answer="tie")
    assert hand(cue, owner) != first


def test_next_pair_gives_each_listener_his_own(owner, rater):
    cue = cue_with_takes(4)
    mine, theirs = hand(cue, owner), hand(cue, rater)
    assert mine.public_id != theirs.public_id
    assert len({mine.left_token, mine.right_token, theirs.left_token, theirs.right_token}) == 4


def test_next_pair_leaves_discarded_takes_out(owner):
    cue = cue_with_takes(3)
    open_pair = hand(cue, owner)
    gone = open_pair.left
    gone.state = TakeState.DISCARDED
    gone.save()
    again = hand(cue, owner)
    assert again != open_pair
    assert gone.pk not in (again.left_id, again.right_id)
    open_pair.refresh_from_db()
    assert open_pair.closed_at is not None


def test_next_pair_for_ears_waits_for_the_sound(owner):
    cue = cue_with_takes(3)
    first, second, third = cue.takes.all()
    give_sound(first)
    give_sound(second, state=RenderingState.PENDING)
    assert next_pair(cue=cue, rater=owner, audible=True) is None
    sound = give_sound(third)
    pair = hand(cue, owner, audible=True)
    assert {pair.left_id, pair.right_id} == {first.pk, third.pk}
    assert sound in (pair.left_rendering, pair.right_rendering)


def test_next_pair_for_ears_replaces_one_without_sound(owner):
    cue = cue_with_takes(2)
    silent = hand(cue, owner)
    for take in cue.takes.all():
        give_sound(take)
    heard = hand(cue, owner, audible=True)
    assert heard != silent
    assert heard.left_rendering is not None


def test_next_pair_without_a_rater_is_new_each_time():
    cue = cue_with_takes(3)
    first, second = hand(cue, None), hand(cue, None)
    assert first != second
    assert (first.left_id, first.right_id) == (second.left_id, second.right_id)


def test_next_pair_database_allows_one_open_pair_a_listener(owner):
    cue = cue_with_takes(2)
    pair = hand(cue, owner)
    pair.pk = None
    pair.public_id, pair.left_token, pair.right_token = "a", "b", "c"
    with pytest.raises(IntegrityError), transaction.atomic():
        pair.save(force_insert=True)


def test_sounds_of_prefers_the_tempo_of_the_cue():
    cue = cue_with_takes(1)
    take = cue.takes.get()
    right = give_sound(take, tempo_map=cue.tempo_map)
    give_sound(take, tempo_map=[[1, 90]])
    assert sounds_of(cue=cue, takes=[take]) == {take.pk: right}


def test_record_judgement_keeps_every_fact(owner):
    set_heard_on(rater=owner, heard_on="headphones")
    cue = cue_with_takes(2)
    for take in cue.takes.all():
        give_sound(take)
    pair = hand(cue, owner, audible=True)
    judgement = record_judgement(
        pair=pair,
        rater=owner,
        answer="right",
        listening=Listening(
            first_played="right",
            left=[(4.0, 6.0), (0.0, 5.0)],
            right=[(0.0, 8.125)],
            events=[[0, "play", "right", 0.0], [8125, "switch", "left", 8.1]],
            decision_ms=16000,
            device_class="phone",
            tags=["ending"],
        ),
    )
    judgement.refresh_from_db()
    facts = {
        field.name: getattr(judgement, field.name)
        for field in Judgement._meta.fields
        if field.name not in {"id", "public_id", "created_at", "app_version"}
    }
    assert facts == {
        "cue": cue,
        "rater": owner,
        "pair": pair.public_id,
        "left": pair.left,
        "right": pair.right,
        "answer": "right",
        "side_seed": f"{cue.public_id}:0",
        "first_played": "right",
        "heard_left": 6.0,
        "heard_right": 8.12,
        "positions": {"left": [[0.0, 6.0]], "right": [[0.0, 8.12]]},
        "events": [[0, "play", "right", 0.0], [8125, "switch", "left", 8.1]],
        "decision_ms": 16000,
        "device_class": "phone",
        "heard_on": "headphones",
        "policy": "eig",
        "probability": 1.0,
        "left_rendering": pair.left_rendering,
        "right_rendering": pair.right_rendering,
        "tags": ["ending"],
        "repeat_of": None,
        "supersedes": None,
        "reason": "",
    }


def test_record_judgement_writes_the_same_answer_once(owner):
    cue = cue_with_takes(2)
    pair = hand(cue, owner)
    first = record_judgement(pair=pair, rater=owner, answer="left")
    assert record_judgement(pair=pair, rater=owner, answer="left") == first
    with pytest.raises(DomainError, match="has its answer already"):
        record_judgement(pair=pair, rater=owner, answer="right")
    assert Judgement.objects.count() == 1


def test_record_judgement_refuses_what_is_no_answer(owner, rater):
    cue = cue_with_takes(2)
    pair = hand(cue, owner)
    for answer in ("retracted", "", "LEFT"):
        with pytest.raises(DomainError, match="The answer is one of"):
            record_judgement(pair=pair, rater=owner, answer=answer)
    with pytest.raises(DomainError, match="handed to somebody else"):
        record_judgement(pair=pair, rater=rater, answer="left")
    assert Judgement.objects.count() == 0


def test_record_judgement_refuses_a_pair_that_was_handed_back(owner):
    cue = cue_with_takes(3)
    judge(cue, owner, 1)
    closed = hand(cue, owner)
    undo_judgement(cue=cue, rater=owner)
    with pytest.raises(DomainError, match="no longer open"):
        record_judgement(pair=closed, rater=owner, answer="left")


def test_record_judgement_of_a_script_may_name_any_rater(rater):
    cue = cue_with_takes(2)
    judgement = record_judgement(pair=hand(cue, None), rater=rater, answer="left")
    assert judgement.rater == rater


def test_judging_lights_the_cue(owner):
    cue = cue_with_takes(3)
    judge(cue, owner, 1)
    cue.refresh_from_db()
    assert cue.state == CueState.TO_RANK
    judge(cue, owner, 14)
    cue.refresh_from_db()
    assert cue.state == CueState.DECIDED
    newest = Standing.objects.filter(cue=cue).first()
    assert newest.sure_enough is True
    assert newest.votes == 15
    assert newest.strengths[0]["take"] == cue.takes.first().public_id
    assert newest.last_judgement == last_judgement(cue=cue, rater=owner)


def test_repeats_are_named_and_swapped(owner):
    cue = cue_with_takes(5)
    done = judge(cue, owner, 30)
    repeats = [row for row in done if row.repeat_of]
    assert repeats
    for row in repeats:
        before = row.repeat_of
        assert {row.left_id, row.right_id} == {before.left_id, before.right_id}
        seen = [one for one in done if {one.left_id, one.right_id} == {row.left_id, row.right_id}]
        if seen.index(row) == 1:
            assert (row.left_id, row.right_id) == (before.right_id, before.left_id)


def test_undo_judgement_adds_a_row_and_hands_the_pair_out_again(owner):
    cue = cue_with_takes(4)
    judge(cue, owner, 2)
    last = last_judgement(cue=cue, rater=owner)
    before = list(Judgement.objects.order_by("pk").values())
    pair = undo_judgement(cue=cue, rater=owner)
    rows = list(Judgement.objects.order_by("pk").values())
    assert rows[:2] == before
    assert (rows[2]["answer"], rows[2]["supersedes_id"]) == (Answer.RETRACTED, last.pk)
    assert (pair.left_id, pair.right_id, pair.policy) == (last.left_id, last.right_id, last.policy)
    assert pair.public_id != last.pair
    assert hand(cue, owner) == pair
    assert [row.pk for row in Judgement.objects.standing()] == [before[0]["id"]]
    record_judgement(pair=pair, rater=owner, answer="tie")
    assert Judgement.objects.standing().count() == 2


def test_undo_judgement_goes_back_step_by_step(owner, rater):
    cue = cue_with_takes(4)
    judge(cue, rater, 1)
    judge(cue, owner, 2)
    undo_judgement(cue=cue, rater=owner)
    undo_judgement(cue=cue, rater=owner)
    with pytest.raises(DomainError, match="nothing to take back"):
        undo_judgement(cue=cue, rater=owner)
    assert [row.rater for row in Judgement.objects.standing()] == [rater]


def test_undo_judgement_without_its_takes_hands_nothing_out(owner):
    cue = cue_with_takes(3)
    [done] = judge(cue, owner, 1)
    done.left.state = TakeState.DISCARDED
    done.left.save()
    assert undo_judgement(cue=cue, rater=owner) is None
    assert not Judgement.objects.standing().exists()


def test_judgements_are_only_added(owner):
    """Whatever a listener does, rows that are there stay as they were."""
    cue = cue_with_takes(4)
    seen: list[dict] = []
    for step in range(12):
        if step % 4 == 3:
            undo_judgement(cue=cue, rater=owner)
        else:
            judge(cue, owner, 1, answer=("left", "bad", "skip")[step % 3])
        rows = list(Judgement.objects.order_by("pk").values())
        assert rows[: len(seen)] == seen
        assert len(rows) == len(seen) + 1
        seen = rows


def test_sitting_counts_until_a_real_break(owner):
    cue = cue_with_takes(5)
    assert read_sitting(rater=owner) == Sitting(minutes=0, pairs=0)
    rows = judge(cue, owner, 4)
    now = timezone.now()
    for row, minutes in zip(rows, (90, 25, 12, 1), strict=True):
        Judgement.objects.filter(pk=row.pk).update(created_at=now - timedelta(minutes=minutes))
    assert read_sitting(rater=owner) == Sitting(minutes=25, pairs=3)
    assert read_sitting(rater=owner).long is True
    assert read_sitting(rater=make_user()).long is False


def test_merged_joins_spans():
    assert merged([(3, 4), (0, 1), (0.5, 2), (2, 2.5), (7, 7)]) == [[0, 2.5], [3, 4]]


def audible_cue(count: int):
    cue = cue_with_takes(count)
    for take in cue.takes.all():
        give_sound(take)
    return cue


def test_a_prepared_pair_becomes_the_next_one(owner):
    cue = audible_cue(4)
    now = hand(cue, owner, audible=True)
    ahead = prepare_pair(cue=cue, rater=owner)
    assert ahead is not None
    assert prepare_pair(cue=cue, rater=owner) == ahead
    assert {ahead.left_id, ahead.right_id} != {now.left_id, now.right_id}
    assert hand(cue, owner, audible=True) == now
    record_judgement(pair=now, rater=owner, answer="left")
    then = hand(cue, owner, audible=True)
    assert (then, then.left_token, then.ahead) == (ahead, ahead.left_token, False)
    assert Pair.objects.filter(closed_at__isnull=True).count() == 1


def test_a_prepared_pair_waits_for_its_turn_when_an_answer_is_taken_back(owner):
    cue = audible_cue(4)
    first = hand(cue, owner, audible=True)
    record_judgement(pair=first, rater=owner, answer="left")
    hand(cue, owner, audible=True)
    ahead = prepare_pair(cue=cue, rater=owner)
    again = undo_judgement(cue=cue, rater=owner)
    assert again is not None
    assert hand(cue, owner, audible=True) == again
    record_judgement(pair=again, rater=owner, answer="right")
    assert hand(cue, owner, audible=True) == ahead


def test_a_prepared_pair_whose_take_left_is_not_handed_out(owner):
    cue = audible_cue(4)
    now = hand(cue, owner, audible=True)
    ahead = prepare_pair(cue=cue, rater=owner)
    assert ahead is not None
    gone = next(take for take in (ahead.left, ahead.right) if take.pk not in (now.left_id, now.right_id))
    gone.state = TakeState.DISCARDED
    gone.save()
    record_judgement(pair=now, rater=owner, answer="left")
    assert hand(cue, owner, audible=True) != ahead


def test_one_pair_at_most_is_prepared(owner):
    one, other = audible_cue(4), audible_cue(4)
    hand(one, owner, audible=True)
    first = prepare_pair(cue=one, rater=owner)
    second = prepare_pair(cue=other, rater=owner)
    assert first is not None
    assert second is not None
    first.refresh_from_db()
    assert first.closed_at is not None
    assert hand(other, owner, audible=True) == second


def test_with_two_takes_nothing_is_prepared(owner):
    cue = audible_cue(2)
    hand(cue, owner, audible=True)
    assert prepare_pair(cue=cue, rater=owner) is None


def test_two_listeners_hear_different_pairs_at_once():
    cue = cue_with_takes(5)
    pairs = [hand(cue, make_user()) for _ in range(6)]
    met = [frozenset((pair.left_id, pair.right_id)) for pair in pairs]
    again = sum(one == other for index, one in enumerate(met) for other in met[:index])
    assert again <= 2


def test_change_judgement_replaces_the_answer_and_keeps_the_old_one(owner):
    cue = cue_with_takes(3)
    [old, *_rest] = judge(cue, owner, 3)
    other = "right" if old.answer == "left" else "left"
    new = change_judgement(judgement=old, rater=owner, answer=other, reason="mistyped")
    old.refresh_from_db()
    assert (new.answer, new.supersedes, new.reason, new.pair) == (other, old, "mistyped", old.pair)
    assert old.answer != other
    assert set(Judgement.objects.standing()) == {new, *_rest}
    assert change_judgement(judgement=new, rater=owner, answer=other) == new
    with pytest.raises(DomainError, match="changed already"):
        change_judgement(judgement=old, rater=owner, answer="tie")


def test_change_judgement_is_for_ones_own_and_for_answers_only(owner, rater):
    [old] = judge(cue_with_takes(3), owner, 1)
    with pytest.raises(DomainError):
        change_judgement(judgement=old, rater=rater, answer="tie")
    with pytest.raises(DomainError):
        change_judgement(judgement=old, rater=owner, answer="retracted")
    assert Judgement.objects.count() == 1


def test_undo_takes_an_earlier_answer_back(owner):
    cue = cue_with_takes(4)
    [first, *_rest] = judge(cue, owner, 3)
    pair = undo_judgement(cue=cue, rater=owner, judgement=first)
    assert pair is not None
    assert (pair.left_id, pair.right_id) == (first.left_id, first.right_id)
    assert first not in Judgement.objects.standing()
    assert Judgement.objects.standing().count() == 2


def test_last_judgement_on_any_cue(owner):
    one, other = cue_with_takes(2), cue_with_takes(2)
    [first] = judge(one, owner, 1)
    [second] = judge(other, owner, 1)
    assert last_judgement(rater=owner) == second
    assert last_judgement(rater=owner, cue=one) == first


def test_next_pair_looks_for_the_winner_until_it_is_sure_and_then_teaches(owner):
    cue = cue_with_takes(4)
    judge(cue, owner, 6)
    assert not read_standings(cue=cue).sure_enough
    assert hand(cue, owner).policy in ("best", "repeat")
    judge(cue, owner, 20)
    assert read_standings(cue=cue).sure_enough
    after = {row.policy for row in judge(cue, owner, 24)}
    assert {"eig", "best"} <= after
    # an aim that is asked for holds whatever is known
    policies = {next_pair(cue=cue, rater=None, aim="rank").policy for _ in range(3)}
    assert policies <= {"eig", "repeat"}


def test_next_pair_shares_a_part_of_the_pairs_between_listeners(owner, rater):
    cue = cue_with_takes(8)
    judge(cue, owner, 12)
    judged = {frozenset((row.left_id, row.right_id)) for row in cue.judgements.all()}
    shared = [row for row in judge(cue, rater, 20) if row.policy == "shared"]
    assert shared
    assert all(frozenset((row.left_id, row.right_id)) in judged for row in shared)

import hashlib
import json
from typing import Any

import pytest

from curator.domain.errors import DomainError
from curator.models.ranking import Answer, Judgement
from generation.models.requests import Candidate
from tests.factories import make_film, make_take
from tests.training.judged import OPENING, checkpoint, judged_cue, judged_film, listened, say, written_take
from training.domain.preferences import (
    Choice,
    draft_preferences,
    files_of,
    freeze_preferences,
    taken_back,
)
from training.models.sets import PreferencePair, PreferenceSet

pytestmark = pytest.mark.django_db

CLEAR = [(1, 2, "left")] * 4 + [(2, 3, "left")] * 4 + [(1, 3, "tie"), (3, 2, "bad"), (1, 3, "skip")]


@pytest.fixture
def film(owner):
    return judged_film(owner)


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().splitlines()]


def test_direct_votes_below_two_hundred_then_the_posterior(owner):
    film = make_film()
    judged_cue(3, CLEAR, rater=owner, film=film)
    draft = draft_preferences(film=film)
    assert draft.found.source == "votes"
    assert {(pair.winner, pair.loser) for pair in draft.found.pairs} == {(0, 1), (1, 2)}
    assert dict(draft.found.left_out) == {"tie": 1, "skip": 1}
    assert draft.missing > 0
    assert (draft.enough.votes, draft.enough.cues, draft.enough.refused) == (10, 1, True)
    judged_cue(5, listened(5, 200, seed=1), rater=owner, film=film)
    draft = draft_preferences(film=film, choice=Choice(held_out=frozenset()))
    assert draft.found.source == "posterior"
    assert min(pair.p_order for pair in draft.found.pairs) >= 0.8
    strict = draft_preferences(film=film, choice=Choice(threshold=0.9, held_out=frozenset()))
    assert 0 < strict.pairs < draft.pairs
    assert min(pair.p_order for pair in strict.found.pairs) >= 0.9
    direct = draft_preferences(film=film, choice=Choice(source="votes", held_out=frozenset()))
    assert direct.found.source == "votes"


def test_a_pair_weighs_by_how_often_its_takes_occur(owner):
    cue = judged_cue(3, [(1, 2, "left"), (1, 3, "left")] * 3, rater=owner)
    found = draft_preferences(film=cue.film).found.pairs
    assert [(pair.winner, pair.loser, pair.weight) for pair in found] == [(0, 1, 1 / 3), (0, 2, 1 / 3)]


def test_one_cue_is_held_out_with_direct_votes_only(film):
    draft = draft_preferences(film=film)
    assert len(draft.held) == 1
    (held,) = draft.held
    assert held == min(film.cues.values_list("public_id", flat=True))
    assert draft.pairs_of(held) == 0
    assert draft.pairs == sum(draft.pairs_of(facts.cue.public_id) for facts in draft.cues)
    assert len(draft.tests) >= 10
    assert {couple.cue for couple in draft.tests} == {held}
    assert all(couple.votes for couple in draft.tests)


def test_the_owner_chooses_what_is_held_out(film):
    chosen = film.cues.last().public_id
    assert draft_preferences(film=film, choice=Choice(held_out=frozenset({chosen, "?"}))).held == {chosen}
    none = draft_preferences(film=film, choice=Choice(held_out=frozenset()))
    assert (none.held, none.tests) == (frozenset(), ())


def test_a_lone_cue_is_not_held_out(owner):
    cue = judged_cue(6, listened(6, 60, seed=1), rater=owner)
    assert draft_preferences(film=cue.film).held == frozenset()


def test_takes_without_text_or_of_another_prompt_make_no_pair(owner):
    cue = judged_cue(2, [(1, 2, "left")] * 5, rater=owner)
    foreign, other = make_take(cue=cue), written_take(cue, opening=OPENING.replace("Waltz", "Chorale"))
    for stranger in (foreign, other):
        say(cue, cue.takes.get(number=1), stranger, "left", owner)
    say(cue, foreign, other, "bad", owner)
    draft = draft_preferences(film=cue.film)
    assert [(pair.winner, pair.loser) for pair in draft.found.pairs] == [(0, 1)]
    assert draft.found.left_out["kind"] == 2
    assert [cue.takes.get(number=one.clip + 1) for one in draft.unpaired] == [other]


def test_discarded_takes_and_retracted_judgements(owner):
    cue = judged_cue(3, CLEAR, rater=owner)
    cue.takes.filter(number=3).update(state="discarded")
    last = Judgement.objects.filter(answer="bad").get()
    retraction = say(cue, last.left, last.right, Answer.SKIP, owner)
    Judgement.objects.filter(pk=retraction.pk).update(answer=Answer.RETRACTED, supersedes=last)
    draft = draft_preferences(film=cue.film)
    assert draft.pairs == 2
    assert draft.unpaired == ()


def test_frozen_rows_and_files_say_the_same(film, owner):
    cue = film.cues.first()
    say(cue, cue.takes.get(number=5), cue.takes.get(number=6), "bad", owner)
    held = film.cues.last()
    draft = draft_preferences(film=film, choice=Choice(source="posterior", held_out=frozenset({held.public_id})))
    frozen = freeze_preferences(draft=draft)
    files = files_of(frozen=frozen)
    train, tests, bad = (lines(files[name]) for name in ("train.jsonl", "held_out.jsonl", "unpaired.jsonl"))
    assert (len(train), len(tests), len(bad)) == (draft.pairs, len(draft.tests), 2)
    assert frozen.pairs.filter(held_out=False).count() == draft.pairs
    assert frozen.pairs.filter(held_out=True).count() == len(draft.tests)
    assert (frozen.name, frozen.film, frozen.votes) == ("laterne 1", film, 80)
    row, pair = train[0], frozen.pairs.order_by("pk").first()
    candidate = Candidate.objects.get(take=pair.chosen)
    assert row["prompt"] + row["chosen"] == candidate.raw
    assert row["prompt"] == OPENING
    assert row["rejected"] != row["chosen"]
    assert row["chosen_forced"] == [[0, 7]]
    assert row["chosen"][0:7].startswith("[r:0/1]")
    assert (row["weight"], row["p_order"], row["soft_label"]) == (pair.weight, pair.p_order, pair.soft_label)
    assert (row["source"], row["cue"], row["film"]) == ("inferred", cue.public_id, "laterne")
    assert (row["chosen_take"], row["chosen_candidate"]) == (pair.chosen.public_id, candidate.public_id)
    assert row["chosen_checkpoint"] == checkpoint().sha256
    assert all(one["cue"] == held.public_id and one["source"] == "vote" and one["judgements"] for one in tests)
    assert all(0.5 < one["p_order"] <= 1 for one in tests)
    assert [(one["label"], one["prompt"] + one["completion"]) for one in bad] == [
        (False, Candidate.objects.get(take__cue=cue, take__number=number).raw) for number in (5, 6)
    ]
    manifest = json.loads(files["manifest.json"])
    assert manifest == frozen.manifest
    assert hashlib.sha256(files["manifest.json"].rstrip(b"\n")).hexdigest() == frozen.sha256
    for name, told in manifest["files"].items():
        assert told == {"rows": files[name].count(b"\n"), "sha256": hashlib.sha256(files[name]).hexdigest()}


def test_every_pair_is_of_one_cue(film):
    frozen = freeze_preferences(draft=draft_preferences(film=film))
    assert all(pair.chosen.cue_id == pair.rejected.cue_id for pair in frozen.pairs.select_related("chosen", "rejected"))


def test_the_same_input_gives_the_same_set(film, owner):
    first = freeze_preferences(draft=draft_preferences(film=film))
    assert freeze_preferences(draft=draft_preferences(film=film)) == first
    assert PreferenceSet.objects.count() == 1
    cue = film.cues.first()
    say(cue, cue.takes.get(number=1), cue.takes.get(number=2), "left", owner)
    second = freeze_preferences(draft=draft_preferences(film=film))
    assert (second.name, second.sha256 != first.sha256) == ("laterne 2", True)


def test_all_films_together(film, owner):
    other = judged_cue(3, CLEAR, rater=owner, film=make_film(slug="anders"))
    draft = draft_preferences(film=None, choice=Choice(held_out=frozenset()))
    assert [facts.cue.film.slug for facts in draft.cues] == ["anders", "laterne", "laterne", "laterne"]
    assert draft.pairs_of(other.public_id) > 0
    assert freeze_preferences(draft=draft).name == "all films 1"


def test_a_judgement_taken_back_later_is_told(owner):
    cue = judged_cue(3, CLEAR, rater=owner)
    frozen = freeze_preferences(draft=draft_preferences(film=cue.film))
    assert taken_back(frozen=frozen) == 0
    first = Judgement.objects.order_by("pk").first()
    again = say(cue, first.left, first.right, "right", owner)
    Judgement.objects.filter(pk=again.pk).update(supersedes=first)
    assert taken_back(frozen=frozen) == 1
    assert frozen.pairs.count() == 2


def test_files_of_a_set_whose_text_has_gone_are_refused(owner):
    cue = judged_cue(3, CLEAR, rater=owner)
    frozen = freeze_preferences(draft=draft_preferences(film=cue.film))
    Candidate.objects.filter(take__number=1).update(raw="")
    with pytest.raises(DomainError, match="has changed since"):
        files_of(frozen=frozen)


def test_nothing_said_is_nothing_to_freeze():
    film = make_film()
    draft = draft_preferences(film=film)
    assert (draft.pairs, draft.cues, draft.expected_correct, draft.length_lean) == (0, (), None, None)
    with pytest.raises(DomainError, match="nothing to learn"):
        freeze_preferences(draft=draft)
    assert PreferencePair.objects.count() == 0


@pytest.mark.parametrize("count", [1, 4])
def test_drafting_takes_four_queries(owner, django_assert_num_queries, count):
    film = make_film()
    for _ in range(count):
        judged_cue(3, CLEAR, rater=owner, film=film)
    with django_assert_num_queries(4):
        draft_preferences(film=film)

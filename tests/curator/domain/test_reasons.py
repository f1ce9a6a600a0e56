"""Reasons: words after an answer."""

import pytest

from curator.domain.errors import DomainError
from curator.domain.ranking import change_judgement, record_judgement, undo_judgement
from curator.domain.reasons import reasons_of, say_reason
from curator.models.ranking import Judgement, Reason
from tests.listening import cue_with_takes, hand, judge

pytestmark = pytest.mark.django_db


def test_reasons_are_given_and_taken_back_by_rows(owner):
    [judgement] = judge(cue_with_takes(2), owner, 1)
    for tag, given in (("mood", True), ("busy", True), ("mood", False), ("busy", True), ("ending", False)):
        say_reason(judgement=judgement, rater=owner, tag=tag, given=given)
    assert reasons_of(judgement) == ["busy"]
    assert [(row.tag, row.given) for row in Reason.objects.all()] == [("mood", True), ("busy", True), ("mood", False)]
    assert Judgement.objects.count() == 1


def test_reasons_given_with_the_answer_count_until_they_are_taken_back(owner):
    [judgement] = judge(cue_with_takes(2), owner, 1)
    Judgement.objects.filter(pk=judgement.pk).update(tags=["ending"])
    judgement.refresh_from_db()
    assert reasons_of(judgement) == ["ending"]
    say_reason(judgement=judgement, rater=owner, tag="ending", given=False)
    assert reasons_of(judgement) == []


def test_reasons_go_over_to_the_changed_answer(owner):
    [judgement] = judge(cue_with_takes(2), owner, 1)
    say_reason(judgement=judgement, rater=owner, tag="harmony")
    assert reasons_of(change_judgement(judgement=judgement, rater=owner, answer="bad")) == ["harmony"]


def test_reasons_are_for_ones_own_answers_and_known_words(owner, rater):
    cue = cue_with_takes(3)
    [judgement] = judge(cue, owner, 1)
    skipped = record_judgement(pair=hand(cue, owner), rater=owner, answer="skip")
    for row, who, tag in ((judgement, rater, "mood"), (judgement, owner, "sparkle"), (skipped, owner, "mood")):
        with pytest.raises(DomainError):
            say_reason(judgement=row, rater=who, tag=tag)
    undo_judgement(cue=cue, rater=owner)
    assert Reason.objects.count() == 0

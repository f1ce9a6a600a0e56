import pytest

from training.recipes.enough import SENTENCES, Enough, enough


@pytest.mark.parametrize(
    ("votes", "refused", "few", "sentence"),
    [
        ({}, True, False, "60 more votes and 3 more cues with votes are needed."),
        ({"a": 30, "b": 29, "c": 0}, True, False, "1 more votes and 1 more cues with votes are needed."),
        ({"a": 30, "b": 200}, True, False, "1 more cues with votes are needed."),
        ({"a": 20, "b": 20, "c": 19}, True, False, "1 more votes are needed."),
        (
            {"a": 20, "b": 20, "c": 20},
            False,
            True,
            "60 votes are few: below 160 a round may change little, or learn chance.",
        ),
        ({"a": 100, "b": 30, "c": 30}, False, False, ""),
    ],
)
def test_votes_are_enough_or_the_sentence_says_what_is_missing(votes, refused, few, sentence):
    found = enough(votes)
    assert (found.refused, found.few, found.sentence) == (refused, few, sentence)


def test_every_sentence_is_listed_for_the_catalogues():
    patterns = {Enough(votes, cues).sentence.pattern for votes in (0, 60, 200) for cues in (0, 3)}
    assert patterns - {""} == set(SENTENCES)

from dataclasses import replace

import numpy as np
import pytest

from curator.preference.best import order_odds, p_above
from curator.preference.pairs import (
    ENOUGH_VOTES,
    CueVotes,
    HeldOut,
    Negative,
    better_source,
    build_pairs,
    held_out,
    lean,
    negatives,
    votes_missing,
)
from curator.preference.raters import fit_raters
from curator.preference.votes import Vote

CLEAR = CueVotes(
    cue="1m1",
    size=3,
    votes=(
        *[Vote(0, 1, "left")] * 6,
        *[Vote(2, 1, "right")] * 6,
        Vote(0, 2, "tie"),
        Vote(1, 2, "bad"),
        Vote(0, 2, "skip"),
    ),
)


def listener(size: int, count: int, *, cue: str = "1m1", seed: int = 1) -> CueVotes:
    """Uniform pairs answered by Bradley-Terry from strengths 0, 0.5, 1, …"""
    random = np.random.default_rng(seed)
    votes = []
    for _ in range(count):
        left, right = (int(clip) for clip in random.choice(size, 2, replace=False))
        ahead = random.random() < 1.0 / (1.0 + np.exp(-0.5 * (left - right)))
        votes.append(Vote(left, right, "left" if ahead else "right"))
    return CueVotes(cue=cue, size=size, votes=tuple(votes))


def test_direct_pairs_are_the_heard_couples_by_majority():
    found = build_pairs([CLEAR], source="votes")
    assert [(one.cue, one.winner, one.loser, one.source, one.votes) for one in found.pairs] == [
        ("1m1", 0, 1, "votes", (0, 1, 2, 3, 4, 5)),
        ("1m1", 1, 2, "votes", (6, 7, 8, 9, 10, 11)),
    ]
    assert found.left_out == {"tie": 1, "skip": 1}
    assert found.answers == 13
    # clip 1 is in both pairs: 1 / (1 + 2)
    assert [one.weight for one in found.pairs] == pytest.approx([1 / 3, 1 / 3])


def test_a_label_says_how_likely_the_listener_would_say_so():
    found = build_pairs([CLEAR], source="votes")
    posterior = fit_raters(3, CLEAR.votes).posterior
    for one in found.pairs:
        assert one.p_order == pytest.approx(p_above(posterior, one.winner, one.loser), abs=1e-9)
        assert 0.5 < one.soft_label < one.p_order
        assert one.margin == pytest.approx(posterior.mean[one.winner] - posterior.mean[one.loser])
    assert found.expected_correct == pytest.approx(np.mean([one.p_order for one in found.pairs]))


def test_order_odds_mirror_and_match_the_integral():
    posterior = fit_raters(4, listener(4, 12).votes).posterior
    above, said = order_odds(posterior)
    np.testing.assert_allclose(above + above.T, 1.0, atol=1e-12)
    np.testing.assert_allclose(said + said.T, 1.0, atol=1e-12)
    draws = np.random.default_rng(0).multivariate_normal(posterior.mean, posterior.cov, 200_000)
    assert above[0, 3] == pytest.approx((draws[:, 0] > draws[:, 3]).mean(), abs=0.005)
    assert said[0, 3] == pytest.approx((1 / (1 + np.exp(draws[:, 3] - draws[:, 0]))).mean(), abs=0.005)


def test_posterior_pairs_hold_couples_that_were_never_heard():
    found = build_pairs([CLEAR], source="posterior", threshold=0.9)
    assert {(one.winner, one.loser) for one in found.pairs} == {(0, 1), (1, 2), (0, 2)}
    assert all(one.p_order >= 0.9 for one in found.pairs)
    unheard = next(one for one in build_pairs([replace(CLEAR, votes=CLEAR.votes[:12])], source="posterior").pairs
                   if (one.winner, one.loser) == (0, 2))  # fmt: skip
    assert unheard.votes == ()
    assert all(one.weight == pytest.approx(1 / 4) for one in found.pairs)


def test_a_stricter_threshold_gives_fewer_and_surer_pairs():
    cue = listener(10, 60)
    loose, strict = (build_pairs([cue], source="posterior", threshold=at) for at in (0.8, 0.9))
    couples = [{(one.winner, one.loser) for one in found.pairs} for found in (loose, strict)]
    assert couples[1] < couples[0]
    assert strict.expected_correct > loose.expected_correct
    assert loose.left_out["unsure"] == 45 - len(loose.pairs)
    with pytest.raises(ValueError, match="at least one half"):
        build_pairs([cue], threshold=0.4)


def test_nothing_is_learnt_from_a_draw_or_against_the_others():
    split = CueVotes("a", 2, (Vote(0, 1, "left"), Vote(1, 0, "left")))
    assert build_pairs([split], source="votes").left_out == {"split": 1}
    # 0 beats 1 six times, 1 beats 2 six times: one answer for 2 over 0 is a slip
    slip = CueVotes("b", 3, (*[Vote(0, 1, "left")] * 6, *[Vote(1, 2, "left")] * 6, Vote(2, 0, "left")))
    found = build_pairs([slip], source="votes")
    assert [(one.winner, one.loser) for one in found.pairs] == [(0, 1), (1, 2)]
    assert found.left_out == {"contradicted": 1}


def test_pairs_stay_inside_a_cue_and_weigh_by_it():
    cues = [listener(5, 30, cue=name, seed=seed) for seed, name in enumerate(("1m1", "1m2"))]
    both, alone = build_pairs(cues, source="posterior"), build_pairs(cues[:1], source="posterior")
    assert [one for one in both.pairs if one.cue == "1m1"] == list(alone.pairs)
    assert {one.cue for one in both.pairs} == {"1m1", "1m2"}


def test_the_source_changes_at_two_hundred_answers():
    few, many = listener(6, ENOUGH_VOTES - 1), listener(6, ENOUGH_VOTES)
    bad = replace(few, votes=(*few.votes, Vote(0, 1, "bad")))
    assert [better_source([cue]) for cue in (few, bad, many)] == ["votes", "votes", "posterior"]
    assert better_source([few, CLEAR]) == "posterior"
    assert build_pairs([many]).source == "posterior"


def test_bad_clips_are_negatives_without_a_partner():
    assert build_pairs([CLEAR]).negatives == (Negative("1m1", 1, (13,)), Negative("1m1", 2, (13,)))
    twice = CueVotes("a", 3, (Vote(2, 0, "bad"), Vote(0, 1, "left"), Vote(0, 1, "bad")))
    assert negatives(twice) == (Negative("a", 0, (0, 2)), Negative("a", 1, (2,)), Negative("a", 2, (0,)))


def test_held_out_cues_are_tested_with_direct_answers():
    votes = (Vote(0, 1, "left"), Vote(1, 0, "right"), Vote(2, 1, "right"), Vote(0, 2, "tie"), Vote(0, 2, "bad"))
    assert held_out(CueVotes("a", 3, votes)) == (
        HeldOut("a", winner=0, loser=1, firm=True, votes=(0, 1)),
        HeldOut("a", winner=1, loser=2, firm=False, votes=(2,)),
    )


def test_lean_is_the_correlation_of_both_readings():
    steps = np.array([0.3, -0.1, 0.2, 0.4])
    both, labels = np.concatenate([steps, -steps]), np.repeat([1.0, -1.0], 4)
    assert lean(steps) == pytest.approx(np.corrcoef(both, labels)[0, 1])
    assert lean([0.0, 0.0]) == 0.0
    assert np.isnan(lean([]))


def test_a_balanced_set_does_not_teach_length():
    # the listener rather likes long clips
    lengths = tuple(float(8 + clip + 5 * (clip % 3)) for clip in range(12))
    cue = replace(listener(12, 150), lengths=lengths, densities=(2.0,) * 12)
    plain, balanced = (build_pairs([cue], source="posterior", balanced=on) for on in (False, True))
    assert plain.length_lean > 0.3
    assert abs(balanced.length_lean) <= 0.1 + 1e-9
    assert len(balanced.pairs) > 15
    assert balanced.left_out["unbalanced"] == len(plain.pairs) - len(balanced.pairs)
    assert plain.density_lean == 0.0
    unknown = build_pairs([listener(12, 150)], source="posterior", balanced=True)
    assert len(unknown.pairs) == len(plain.pairs)
    assert np.isnan(unknown.length_lean)


def test_a_cue_needs_a_number_for_each_clip():
    with pytest.raises(ValueError, match="one positive number"):
        replace(CLEAR, lengths=(1.0, 2.0))
    with pytest.raises(ValueError, match="one positive number"):
        replace(CLEAR, densities=(1.0, 0.0, 2.0))


def test_votes_missing_follows_the_yield():
    assert votes_missing(pairs=150, answers=300, minimum=150) == 0
    assert votes_missing(pairs=0, answers=0, minimum=150) == 150
    assert votes_missing(pairs=50, answers=100, minimum=150) == 200
    # more posterior pairs than answers: one answer at least
    assert votes_missing(pairs=140, answers=60, minimum=150) == 10


def test_nothing_comes_of_nothing():
    found = build_pairs([])
    assert (found.pairs, found.negatives, found.left_out, found.answers) == ((), (), {}, 0)
    assert np.isnan(found.expected_correct)


@pytest.mark.parametrize("source", ["votes", "posterior"])
def test_clips_that_were_asked_for_differently_make_no_pair(source):
    cue = replace(CLEAR, kinds=("a", "b", "a"))
    found = build_pairs([cue], source=source, threshold=0.5)
    assert {(pair.winner, pair.loser) for pair in found.pairs} <= {(0, 2), (2, 0)}
    assert found.left_out["kind"] == 2
    assert held_out(cue) == ()
    assert build_pairs([replace(CLEAR, kinds=("", "", ""))], source=source).pairs == ()
    with pytest.raises(ValueError, match="one kind for each"):
        replace(CLEAR, kinds=("a",))

import json
from pathlib import Path

import choix
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.preference.fit import fit, tally
from curator.preference.votes import Vote

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "choix.json"
CASES = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]

clips = st.integers(0, 5)
votes_of_six = st.lists(
    st.builds(Vote, clips, clips, st.sampled_from(["left", "right", "tie", "bad", "skip"])).filter(
        lambda vote: vote.left != vote.right
    ),
    max_size=40,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['n']}-clips")
def test_fit_agrees_with_choix(case):
    votes = [Vote(winner, loser, "left") for winner, loser in case["wins"]]
    posterior = fit(case["n"], votes, prior_sd=case["prior_sd"], lapse=0.0)
    np.testing.assert_allclose(posterior.mean, case["strengths"], atol=1e-6, rtol=0)


@given(
    st.lists(st.tuples(clips, clips).filter(lambda pair: pair[0] != pair[1]), min_size=1, max_size=60),
    st.floats(0.5, 3.0),
)
@settings(max_examples=25, deadline=None)
def test_fit_agrees_with_choix_on_random_data(wins, prior_sd):
    # its penalty is alpha |theta|^2, without our one half
    theirs = choix.opt_pairwise(6, wins, alpha=1.0 / (2.0 * prior_sd**2), tol=1e-12)
    ours = fit(6, [Vote(winner, loser, "left") for winner, loser in wins], prior_sd=prior_sd, lapse=0.0)
    np.testing.assert_allclose(ours.mean, theirs, atol=1e-6, rtol=0)


def test_tally_counts_a_tie_as_half_and_leaves_out_bad_and_skip():
    votes = [
        Vote(0, 1, "left"),
        Vote(1, 0, "tie"),
        Vote(2, 0, "right"),
        Vote(1, 2, "bad"),
        Vote(2, 1, "skip"),
    ]
    assert tally(3, votes).tolist() == [[0.0, 1.5, 1.0], [0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]


@pytest.mark.parametrize("vote", [Vote(0, 3, "left"), Vote(-1, 0, "tie"), Vote(1, 1, "left")])
def test_tally_refuses_a_pair_that_is_not_one(vote):
    with pytest.raises(ValueError, match="a vote names the pair"):
        tally(3, [vote])


def test_fit_without_votes_is_the_prior():
    posterior = fit(3, [], prior_mean=[0.5, 0.0, -0.5], prior_sd=2.0)
    assert posterior.mean.tolist() == [0.5, 0.0, -0.5]
    np.testing.assert_allclose(posterior.cov, np.eye(3) * 4.0)


@pytest.mark.parametrize("lapse", [0.0, 0.05])
def test_fit_stays_finite_when_one_clip_wins_everything(lapse):
    votes = [Vote(0, other, "left") for other in (1, 2, 3) for _ in range(200)]
    posterior = fit(4, votes, lapse=lapse)
    assert np.isfinite(posterior.mean).all()
    assert posterior.mean.argmax() == 0
    assert posterior.mean[0] < 10.0
    assert (np.linalg.eigvalsh(posterior.cov) > 0).all()


def test_fit_with_a_lapse_believes_a_single_upset_less():
    votes = [Vote(0, 1, "left")] * 20 + [Vote(0, 1, "right")]
    strict, lenient = fit(2, votes, lapse=0.0), fit(2, votes, lapse=0.1)
    assert lenient.mean[0] - lenient.mean[1] > strict.mean[0] - strict.mean[1]


def test_fit_takes_the_prior_mean_of_a_taste_model():
    posterior = fit(2, [Vote(0, 1, "left")], prior_mean=[-3.0, 3.0])
    assert posterior.mean[0] < posterior.mean[1]
    with pytest.raises(ValueError, match="prior_mean has shape"):
        fit(2, [], prior_mean=[0.0])


@given(votes_of_six, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_fit_does_not_depend_on_the_order_of_votes(votes, random):
    shuffled = list(votes)
    random.shuffle(shuffled)
    one, other = fit(6, votes), fit(6, shuffled)
    assert one.mean.tolist() == other.mean.tolist()
    assert one.cov.tolist() == other.cov.tolist()


@given(votes_of_six)
@settings(max_examples=40, deadline=None)
def test_fit_does_not_know_sides(votes):
    mirror = {"left": "right", "right": "left"}
    swapped = [Vote(vote.right, vote.left, mirror.get(vote.answer, vote.answer)) for vote in votes]
    assert fit(6, votes).mean.tolist() == fit(6, swapped).mean.tolist()


@given(votes_of_six)
@settings(max_examples=40, deadline=None)
def test_fit_sits_on_a_mode(votes):
    # the slope of the log posterior, written out again, is zero at the answer
    posterior = fit(6, votes, lapse=0.0)
    wins = tally(6, votes)
    gap = posterior.mean[:, None] - posterior.mean[None, :]
    chance = 1.0 / (1.0 + np.exp(-gap))
    slope = (wins - (wins + wins.T) * chance).sum(axis=1) - posterior.mean / 1.5**2
    np.testing.assert_allclose(slope, 0.0, atol=1e-7)

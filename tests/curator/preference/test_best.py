import numpy as np
import pytest

from curator.preference.best import draw, intervals, odds, p_above
from curator.preference.fit import Posterior, fit
from curator.preference.stop import Certainty, certainty
from curator.preference.votes import Vote


def flat(n: int) -> Posterior:
    return fit(n, [])


def test_odds_are_even_without_votes():
    now = odds(flat(4))
    assert now.p_best.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(now.p_best, 0.25, atol=0.02)
    # the mean of the largest of four standard normals is 1.0294 (Harter 1961)
    np.testing.assert_allclose(now.regret, 1.0294 * 1.5, atol=0.04)


def test_odds_are_the_same_for_the_same_seed():
    posterior = fit(3, [Vote(0, 1, "left"), Vote(1, 2, "tie")])
    assert odds(posterior, seed=7).p_best.tolist() == odds(posterior, seed=7).p_best.tolist()
    assert odds(posterior, seed=7).p_best.tolist() != odds(posterior, seed=8).p_best.tolist()


def test_odds_agree_with_the_closed_form_of_two_clips():
    posterior = fit(2, [Vote(0, 1, "left")] * 3)
    assert odds(posterior, count=40_000).p_best[0] == pytest.approx(p_above(posterior, 0, 1), abs=0.01)
    assert odds(posterior).leader == 0


def test_odds_without_clips_are_refused():
    with pytest.raises(ValueError, match="no clip"):
        odds(flat(0))


def test_draw_comes_in_opposite_pairs():
    posterior = fit(3, [Vote(0, 1, "left")])
    np.testing.assert_allclose(draw(posterior, count=100).mean(axis=1), posterior.mean, atol=1e-12)


def test_intervals_are_measured_from_the_average_clip():
    posterior = fit(3, [Vote(0, 1, "left")] * 4, prior_mean=[2.0, 2.0, 2.0])
    wide, narrow = intervals(posterior, level=0.95), intervals(posterior, level=0.5)
    assert wide.shape == (3, 2)
    assert wide.mean() == pytest.approx(0.0, abs=1e-9)
    assert (wide[:, 0] < narrow[:, 0]).all()
    assert (narrow[:, 1] < wide[:, 1]).all()
    np.testing.assert_allclose((wide[:, 1] - wide[:, 0]) / (narrow[:, 1] - narrow[:, 0]), 2.9058, rtol=1e-3)


def test_certainty_is_open_without_votes_and_given_for_a_lone_clip():
    assert certainty(flat(2)).sure is False
    assert certainty(flat(1)) == Certainty(leader=0, p_best=1.0, regret=0.0, sure=True)


def test_certainty_comes_with_votes():
    votes = [Vote(0, 1, "left"), Vote(0, 2, "left"), Vote(1, 2, "left")]
    few, many = certainty(fit(3, votes)), certainty(fit(3, votes * 5))
    assert few.sure is False
    assert many.sure is True
    assert many.leader == 0
    assert many.p_best > few.p_best
    assert many.regret < few.regret


def test_certainty_is_enough_at_small_regret_between_equals():
    # two clips that tie for ever: P(best) stays at a half, but choosing either costs nothing
    equal = certainty(fit(2, [Vote(0, 1, "tie")] * 400))
    assert equal.p_best == pytest.approx(0.5, abs=0.05)
    assert equal.regret < 0.1
    assert equal.sure is True

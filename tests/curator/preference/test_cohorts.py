import numpy as np
import pytest

from curator.preference.cohorts import Comparison, compare, pool
from curator.preference.fit import Posterior, fit
from curator.preference.votes import Vote


def test_compare_takes_the_joint_posterior():
    posterior = fit(4, [Vote(2, 0, "left"), Vote(3, 1, "left"), Vote(2, 1, "left"), Vote(0, 3, "tie")])
    found = compare(posterior, [2, 3], [0, 1])
    draws = np.random.default_rng(1).multivariate_normal(posterior.mean, posterior.cov, 200_000)
    gaps = draws[:, 2:].mean(axis=1) - draws[:, :2].mean(axis=1)
    assert found.mean == pytest.approx(gaps.mean(), abs=0.01)
    assert found.deviation == pytest.approx(gaps.std(), rel=0.01)
    assert found.p_better == pytest.approx((gaps > 0).mean(), abs=0.005)
    assert found.interval() == pytest.approx(np.quantile(gaps, [0.025, 0.975]), abs=0.03)
    other = compare(posterior, [0, 1], [2, 3])
    assert (other.mean, other.p_better) == pytest.approx((-found.mean, 1 - found.p_better))


def test_compare_knows_nothing_before_votes_and_refuses_nobody():
    assert compare(fit(3, []), [0], [1, 2]).p_better == pytest.approx(0.5)
    for one, other in (([], [0]), ([0], [])):
        with pytest.raises(ValueError, match="without clips"):
            compare(fit(2, []), one, other)
    certain = Posterior(mean=np.array([1.0, 0.0]), cov=np.zeros((2, 2)))
    assert compare(certain, [0], [1]).p_better == 1.0
    assert compare(certain, [0], [0]).p_better == 0.5


def test_pool_counts_every_cue_alike():
    assert pool([Comparison(1.0, 0.6), Comparison(0.0, 0.8)]) == Comparison(0.5, pytest.approx(0.5))
    with pytest.raises(ValueError, match="nothing to pool"):
        pool([])

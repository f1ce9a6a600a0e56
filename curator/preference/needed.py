"""About how many more answers until the winner is sure enough: a look ahead, without simulating listeners.

After m further answers the posterior is narrower, and its mean has moved by what was learned. Before hearing them
the new mean is Gaussian around the present one, with the covariance that is lost (Raiffa & Schlaifer 1961, the
preposterior distribution). So the expected regret after m answers is E max(strength) - E max(new mean), both from
the same draws.
"""

import numpy as np

from curator.preference.best import Odds, odds
from curator.preference.fit import LAPSE, Floats, Posterior, chance
from curator.preference.stop import ENOUGH_P_BEST, ENOUGH_REGRET, certainty

MOST = 400
"""Beyond this many answers a forecast says nothing."""
FUTURES, DRAWS = 32, 400
SPEED = 1.0
WIDE = 0.3
"""Share of future answers that go evenly to all couples: today's favourites will not stay the only ones."""


def votes_needed(
    posterior: Posterior, *, now: Odds | None = None, seed: int = 0
) -> int | None:
    """About how many more answers until the expected regret is at most `enough`; 0 when it is, None beyond 400.

    `now` are the odds of this posterior where the caller has them already. The answers are taken to go where the
    policy that looks for the winner would send them today.
    """
    if posterior.size < 2:
        return 0
    now = now or odds(posterior)
    if certainty(posterior, now=now).sure:
        return 0
    rate = _information(posterior, now)
    precision = np.linalg.inv(posterior.cov)
    random = np.random.default_rng(seed)
    futures = random.standard_normal((FUTURES, posterior.size))
    doubts = random.standard_normal((DRAWS, posterior.size))

    def sure(votes: int) -> bool:
        """Whether the stop rule holds in half of the futures after so many more answers."""
        left = np.linalg.inv(precision + SPEED * votes * rate)
        means = posterior.mean + futures @ _root(posterior.cov - left).T
        strengths = means[:, None, :] + doubts @ _root(left).T
        leaders = np.argmax(means, axis=1)
        regret = np.mean(np.max(strengths, axis=2), axis=1) - means.max(axis=1)
        p_best = np.mean(np.argmax(strengths, axis=2) == leaders[:, None], axis=1)
        return bool(np.mean((regret <= ENOUGH_REGRET) | (p_best >= ENOUGH_P_BEST)) >= 0.5)

    if not sure(MOST):
        return None
    low, high = 0, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if sure(middle) else (middle, high)
    return high


def _root(matrix: Floats) -> Floats:
    """A square root of a covariance that may be singular, or negative by rounding."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)), dtype=np.float64)


def _information(posterior: Posterior, now: Odds) -> Floats:
    """What one answer adds to the precision (N, N) on average."""
    n = posterior.size
    first, second = np.triu_indices(n, 1)
    p = (now.p_best + 1e-4 / n) / (1.0 + 1e-4)
    share = p[first] * p[second] * (1.0 / (1.0 - p[first]) + 1.0 / (1.0 - p[second]))
    share = (1.0 - WIDE) * share / share.sum() + WIDE / share.size
    gap = posterior.mean[first] - posterior.mean[second]
    ahead = chance(gap, LAPSE)
    # Fisher information of one answer with slips, as in curator.preference.fit
    inner = (ahead - 0.5 * LAPSE) / (1.0 - LAPSE)
    slope = (1.0 - LAPSE) * inner * (1.0 - inner)
    weight = share * slope**2 / (ahead * (1.0 - ahead))
    rate = np.zeros((n, n))
    rate[first, second] = rate[second, first] = -weight
    np.fill_diagonal(rate, -rate.sum(axis=1))
    return rate

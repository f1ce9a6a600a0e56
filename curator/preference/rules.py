"""The rules that pick a pair: what an answer would tell about the order, and what about the best clip.

Pairs are given as two arrays of clips, `first` and `second` (pairs,), with `allowed` (pairs,) for those that may be
heard now; at least one is. Each rule answers with the share (pairs,) of each pair, which adds up to 1.
"""

import numpy as np
from numpy.typing import NDArray

from curator.preference.best import NODES, WEIGHTS, Odds
from curator.preference.fit import LAPSE, Floats, Posterior, chance

Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

CANDIDATES = 48
"""Pairs that are looked at closely: those most likely to hold the best clip."""
DRAWS = 800
RARE = 0.01
"""Clips that are the best in fewer draws than this are taken together: a mean of a few draws would be noise."""


def information_gain(mean: Floats, variance: Floats, *, lapse: float = LAPSE) -> Floats:
    """Expected information (nats) of one answer about gaps d ~ N(mean, variance): H(E p(d)) - E H(p(d))."""
    gaps = mean[..., None] + np.sqrt(variance)[..., None] * NODES
    weights = WEIGHTS / WEIGHTS.sum()
    ahead = chance(gaps, lapse)
    return np.asarray(_entropy(ahead @ weights) - _entropy(ahead) @ weights, dtype=np.float64)


def most_informative(posterior: Posterior, first: Indices, second: Indices, allowed: Mask, lapse: float) -> Floats:
    """The share (pairs,) of each pair: all for the one with the largest gain."""
    variance = np.diag(posterior.cov)
    spread = variance[first] + variance[second] - 2.0 * posterior.cov[first, second]
    gain = information_gain(posterior.mean[first] - posterior.mean[second], spread, lapse=lapse)
    gain[~allowed] = -1.0
    # before the first votes all pairs are alike: rounding must not decide
    alike = gain >= gain.max() - 1e-9
    return np.asarray(alike / alike.sum(), dtype=np.float64)


def about_best(now: Odds, first: Indices, second: Indices, allowed: Mask, lapse: float) -> Floats:
    """All for the pair whose answer tells most about which clip is the best.

    The mutual information of answer and best clip, H(E p) - E H(E[p | best]), over draws of the posterior
    (predictive entropy search, Hernández-Lobato 2014, for pairs).
    """
    strengths = now.strengths[:, :DRAWS]
    n, count = strengths.shape
    best = strengths.argmax(axis=0)
    share = np.bincount(best, minlength=n) / count
    candidates = np.flatnonzero(allowed)
    if candidates.size > CANDIDATES:
        promise = now.p_best[first[candidates]] + now.p_best[second[candidates]]
        candidates = candidates[np.argsort(-promise, kind="stable")[:CANDIDATES]]
    ahead = chance(strengths[first[candidates]] - strengths[second[candidates]], lapse)
    kinds, which = np.unique(np.where(share[best] < RARE, n, best), return_inverse=True)
    group = np.zeros((count, kinds.size))
    group[np.arange(count), which] = 1.0
    size = group.sum(axis=0)
    gain = _entropy(ahead.mean(axis=1)) - _entropy(ahead @ group / size) @ (size / count)
    chosen = np.zeros(first.size)
    chosen[candidates[int(np.argmax(gain))]] = 1.0
    return chosen


def _entropy(p: Floats) -> Floats:
    inner = np.clip(p, 1e-15, 1.0 - 1e-15)
    return np.asarray(-inner * np.log(inner) - (1.0 - inner) * np.log1p(-inner), dtype=np.float64)

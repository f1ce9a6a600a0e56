"""Which clip is best, how sure that is, and what choosing it now would cost."""

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from scipy.special import ndtr

from curator.preference.fit import Floats, Posterior, chance

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
DRAWS = 4000
"""Draws behind P(best): its standard error is below 0.008 everywhere."""


@dataclass(frozen=True, eq=False)
class Odds:
    """P(best) (N,), which sums to 1, and the expected regret (N,) in log-odds of choosing each clip now.

    strengths (N, draws): the draws behind it, a clip a row.
    """

    p_best: Floats
    regret: Floats
    strengths: Floats

    @property
    def leader(self) -> int:
        """The clip with the smallest expected regret, which is also the one with the highest mean."""
        return int(np.argmin(self.regret))


def draw(posterior: Posterior, *, count: int = DRAWS, seed: int = 0) -> Floats:
    """Strengths drawn from the posterior (N, count) in opposite pairs; same seed, same draws."""
    half = np.linalg.cholesky(posterior.cov) @ _noise(posterior.size, (count + 1) // 2, seed)
    strengths = np.empty((posterior.size, count))
    # opposite pairs cancel the error of the mean
    strengths[:, ::2] = posterior.mean[:, None] + half
    strengths[:, 1::2] = posterior.mean[:, None] - half[:, : count // 2]
    return strengths


@lru_cache(maxsize=16)
def _noise(size: int, count: int, seed: int) -> Floats:
    """Standard normal numbers (size, count); kept, since every page asks for the same ones. Not to be changed."""
    return np.random.default_rng(seed).standard_normal((size, count))


def odds(posterior: Posterior, *, count: int = DRAWS, seed: int = 0) -> Odds:
    """P(best) and expected regret from seeded draws. Raises ValueError without any clip."""
    if posterior.size == 0:
        raise ValueError("no clip to choose from")
    strengths = draw(posterior, count=count, seed=seed)
    highest = strengths.max(axis=0)
    leader = int(np.argmax(posterior.mean))
    # only the leader's regret needs the draws; the others differ from it by the exact gap of the means
    least = float(np.mean(highest - strengths[leader]))
    regret = least + (posterior.mean[leader] - posterior.mean)
    return Odds(p_best=(strengths == highest).mean(axis=1), regret=regret, strengths=strengths)


def intervals(posterior: Posterior, *, level: float) -> Floats:
    """Credible intervals (N, 2) of each clip's strength against the mean of all clips, at 0 < level < 1.

    Votes only tell differences, so the common level is taken out: 0 is the average clip of the scene.
    """
    centre = np.eye(posterior.size) - 1.0 / posterior.size
    mean = centre @ posterior.mean
    spread = np.sqrt(np.maximum(np.diag(centre @ posterior.cov @ centre), 0.0))
    reach = NormalDist().inv_cdf(0.5 + level / 2.0) * spread
    return np.stack([mean - reach, mean + reach], axis=1)


def p_above(posterior: Posterior, i: int, j: int) -> float:
    """P(clip i is stronger than clip j) under the posterior."""
    variance = float(posterior.cov[i, i] + posterior.cov[j, j] - 2.0 * posterior.cov[i, j])
    return NormalDist().cdf(float(posterior.mean[i] - posterior.mean[j]) / variance**0.5)


def order_odds(posterior: Posterior) -> tuple[Floats, Floats]:
    """For each couple (N, N): P(row stronger than column), and the chance that one clear answer would say so.

    The first is Phi(gap / its deviation); the second E sigma(gap), without slips. Both are one half on the
    diagonal, and each entry and its mirror add up to 1.
    """
    variance = np.diag(posterior.cov)
    gap = posterior.mean[:, None] - posterior.mean[None, :]
    spread = np.sqrt(np.maximum(variance[:, None] + variance[None, :] - 2.0 * posterior.cov, 0.0))
    spread[np.diag_indices_from(spread)] = 1.0
    above = ndtr(gap / np.maximum(spread, 1e-12))
    said = chance(gap[..., None] + spread[..., None] * NODES, 0.0) @ (WEIGHTS / WEIGHTS.sum())
    return np.asarray(above, dtype=np.float64), np.asarray(said, dtype=np.float64)

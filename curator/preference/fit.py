"""Bradley-Terry strengths with a Gaussian prior: the mode and its Laplace covariance.

Model (Bradley & Terry 1952): P(i before j) = (1 - lapse) * sigma(theta_i - theta_j) + lapse / 2, with
theta ~ N(prior_mean, prior_sd^2). A tie counts half for each side, which ranks as well as Davidson's tie
model. The prior keeps the fit finite when one clip won all its pairs; the lapse term stands for slips of
the finger and keeps the stated confidence honest when the pairs were chosen actively.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.preference.votes import Vote

Floats = NDArray[np.float64]

PRIOR_SD = 1.5
"""Spread of strengths inside one scene, in log-odds."""
LAPSE = 0.05
"""Share of answers that are random."""

MAX_STEPS = 100
SMALLEST_STEP = 2.0**-20
TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False)
class Posterior:
    """Gaussian belief about the strengths of N clips, in log-odds: mean (N,), covariance (N, N)."""

    mean: Floats
    cov: Floats

    @property
    def size(self) -> int:
        """The number of clips N."""
        return int(self.mean.shape[0])


def tally(n: int, votes: Sequence[Vote]) -> Floats:
    """Wins (N, N): entry [i, j] counts how often i beat j, a tie as one half each way.

    "bad" and "skip" say nothing on order and are left out. Raises ValueError for a clip outside 0 … n-1 or a
    clip that meets itself.
    """
    wins = np.zeros((n, n))
    for vote in votes:
        if not (0 <= vote.left < n and 0 <= vote.right < n) or vote.left == vote.right:
            raise ValueError(f"a vote names the pair ({vote.left}, {vote.right}) among {n} clips")
        if vote.answer == "tie":
            wins[vote.left, vote.right] += 0.5
            wins[vote.right, vote.left] += 0.5
        elif vote.answer == "left":
            wins[vote.left, vote.right] += 1.0
        elif vote.answer == "right":
            wins[vote.right, vote.left] += 1.0
    return wins


def fit(
    n: int,
    votes: Sequence[Vote],
    *,
    prior_mean: Sequence[float] | Floats | None = None,
    prior_sd: float = PRIOR_SD,
    lapse: float = LAPSE,
) -> Posterior:
    """The posterior of n clips after these votes; the order of the votes does not matter, to the last bit.

    `prior_mean` (n,) comes from a taste model, default 0. The mode is found by Newton steps with the expected
    curvature, which is positive definite at every point, and halved while a step does not improve. The
    covariance is the inverse of that curvature at the mode.
    """
    prior = np.zeros(n) if prior_mean is None else np.asarray(prior_mean, dtype=np.float64)
    if prior.shape != (n,):
        raise ValueError(f"prior_mean has shape {prior.shape}, expected ({n},)")
    wins = tally(n, votes)
    first, second = np.nonzero(np.triu(wins + wins.T))
    won, lost = wins[first, second], wins[second, first]
    precision = 1.0 / prior_sd**2

    def value(theta: Floats) -> float:
        ahead = chance(theta[first] - theta[second], lapse)
        behind = chance(theta[second] - theta[first], lapse)
        likelihood = float(won @ np.log(ahead) + lost @ np.log(behind))
        return likelihood - 0.5 * precision * float(np.sum((theta - prior) ** 2))

    theta = prior.copy()
    best = value(theta)
    curvature = _curvature(theta, first, second, won + lost, precision, lapse)
    for _ in range(MAX_STEPS):
        gap = theta[first] - theta[second]
        slope = (1.0 - lapse) * _sigmoid(gap) * _sigmoid(-gap)
        pull = won * slope / chance(gap, lapse) - lost * slope / chance(-gap, lapse)
        gradient = np.bincount(first, pull, n) - np.bincount(second, pull, n) - precision * (theta - prior)
        step = np.linalg.solve(curvature, gradient)
        scale = 1.0
        # rounding of a long sum must not look like a step in the wrong direction
        slack = 1e-12 * (1.0 + abs(best))
        while (reached := value(theta + scale * step)) < best - slack and scale > SMALLEST_STEP:
            scale /= 2.0
        theta, best = theta + scale * step, reached
        curvature = _curvature(theta, first, second, won + lost, precision, lapse)
        if float(np.max(np.abs(step), initial=0.0)) < TOLERANCE:
            break
    covariance = np.linalg.inv(curvature)
    return Posterior(mean=theta, cov=(covariance + covariance.T) / 2.0)


def _sigmoid(x: Floats) -> Floats:
    # tanh keeps both tails finite without a branch
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def chance(gap: Floats, lapse: float) -> Floats:
    """P(first before second) at these gaps in log-odds; same shape."""
    # the floor only matters without a lapse term, far outside what any prior allows
    return np.maximum((1.0 - lapse) * _sigmoid(gap) + 0.5 * lapse, 1e-300)


def _curvature(
    theta: Floats,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    met: Floats,
    precision: float,
    lapse: float,
) -> Floats:
    """Expected negative second derivative of the log posterior at theta (N, N)."""
    n = theta.shape[0]
    gap = theta[first] - theta[second]
    slope = (1.0 - lapse) * _sigmoid(gap) * _sigmoid(-gap)
    weight = met * slope**2 / (chance(gap, lapse) * chance(-gap, lapse))
    matrix = np.zeros((n, n))
    matrix[first, second] = matrix[second, first] = -weight
    diagonal = np.bincount(first, weight, n) + np.bincount(second, weight, n) + precision
    matrix[np.arange(n), np.arange(n)] = diagonal
    return matrix

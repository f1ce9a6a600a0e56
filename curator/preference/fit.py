"""Bradley-Terry strengths with a Gaussian prior: the mode and its Laplace covariance.

Model (Bradley & Terry 1952): P(i before j) = (1 - lapse) * sigma(theta_i - theta_j) + lapse / 2, with
theta ~ N(prior_mean, prior_sd^2). A tie counts half for each side, which ranks as well as Davidson's tie
model. The prior keeps the fit finite when one clip won all its pairs; the lapse term stands for slips of
the finger and keeps the stated confidence honest when the pairs were chosen actively.
"""

from collections.abc import Callable, Sequence
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
TOLERANCE = 1e-9


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

    `prior_mean` (n,) comes from a taste model, default 0. All listeners count alike and sides do not matter
    (curator.preference.raters knows better). The covariance is the inverse of the expected curvature at the mode.
    """
    prior = np.zeros(n) if prior_mean is None else np.asarray(prior_mean, dtype=np.float64)
    if prior.shape != (n,):
        raise ValueError(f"prior_mean has shape {prior.shape}, expected ({n},)")
    wins = tally(n, votes)
    first, second = np.nonzero(np.triu(wins + wins.T))
    won, lost = wins[first, second], wins[second, first]
    precision = 1.0 / prior_sd**2

    def value(theta: Floats) -> float:
        gap = theta[first] - theta[second]
        likelihood = float(won @ np.log(chance(gap, lapse)) + lost @ np.log(chance(-gap, lapse)))
        return likelihood - 0.5 * precision * float(np.sum((theta - prior) ** 2))

    def gradient(theta: Floats) -> Floats:
        pull = pulls(theta[first] - theta[second], won, lost, lapse)
        return np.bincount(first, pull, n) - np.bincount(second, pull, n) - precision * (theta - prior)

    def curvature(theta: Floats, expected: bool) -> Floats:
        weight = weights(theta[first] - theta[second], won, lost, lapse, expected=expected)
        matrix = np.zeros((n, n))
        matrix[first, second] = matrix[second, first] = -weight
        diagonal = np.bincount(first, weight, n) + np.bincount(second, weight, n) + precision
        matrix[np.arange(n), np.arange(n)] = diagonal
        return matrix

    mode, covariance = climb(prior, value, gradient, curvature)
    return Posterior(mean=mode, cov=covariance)


def climb(
    start: Floats,
    value: Callable[[Floats], float],
    gradient: Callable[[Floats], Floats],
    curvature: Callable[[Floats, bool], Floats],
) -> tuple[Floats, Floats]:
    """The mode (M,) of a log posterior `value` reached from `start`, and the Laplace covariance (M, M) there.

    `curvature` is the negative second derivative at a point, or with True its expectation, which must be positive
    definite everywhere. Newton's steps take the first where it is positive definite, and are halved while they
    do not improve; the covariance is the inverse of the second.
    """
    here, best = start.copy(), value(start)
    for _ in range(MAX_STEPS):
        bend = curvature(here, False)
        try:
            np.linalg.cholesky(bend)
        except np.linalg.LinAlgError:
            bend = curvature(here, True)
        step = np.linalg.solve(bend, gradient(here))
        scale = 1.0
        # rounding of a long sum must not look like a step in the wrong direction
        slack = 1e-12 * (1.0 + abs(best))
        while (reached := value(here + scale * step)) < best - slack and scale > SMALLEST_STEP:
            scale /= 2.0
        here, best = here + scale * step, reached
        if float(np.max(np.abs(step), initial=0.0)) < TOLERANCE:
            break
    covariance = np.linalg.inv(curvature(here, True))
    return here, (covariance + covariance.T) / 2.0


def pulls(gap: Floats, won: Floats, lost: Floats, lapse: float) -> Floats:
    """Derivative of the log likelihood by the gap; shape as `gap`."""
    slope = (1.0 - lapse) * _sigmoid(gap) * _sigmoid(-gap)
    return np.asarray(won * slope / chance(gap, lapse) - lost * slope / chance(-gap, lapse))


def weights(gap: Floats, won: Floats, lost: Floats, lapse: float, *, expected: bool) -> Floats:
    """Negative second derivative of the log likelihood by the gap, or its expectation; shape as `gap`."""
    ahead, behind = chance(gap, lapse), chance(-gap, lapse)
    slope = (1.0 - lapse) * _sigmoid(gap) * _sigmoid(-gap)
    if expected:
        return np.asarray((won + lost) * slope**2 / (ahead * behind))
    bend = slope * (_sigmoid(-gap) - _sigmoid(gap))
    return np.asarray(won * ((slope / ahead) ** 2 - bend / ahead) + lost * ((slope / behind) ** 2 + bend / behind))


def _sigmoid(x: Floats) -> Floats:
    # tanh keeps both tails finite without a branch
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def chance(gap: Floats, lapse: float) -> Floats:
    """P(first before second) at these gaps in log-odds; same shape."""
    # the floor only matters without a lapse term, far outside what any prior allows
    return np.maximum((1.0 - lapse) * _sigmoid(gap) + 0.5 * lapse, 1e-300)

"""Bradley-Terry strengths heard by several listeners, each with a sharpness and a leaning to one side.

Model: P(left before right | rater k) = (1 - lapse) * sigma(a_k (theta_left - theta_right) + h_k) + lapse / 2,
a_k ~ LogN(0, SCALE_SD^2), h_k ~ N(0, SIDE_SD^2), theta as in curator.preference.fit. A listener who often
contradicts the others gets a smaller a_k, so that his answers move the strengths less (after Chen 2013, with
a scale in place of a share of reversed answers). One listener alone keeps a = 1: his sharpness cannot be told
from the spread of the clips.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.preference.fit import LAPSE, PRIOR_SD, Floats, Posterior, chance, climb, pulls, weights
from curator.preference.votes import Vote

SCALE_SD = 0.3
"""Spread of log sharpness between listeners who know what they listen for."""
SIDE_SD = 0.3
"""Spread of the pull of the left side in log-odds; 0.4 would already move 10 % of the close answers."""

FARTHEST = 50.0
"""A log scale out here comes of a step that goes far too wide and is taken back."""


@dataclass(frozen=True, eq=False)
class RaterFit:
    """Belief about the clips, and about each listener in the order of `raters` (their names, sorted).

    scale, scale_sd (K,): log sharpness against the others and its deviation; side, side_sd (K,): pull of the
    left side in log-odds and its deviation, as a posterior under the prior above.
    """

    posterior: Posterior
    raters: tuple[str, ...]
    scale: Floats
    scale_sd: Floats
    side: Floats
    side_sd: Floats


@dataclass(frozen=True, eq=False)
class Cells:
    """Answers counted by listener and sides: rater, left, right (C,) indices, won and lost (C,) by the left clip.

    A tie is one half each way. Sorted, so that the order of the answers is forgotten.
    """

    rater: NDArray[np.intp]
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    won: Floats
    lost: Floats


def count(n: int, votes: Sequence[Vote], raters: Sequence[str]) -> Cells:
    """The answers about order as counts. Raises ValueError for a clip outside 0 … n-1 or one that meets itself."""
    place = {name: index for index, name in enumerate(raters)}
    rows = [
        (place[vote.rater], vote.left, vote.right, {"left": 1.0, "tie": 0.5, "right": 0.0}[vote.answer])
        for vote in votes
        if vote.orders
    ]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 4)
    rater, left, right = (table[:, column].astype(np.intp) for column in range(3))
    wrong = (np.minimum(left, right) < 0) | (np.maximum(left, right) >= n) | (left == right)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(f"a vote names the pair ({left[at]}, {right[at]}) among {n} clips")
    keys, inverse = np.unique((rater * n + left) * n + right, return_inverse=True)
    won = np.asarray(np.bincount(inverse, table[:, 3], keys.size), dtype=np.float64)
    met = np.asarray(np.bincount(inverse, minlength=keys.size), dtype=np.float64)
    return Cells(rater=keys // (n * n), left=keys // n % n, right=keys % n, won=won, lost=met - won)


def fit_raters(
    n: int,
    votes: Sequence[Vote],
    *,
    prior_mean: Sequence[float] | Floats | None = None,
    prior_sd: float = PRIOR_SD,
    lapse: float = LAPSE,
    scale_sd: float = SCALE_SD,
    side_sd: float = SIDE_SD,
) -> RaterFit:
    """The belief about n clips and their listeners; the order of the votes does not matter, to the last bit.

    The clips' covariance includes the doubt about the listeners. Raises ValueError as `count` does.
    """
    prior = np.zeros(n) if prior_mean is None else np.asarray(prior_mean, dtype=np.float64)
    if prior.shape != (n,):
        raise ValueError(f"prior_mean has shape {prior.shape}, expected ({n},)")
    raters = tuple(sorted({vote.rater for vote in votes if vote.orders}))
    cells = count(n, votes, raters)
    k = len(raters)
    # all unknowns in one vector: n strengths, k log scales where there are others to compare with, k sides
    scales = k if k > 1 else 0
    size = n + scales + k
    scale_at, side_at = n + cells.rater, n + scales + cells.rater
    centre = np.concatenate([prior, np.zeros(scales + k)])
    deviation = np.concatenate([np.full(n, prior_sd), np.full(scales, scale_sd), np.full(k, side_sd)])
    precision = 1.0 / deviation**2

    def steps(point: Floats) -> tuple[Floats, Floats]:
        sharp = np.exp(np.clip(point[scale_at], -FARTHEST, FARTHEST)) if scales else np.ones(cells.rater.size)
        return sharp, sharp * (point[cells.left] - point[cells.right])

    def value(point: Floats) -> float:
        logit = steps(point)[1] + point[side_at]
        likelihood = float(cells.won @ np.log(chance(logit, lapse)) + cells.lost @ np.log(chance(-logit, lapse)))
        return likelihood - 0.5 * float(precision @ (point - centre) ** 2)

    def slopes(point: Floats) -> list[Floats]:
        # of a cell's logit by its two to four unknowns, in the order of `touched`
        sharp, gap = steps(point)
        return [sharp, -sharp, np.ones_like(sharp), gap] if scales else [sharp, -sharp, np.ones_like(sharp)]

    touched = [cells.left, cells.right, side_at, scale_at] if scales else [cells.left, cells.right, side_at]
    one, two = np.concatenate(touched), np.concatenate([row * size + column for row in touched for column in touched])

    def gradient(point: Floats) -> Floats:
        pull = pulls(steps(point)[1] + point[side_at], cells.won, cells.lost, lapse)
        by_slope = np.concatenate([pull * slope for slope in slopes(point)])
        return np.asarray(np.bincount(one, by_slope, size) - precision * (point - centre), dtype=np.float64)

    def curvature(point: Floats, expected: bool) -> Floats:
        sharp, gap = steps(point)
        logit = gap + point[side_at]
        weight = weights(logit, cells.won, cells.lost, lapse, expected=expected)
        by_slope = slopes(point)
        terms = np.concatenate([weight * row * column for row in by_slope for column in by_slope])
        matrix = np.diag(precision) + np.bincount(two, terms, size * size).reshape(size, size)
        if scales and not expected:
            # the logit itself bends with the log scale
            pull = pulls(logit, cells.won, cells.lost, lapse)
            for row, bend in ((cells.left, pull * sharp), (cells.right, -pull * sharp), (scale_at, pull * gap)):
                extra = np.bincount(row * size + scale_at, bend, size * size).reshape(size, size)
                matrix -= extra if row is scale_at else extra + extra.T
        return np.asarray(matrix, dtype=np.float64)

    mode, covariance = climb(centre, value, gradient, curvature)
    spread = np.sqrt(np.diag(covariance))
    return RaterFit(
        posterior=Posterior(mean=mode[:n], cov=covariance[:n, :n]),
        raters=raters,
        scale=mode[n : n + scales] if scales else np.zeros(k),
        scale_sd=spread[n : n + scales] if scales else np.zeros(k),
        side=mode[n + scales :],
        side_sd=spread[n + scales :],
    )

"""Whether answers tell of a taste at all: how much likelier they are with strengths than thrown by coins.

One cue never says: from two dozen answers about eight takes a listener and a coin look alike. All cues together do,
since the marginal likelihood sums over every order that the takes could have. It also sees what actively chosen pairs
hide: whether later answers bear the earlier ones out.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import inf, lgamma, log, pi

import numpy as np
from scipy.special import gammaincinv, ndtri

from curator.preference.fit import LAPSE, Floats, chance, fit
from curator.preference.votes import Vote

SPREADS = (0.5, 1.0, 1.5, 2.5)
"""Standard deviations of strengths in one cue, in log-odds, that are thought equally likely beforehand."""

DOUBTFUL = log(20.0)
"""Below this log factor answers are no strong evidence of a taste (Kass & Raftery 1995)."""

DRAWS = 4096
_TAILS = 6.0  # degrees of freedom of the draws, whose tails must be no lighter than the posterior's


def log_factor(cues: Sequence[tuple[int, Sequence[Vote]]]) -> float:
    """Natural log of the Bayes factor of a taste against fair coins, over cues of (number of clips, votes).

    A taste is Bradley-Terry with slips (curator.preference.fit) whose strengths have one spread in all cues, one of
    SPREADS. If the answers are coins, a value of at least x comes up at most once in exp(x) times, however the pairs
    were chosen. 0 without an answer; ties, which are nobody's coin, and sides of the screen do not count. By
    importance sampling with even draws, the same ones each time: with sixteen cues of eight clips and 28 answers it was
    within 0.05 of what a hundred thousand random ones gave. Raises ValueError as `tally`.
    """
    at_spreads = np.zeros(len(SPREADS))
    for clips, votes in cues:
        said = tuple(vote for vote in votes if vote.answer in ("left", "right"))
        if said:
            at_spreads += [_log_marginal(clips, said, spread) - len(said) * log(0.5) for spread in SPREADS]
    return _log_mean(at_spreads)


@lru_cache(maxsize=4096)
def _log_marginal(n: int, votes: tuple[Vote, ...], spread: float) -> float:
    """log P(answers), strengths integrated out: draws from Student's t around the mode, weighted."""
    posterior = fit(n, votes, prior_sd=spread)
    root = np.linalg.cholesky(posterior.cov)
    steps = _steps(n)
    strengths = posterior.mean + steps @ root.T
    drawn = (
        lgamma((_TAILS + n) / 2) - lgamma(_TAILS / 2) - n / 2 * log(_TAILS * pi)
        - (_TAILS + n) / 2 * np.log1p((steps**2).sum(axis=1) / _TAILS) - np.log(np.diag(root)).sum()
    )  # fmt: skip
    prior = -0.5 * (strengths**2).sum(axis=1) / spread**2 - n * log(spread) - n / 2 * log(2 * pi)
    won = [vote.left if vote.answer == "left" else vote.right for vote in votes]
    lost = [vote.right if vote.answer == "left" else vote.left for vote in votes]
    likelihood = np.log(chance(strengths[:, won] - strengths[:, lost], LAPSE)).sum(axis=1)
    return _log_mean(likelihood + prior - drawn)


@lru_cache(maxsize=16)
def _steps(n: int) -> Floats:
    """Draws (DRAWS, n) of Student's t by a scrambled Sobol sequence; the same ones each time. Not to be changed."""
    from scipy.stats import qmc  # takes half a second, which no page should wait for that needs no evidence

    even = qmc.Sobol(n + 1, rng=np.random.default_rng(n)).random(DRAWS)
    steps: Floats = ndtri(even[:, :n]) * np.sqrt(_TAILS / (2.0 * gammaincinv(_TAILS / 2, even[:, n:])))
    return steps


def _log_mean(logs: Floats) -> float:
    highest = float(np.max(logs))
    return highest + log(float(np.mean(np.exp(logs - highest)))) if highest > -inf else -inf

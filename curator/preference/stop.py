"""When listening on is no longer worth the film maker's time. Shown, never forced."""

from dataclasses import dataclass
from math import ceil, log, sqrt

import numpy as np

from curator.preference.best import Odds, odds
from curator.preference.fit import Posterior

ENOUGH_REGRET = 0.09
"""Expected loss in log-odds; where the posterior states this, the true loss of simulated scenes is 0.1 or less on
average (docs/figures.json)."""
ENOUGH_P_BEST = 0.8

PACE = 2.4
"""Votes for each clip, while the regret falls by a factor of e, at a spread of 1 (fitted to simulated listeners)."""
EARLY, LATE = 0.6, 1.7
"""Between these multiples of the likely number three in five simulated scenes were decided."""


@dataclass(frozen=True)
class Certainty:
    """The leader, P(leader is best), the expected regret of choosing it now, and whether that is enough."""

    leader: int
    p_best: float
    regret: float
    sure: bool


def certainty(posterior: Posterior, *, now: Odds | None = None) -> Certainty:
    """How sure the winner is: enough at expected regret <= 0.09 or P(best) >= 0.8.

    `now` are the odds of this posterior where the caller has them already.
    """
    now = now or odds(posterior)
    p_best, regret = float(now.p_best[now.leader]), float(now.regret[now.leader])
    sure = regret <= ENOUGH_REGRET or p_best >= ENOUGH_P_BEST
    return Certainty(leader=now.leader, p_best=p_best, regret=regret, sure=sure)


@dataclass(frozen=True)
class VotesLeft:
    """Answers until the winner is sure enough: the likely number, and the range for three scenes in five."""

    likely: int
    low: int
    high: int


def votes_left(posterior: Posterior, *, now: Certainty | None = None) -> VotesLeft:
    """How many more answers about these clips it takes under the policy; zeros when it is sure enough.

    The expected regret falls about exponentially, the slower the more clips there are and the closer they lie.
    Their spread is that of the posterior means together with what is still unknown of them. Raises ValueError
    without any clip.
    """
    now = now or certainty(posterior)
    if now.sure or posterior.size < 2:
        return VotesLeft(0, 0, 0)
    n = posterior.size
    # n - 1 free differences; the common level says nothing
    unknown = float(np.trace(posterior.cov) - posterior.cov.sum() / n) / (n - 1)
    spread = sqrt(float(np.var(posterior.mean, ddof=1)) + unknown)
    likely = PACE * n * log(max(now.regret / ENOUGH_REGRET, 1.0)) / spread
    return VotesLeft(*(max(1, ceil(factor * likely)) for factor in (1.0, EARLY, LATE)))

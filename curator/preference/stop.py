"""When listening on is no longer worth the film maker's time. Shown, never forced."""

from dataclasses import dataclass
from functools import cache
from math import ceil, log

import numpy as np

from curator.preference.best import Odds, odds
from curator.preference.fit import PRIOR_SD, Posterior

ENOUGH_REGRET = 0.09
"""Expected loss in log-odds; where the posterior states this, the true loss of simulated scenes is 0.1 or less on
average (docs/figures.json)."""
ENOUGH_P_BEST = 0.8
PACE = 1.6
"""Answers for each clip that shrink the expected regret by the factor e, before anything was heard: 1.1 for a decided
listener of 16 clips, 2.1 where the takes differ little."""
PATIENCE = 1.1
"""The last takes in the race are the closest ones: the way left goes this much slower than the way so far."""


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


def votes_needed(now: Certainty, *, clips: int, votes: int) -> int:
    """About how many more answers until `now`, reached after `votes`, is sure enough; 0 when it is.

    The expected regret falls about as fast as by a constant factor for every so many answers a clip; how fast in
    this cue is told by the way so far. How many forecasts are within a factor of two is measured in
    tests/bench/ranking.py.
    """
    if now.sure or clips < 2:
        return 0
    so_far = max(0.0, log(_regret_before(clips) / now.regret))
    # as if half an answer's worth a clip had been seen before, at the usual pace
    pace = (0.5 * PACE + votes / clips) / (0.5 + so_far)
    return ceil((PATIENCE if votes else 1.0) * pace * clips * log(now.regret / ENOUGH_REGRET))


@cache
def _regret_before(clips: int) -> float:
    """The expected regret of choosing one of so many clips blindly."""
    prior = Posterior(mean=np.zeros(clips), cov=PRIOR_SD**2 * np.eye(clips))
    return float(odds(prior).regret.min())

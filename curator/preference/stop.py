"""When listening on is no longer worth the film maker's time. Shown, never forced."""

from dataclasses import dataclass

from curator.preference.best import Odds, odds
from curator.preference.fit import Posterior

ENOUGH_REGRET = 0.1
"""Expected loss in log-odds; simulated with 16 clips: true regret 0.06-0.09 after a median of 48-76 votes."""
ENOUGH_P_BEST = 0.8


@dataclass(frozen=True)
class Certainty:
    """The leader, P(leader is best), the expected regret of choosing it now, and whether that is enough."""

    leader: int
    p_best: float
    regret: float
    sure: bool


def certainty(posterior: Posterior, *, now: Odds | None = None) -> Certainty:
    """How sure the winner is: enough at expected regret <= 0.1 or P(best) >= 0.8.

    `now` are the odds of this posterior where the caller has them already.
    """
    now = now or odds(posterior)
    p_best, regret = float(now.p_best[now.leader]), float(now.regret[now.leader])
    sure = regret <= ENOUGH_REGRET or p_best >= ENOUGH_P_BEST
    return Certainty(leader=now.leader, p_best=p_best, regret=regret, sure=sure)

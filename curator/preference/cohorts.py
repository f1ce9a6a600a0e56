"""Whether one group of clips is better than another, such as the takes of round 2 than those of round 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np

from curator.preference.fit import Posterior


@dataclass(frozen=True)
class Comparison:
    """The mean strength of one cohort minus that of another, in log-odds, as a Gaussian: mean and deviation."""

    mean: float
    deviation: float

    @property
    def p_better(self) -> float:
        """P(the first cohort is better on average)."""
        if self.deviation == 0.0:
            return 0.5 if self.mean == 0.0 else float(self.mean > 0.0)
        return NormalDist().cdf(self.mean / self.deviation)

    def interval(self, *, level: float = 0.95) -> tuple[float, float]:
        """Credible interval of the difference."""
        reach = NormalDist().inv_cdf(0.5 + level / 2.0) * self.deviation
        return self.mean - reach, self.mean + reach


def compare(posterior: Posterior, one: Sequence[int], other: Sequence[int]) -> Comparison:
    """Clips `one` against clips `other` of the same cue, from the joint posterior. ValueError when one is empty."""
    if not one or not other:
        raise ValueError("a cohort without clips cannot be compared")
    contrast = np.zeros(posterior.size)
    np.add.at(contrast, list(one), 1.0 / len(one))
    np.add.at(contrast, list(other), -1.0 / len(other))
    variance = float(contrast @ posterior.cov @ contrast)
    return Comparison(mean=float(contrast @ posterior.mean), deviation=sqrt(max(0.0, variance)))


def pool(comparisons: Sequence[Comparison]) -> Comparison:
    """The same two cohorts over several cues, judged apart: the plain mean, each cue counting alike.

    Raises ValueError without any comparison.
    """
    if not comparisons:
        raise ValueError("nothing to pool")
    count = len(comparisons)
    return Comparison(
        mean=sum(one.mean for one in comparisons) / count,
        deviation=sqrt(sum(one.deviation**2 for one in comparisons)) / count,
    )

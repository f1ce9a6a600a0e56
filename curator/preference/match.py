"""A match of two cohorts: pairs with one clip of each, and who won.

Nothing is chosen actively here: every pair of the two sides is as good as another, so the share of wins needs no model
and no correction. The clips that this listener has heard least come first, so that few of them do not decide it.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from curator.preference.choose import IN_A_ROW, Choice, number_of, sides
from curator.preference.listeners import wilson
from curator.preference.votes import Vote

POLICY = "match"
"""What is written down as the policy of such a pair."""
DRAWS = 2000


@dataclass(frozen=True)
class Duel:
    """One answer: the clips by any lasting numbers, and 1.0 for the newer side, 0.0 for the older, 0.5 for a tie."""

    older: int
    newer: int
    won: float


@dataclass(frozen=True)
class Won:
    """The share of answers that the newer side won, ties as halves, with its 95 % interval; nan, 0 and 1 of none."""

    answers: int
    won: float
    share: float
    low: float
    high: float


def choose_across(
    older: Sequence[int],
    newer: Sequence[int],
    history: Sequence[Vote],
    *,
    seed: int | str,
    rater: str,
    names: Sequence[int],
    busy: Collection[tuple[int, int]] = (),
) -> Choice | None:
    """The next pair across two sides, which are clips by index; None when this listener has heard them all.

    history, names: as curator.preference.choose has them; busy: pairs (low, high) in somebody's ears right now. The
    same listener and history give the same pair.
    """
    heard = {vote.pair for vote in history}
    left = [pair for one in older for other in newer if (pair := (min(one, other), max(one, other))) not in heard]
    if not left:
        return None
    lately = Counter(clip for vote in history[-IN_A_ROW:] for clip in vote.pair)
    times = Counter(clip for vote in history for clip in vote.pair)
    left = [pair for pair in left if pair not in busy] or left
    left = [pair for pair in left if all(lately[clip] < IN_A_ROW for clip in pair)] or left
    least = min(times[one] + times[other] for one, other in left)
    left = sorted(pair for pair in left if times[pair[0]] + times[pair[1]] == least)
    rng = np.random.default_rng(number_of(seed, rater, POLICY, len(history)))
    one, other = left[int(rng.integers(len(left)))]
    first, _second = sides((names[one], names[other]), seed=seed, rater=rater, occurrence=0)
    if first != names[one]:
        one, other = other, one
    return Choice(one, other, POLICY, 1.0 / len(left), 0, None)


def won_by_newer(duels: Sequence[Duel], *, seed: int = 0) -> Won:
    """The share of wins with the wider of two intervals: Wilson's over answers, and one that draws the clips anew.

    Answers about one clip are alike, so clips of both sides are drawn with putting back, each answer counting as often
    as both of its clips were drawn (A. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007).
    """
    count, total = len(duels), sum(duel.won for duel in duels)
    low, high = wilson(total, count)
    if not count:
        return Won(0, 0.0, float("nan"), low, high)
    won = np.array([duel.won for duel in duels])
    rng = np.random.default_rng(seed)
    weight = np.ones((DRAWS, count))
    for side in ([duel.older for duel in duels], [duel.newer for duel in duels]):
        clips, places = np.unique(side, return_inverse=True)
        drawn = rng.multinomial(clips.size, np.full(clips.size, 1.0 / clips.size), size=DRAWS)
        weight *= drawn[:, places]
    drawn_total = weight.sum(axis=1)
    some = drawn_total > 0
    shares = (weight[some] @ won) / drawn_total[some]
    if shares.size:
        below, above = np.quantile(shares, [0.025, 0.975])
        low, high = min(low, float(below)), max(high, float(above))
    return Won(count, total, total / count, low, high)

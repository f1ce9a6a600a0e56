"""Which pair to hear next, and which clip lies on which side.

Three aims share everything but the rule that picks the pair:

- "winner": the first N votes go to the pair with the largest expected information gain (BALD), then top-two
  Thompson sampling (Russo 2016) aims at the best clip.
- "teach": after the same N votes a coin decides between the two rules, so that the whole order becomes known
  while the leaders are still compared: the best mix for training pairs.
- "rank": information gain throughout, for the order of all clips.

One pair in ten is a hidden repeat with the sides swapped; the rules themselves may also ask for a pair again, in
the same way. (Forbidding that costs the winner: 16 clips, spread 2, 100 simulated scenes: right in 90 % after 58
answers with returns, never above 75 % without, because the leaders run out of pairs.) With other listeners about,
one pair in five is one that somebody else has judged, so that agreement can be measured. The same listener and
history always give the same pair, so a reload changes nothing.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from curator.preference.best import NODES, WEIGHTS, Odds, odds
from curator.preference.fit import LAPSE, Floats, Posterior, chance
from curator.preference.votes import Vote

REPEAT_SHARE = 0.1
"""Share of pairs that come again with the sides swapped, to measure the listener against himself."""
REPEAT_AFTER = 8
"""Answers between a pair and its return, so that nobody remembers it."""
IN_A_ROW = 3
"""A clip is heard in at most this many pairs in a row."""
SHARED_SHARE = 0.2
"""Share of pairs that another listener has judged, while there are any."""

Aim = Literal["winner", "teach", "rank"]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Choice:
    """The next pair.

    left, right: clips by index; policy: what picked the pair, "eig", "top-two", "repeat" or "shared";
    probability: with which this aim offered this pair (sides aside), for weighting later; occurrence: how often
    this listener had the pair before; repeat_of: index into the history of the last time, or None for a new pair.
    """

    left: int
    right: int
    policy: str
    probability: float
    occurrence: int
    repeat_of: int | None


def choose(
    posterior: Posterior,
    history: Sequence[Vote],
    *,
    seed: int | str,
    rater: str,
    names: Sequence[int] | None = None,
    informed: int | None = None,
    lapse: float = LAPSE,
    aim: Aim = "winner",
    others: Collection[tuple[int, int]] = (),
    busy: Collection[tuple[int, int]] = (),
    now: Odds | None = None,
) -> Choice | None:
    """The next pair for this listener, or None with fewer than two clips.

    `history` holds this listener's answers about these clips in order, skipped and "bad" pairs included;
    `names` are lasting numbers of the clips for the coin of the sides (default: the indices);
    `informed` counts the answers of all listeners (default: the history's), which ends the first phase;
    `others` are the pairs (low, high) that somebody else has judged, `busy` those in somebody's ears right now;
    `now` are the odds of this posterior where the caller has them already.
    A pair returns only as a repeat, at least 8 answers later; when nothing else is left the rules give way in
    this order: pairs that are busy, cap of 3 in a row, distance of 8, so that two clips never end in silence.
    """
    n = posterior.size
    if n < 2:
        return None
    rng = np.random.default_rng(_number(seed, rater, "pair", len(history)))
    first, second = np.triu_indices(n, 1)
    times, answered, age = _seen(n, history, first, second)
    rested = _rested(n, history)
    fresh = rested[first] & rested[second]
    free = ~_mask(n, busy, first, second)

    repeats = fresh & free & (times == 1) & answered & (age > REPEAT_AFTER)
    shared = fresh & free & (times == 0) & _mask(n, others, first, second)
    share = np.zeros(first.size)
    repeat_share = REPEAT_SHARE if bool(repeats.any()) else 0.0
    shared_share = SHARED_SHARE if bool(shared.any()) else 0.0
    coin = rng.random()
    if coin < repeat_share:
        policy, share = "repeat", repeat_share * repeats / max(1, int(repeats.sum()))
    elif coin < repeat_share + shared_share:
        policy, share = "shared", shared_share * shared / max(1, int(shared.sum()))
    else:
        allowed = _allowed(fresh, free, (times == 0) | (age > REPEAT_AFTER), age)
        done = len(history) if informed is None else informed
        rules = ["eig"] if done < n or aim == "rank" else ["top-two"] if aim == "winner" else ["eig", "top-two"]
        policy = rules[int(rng.integers(len(rules)))]
        shares = {
            rule: _most_informative(posterior, first, second, allowed, lapse)
            if rule == "eig"
            else _top_two(now or odds(posterior), first, second, allowed)
            for rule in rules
        }
        index = int(rng.choice(first.size, p=shares[policy]))
        share[index] = (1.0 - repeat_share - shared_share) * float(np.mean([by[index] for by in shares.values()]))
    if policy in ("repeat", "shared"):
        index = int(rng.choice(np.flatnonzero(share)))
    pair = int(first[index]), int(second[index])
    occurrence = int(times[index])
    called = range(n) if names is None else names
    left_name, _ = sides((called[pair[0]], called[pair[1]]), seed=seed, rater=rater, occurrence=occurrence)
    left, right = pair if left_name == called[pair[0]] else (pair[1], pair[0])
    last = len(history) - int(age[index]) if occurrence else None
    return Choice(left, right, policy, float(share[index]), occurrence, last)


def sides(pair: tuple[int, int], *, seed: int | str, rater: str, occurrence: int) -> tuple[int, int]:
    """(left, right) of a pair: a coin from hash(seed, rater, pair, occurrence); every second time swapped."""
    low, high = min(pair), max(pair)
    heads = _number(seed, rater, "side", low, high, occurrence // 2) & 1
    return (high, low) if heads ^ (occurrence & 1) else (low, high)


def information_gain(mean: Floats, variance: Floats, *, lapse: float = LAPSE) -> Floats:
    """Expected information (nats) of one answer about gaps d ~ N(mean, variance): H(E p(d)) - E H(p(d))."""
    gaps = mean[..., None] + np.sqrt(variance)[..., None] * NODES
    weights = WEIGHTS / WEIGHTS.sum()
    ahead = chance(gaps, lapse)
    return np.asarray(_entropy(ahead @ weights) - _entropy(ahead) @ weights, dtype=np.float64)


def _most_informative(
    posterior: Posterior, first: NDArray[np.intp], second: NDArray[np.intp], allowed: Mask, lapse: float
) -> Floats:
    """The share (pairs,) of each pair: all for the one with the largest gain."""
    variance = np.diag(posterior.cov)
    spread = variance[first] + variance[second] - 2.0 * posterior.cov[first, second]
    gain = information_gain(posterior.mean[first] - posterior.mean[second], spread, lapse=lapse)
    gain[~allowed] = -1.0
    # before the first votes all pairs are alike: rounding must not decide
    alike = gain >= gain.max() - 1e-9
    return np.asarray(alike / alike.sum(), dtype=np.float64)


def _top_two(now: Odds, first: NDArray[np.intp], second: NDArray[np.intp], allowed: Mask) -> Floats:
    """The share (pairs,) of each pair under top-two sampling."""
    # Two draws that re-draw until they differ meet as i, j with p_i p_j / (1 - p_i); the pair is drawn from
    # these shares directly, so that its probability is known. The floor keeps every pair possible.
    n = now.p_best.size
    p_best = (now.p_best + 1e-4 / n) / (1.0 + 1e-4)
    share = p_best[first] * p_best[second] * (1.0 / (1.0 - p_best[first]) + 1.0 / (1.0 - p_best[second]))
    share = np.where(allowed, share, 0.0)
    return np.asarray(share / share.sum(), dtype=np.float64)


def _rested(n: int, history: Sequence[Vote]) -> Mask:
    """Which clips (N,) may be heard now: not those in each of the last three pairs."""
    heard = Counter(clip for vote in history[-IN_A_ROW:] for clip in vote.pair)
    return np.array([heard[clip] < IN_A_ROW for clip in range(n)])


def _seen(
    n: int, history: Sequence[Vote], first: NDArray[np.intp], second: NDArray[np.intp]
) -> tuple[NDArray[np.intp], Mask, NDArray[np.intp]]:
    """For each pair: how often it was heard, whether an answer said something, answers since the last time."""
    times = np.zeros((n, n), dtype=np.intp)
    answered = np.zeros((n, n), dtype=np.bool_)
    last = np.full((n, n), -1, dtype=np.intp)
    for index, vote in enumerate(history):
        pair = vote.pair
        times[pair] += 1
        answered[pair] |= vote.orders
        last[pair] = index
    return times[first, second], answered[first, second], len(history) - last[first, second]


def _mask(n: int, pairs: Collection[tuple[int, int]], first: NDArray[np.intp], second: NDArray[np.intp]) -> Mask:
    """Which of the couples are among these pairs, whichever clip is named first."""
    among = np.zeros((n, n), dtype=np.bool_)
    for one, other in pairs:
        among[one, other] = among[other, one] = True
    return np.asarray(among[first, second])


def _allowed(fresh: Mask, free: Mask, due: Mask, age: NDArray[np.intp]) -> Mask:
    for mask in (fresh & free & due, fresh & due, due):
        if bool(mask.any()):
            return mask
    return np.asarray(age == age.max())


def _entropy(p: Floats) -> Floats:
    inner = np.clip(p, 1e-15, 1.0 - 1e-15)
    return np.asarray(-inner * np.log(inner) - (1.0 - inner) * np.log1p(-inner), dtype=np.float64)


def _number(*parts: object) -> int:
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")

"""Which pair to hear next, and which clip lies on which side.

Three aims share everything but the rule that picks the pair (curator.preference.rules):

- "winner": the first N votes go to the pair that tells most about the order, then to the one that tells most about
  which clip is the best.
- "teach": after the same N votes a coin decides between the two, so that the whole order becomes known while the
  leaders are still compared: the best mix for training pairs.
- "rank": what tells most about the order throughout.

One pair in ten is heard again with the sides swapped, at least 8 answers later, to measure the listener against
himself. What the rules bring back counts towards that; they may do so after 4 answers, because the leaders run out
of pairs: without returns 16 clips of spread 2 were never right above 75 %, and with returns after 8 those of
spread 1 stayed below 90 % at 160 votes. With other listeners about, one pair in five is one that somebody else has
judged, so that agreement can be measured. The same listener and history always give the same pair, so a reload
changes nothing.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from curator.preference.best import Odds, odds
from curator.preference.fit import LAPSE, Posterior
from curator.preference.rules import Indices, Mask, about_best, most_informative
from curator.preference.votes import Vote

REPEAT_SHARE = 0.1
"""Share of pairs that come again with the sides swapped."""
REPEAT_AFTER = 8
"""Answers before a pair comes back as a test, so that nobody remembers it."""
RETURN_AFTER = 4
"""Answers before a rule may bring a pair back."""
IN_A_ROW = 3
"""A clip is heard in at most this many pairs in a row."""
SHARED_SHARE = 0.2
"""Share of pairs that another listener has judged, while there are any."""

Aim = Literal["winner", "teach", "rank"]


@dataclass(frozen=True)
class Choice:
    """The next pair.

    left, right: clips by index; policy: what picked the pair, "eig", "best", "repeat" or "shared";
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
    When nothing else is left the rules give way in this order: pairs that are busy, cap of 3 in a row, distance of
    a return, so that two clips never end in silence.
    """
    n = posterior.size
    if n < 2:
        return None
    rng = np.random.default_rng(number_of(seed, rater, "pair", len(history)))
    first, second = np.triu_indices(n, 1)
    times, answered, age = _seen(n, history, first, second)
    rested = _rested(n, history)
    fresh = rested[first] & rested[second]
    free = ~_mask(n, busy, first, second)

    repeats = fresh & free & (times == 1) & answered & (age > REPEAT_AFTER)
    shared = fresh & free & (times == 0) & _mask(n, others, first, second)
    share = np.zeros(first.size)
    # what the rules themselves brought back counts as well
    returned = len(history) - len({vote.pair for vote in history})
    repeat_share = REPEAT_SHARE if bool(repeats.any()) and returned <= REPEAT_SHARE * len(history) else 0.0
    shared_share = SHARED_SHARE if bool(shared.any()) else 0.0
    coin = rng.random()
    if coin < repeat_share:
        policy, share = "repeat", repeat_share * repeats / max(1, int(repeats.sum()))
    elif coin < repeat_share + shared_share:
        policy, share = "shared", shared_share * shared / max(1, int(shared.sum()))
    else:
        allowed = _allowed(fresh, free, (times == 0) | (age > RETURN_AFTER), age)
        done = len(history) if informed is None else informed
        rules = ["eig"] if done < n or aim == "rank" else ["best"] if aim == "winner" else ["eig", "best"]
        policy = rules[int(rng.integers(len(rules)))]
        shares = {
            rule: most_informative(posterior, first, second, allowed, lapse)
            if rule == "eig"
            else about_best(now or odds(posterior), first, second, allowed, lapse)
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
    heads = number_of(seed, rater, "side", low, high, occurrence // 2) & 1
    return (high, low) if heads ^ (occurrence & 1) else (low, high)


def _rested(n: int, history: Sequence[Vote]) -> Mask:
    """Which clips (N,) may be heard now: not those in each of the last three pairs."""
    heard = Counter(clip for vote in history[-IN_A_ROW:] for clip in vote.pair)
    return np.array([heard[clip] < IN_A_ROW for clip in range(n)])


def _seen(n: int, history: Sequence[Vote], first: Indices, second: Indices) -> tuple[Indices, Mask, Indices]:
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


def _mask(n: int, pairs: Collection[tuple[int, int]], first: Indices, second: Indices) -> Mask:
    """Which of the couples are among these pairs, whichever clip is named first."""
    among = np.zeros((n, n), dtype=np.bool_)
    for one, other in pairs:
        among[one, other] = among[other, one] = True
    return np.asarray(among[first, second])


def _allowed(fresh: Mask, free: Mask, due: Mask, age: Indices) -> Mask:
    for mask in (fresh & free & due, fresh & due, due):
        if bool(mask.any()):
            return mask
    return np.asarray(age == age.max())


def number_of(*parts: object) -> int:
    """A number that these parts always give: the seed of a coin."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")

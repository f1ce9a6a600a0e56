"""What a model may learn from judgements: pairs of clips of one cue, soft labels, weights, and what is left out.

Two sources. "votes": the couples that were heard, the better side by majority, labelled softly by the posterior.
"posterior": every couple of a cue whose order the posterior is sure of, heard or not. Actively chosen couples
are the closest ones (70 % right in simulation), so direct answers are only the way while there are few.

The posterior is fitted here, from answers alone: with the prior mean of a taste model a model would be taught
its own opinion.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from curator.preference.best import order_odds
from curator.preference.fit import Floats
from curator.preference.raters import fit_raters
from curator.preference.votes import Vote

Source = Literal["votes", "posterior"]

ENOUGH_VOTES = 200
"""Answers about order, all cues together, from which the posterior pairs are the better teacher."""
P_ORDER, P_ORDER_STRICT = 0.8, 0.9
"""What the posterior must say of an order; simulated with 16 clips and 60 votes: 89 % and 94 % right."""
MOST_LEAN = 0.1
"""Largest correlation of length and preference in a balanced set."""


@dataclass(frozen=True)
class CueVotes:
    """The answers about one cue: `size` clips (0 … size-1) and votes between them, bad and skipped ones included.

    lengths, densities: one positive number a clip (bars or notes; notes a bar), or empty where unknown.
    kinds: what a model would have to be asked for each clip; only clips of one kind make a pair, "" makes none.
    Empty: all are alike. Votes across kinds still tell of strength.
    """

    cue: str
    size: int
    votes: tuple[Vote, ...]
    lengths: tuple[float, ...] = ()
    densities: tuple[float, ...] = ()
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError where the numbers or kinds do not fit the clips."""
        if self.kinds and len(self.kinds) != self.size:
            raise ValueError(f"cue {self.cue}: one kind for each of {self.size} clips, or none")
        for numbers in (self.lengths, self.densities):
            if numbers and (len(numbers) != self.size or min(numbers) <= 0):
                raise ValueError(f"cue {self.cue}: one positive number for each of {self.size} clips, or none")

    def comparable(self, i: int, j: int) -> bool:
        """Whether clips i and j may make a pair."""
        return not self.kinds or self.kinds[i] == self.kinds[j] != ""


@dataclass(frozen=True)
class TrainingPair:
    """Two clips of one cue, the better one first.

    p_order: P(winner is stronger) under the posterior; margin: its mean gap in log-odds; soft_label: the chance
    that the listener would say so if asked (E sigma(gap)), so 1 - soft_label is the label smoothing of this
    pair; weight: 1 / (occurrences of the winner + of the loser in the set); votes: indices into the cue's
    votes that were about this couple, none for a couple never heard.
    """

    cue: str
    winner: int
    loser: int
    p_order: float
    margin: float
    soft_label: float
    weight: float
    source: Source
    votes: tuple[int, ...]


@dataclass(frozen=True)
class Negative:
    """A clip that was called bad together with another: how often, and by which of the cue's votes."""

    cue: str
    clip: int
    votes: tuple[int, ...]


@dataclass(frozen=True)
class PairSet:
    """Training pairs, unpaired negatives, and what the owner should know about them.

    `answers` counts the votes about order. `left_out` counts what did not come in, by reason: "tie" (couples
    only ever equal), "split" (as many answers one way as the other), "contradicted" (the other answers speak
    against the majority), "unsure" (below the threshold), "unbalanced" (left out for the balance of lengths),
    "kind" (couples whose clips were not asked for alike), "skip". expected_correct: mean of p_order, nan
    without pairs; length_lean, density_lean: see `lean`, nan where unknown.
    """

    source: Source
    threshold: float
    answers: int
    pairs: tuple[TrainingPair, ...]
    negatives: tuple[Negative, ...]
    left_out: Mapping[str, int]
    expected_correct: float
    length_lean: float
    density_lean: float


@dataclass(frozen=True)
class HeldOut:
    """A couple of a held-out cue with the majority of its direct answers; firm: two agreeing answers or more."""

    cue: str
    winner: int
    loser: int
    firm: bool
    votes: tuple[int, ...]


@dataclass
class _Couple:
    """The direct answers about one couple (low, high): wins of the low clip, of the high one, indices of votes."""

    low: float = 0.0
    high: float = 0.0
    votes: list[int] = field(default_factory=list)


def better_source(cues: Sequence[CueVotes]) -> Source:
    """Which source suits these cues: direct answers below 200 of them, the posterior from there on."""
    return "votes" if sum(vote.orders for cue in cues for vote in cue.votes) < ENOUGH_VOTES else "posterior"


def build_pairs(
    cues: Sequence[CueVotes],
    *,
    source: Source | None = None,
    threshold: float = P_ORDER,
    balanced: bool = False,
) -> PairSet:
    """The training pairs of these cues, always two clips of the same cue, ordered by cue, winner and loser.

    `source` None takes the better one for the number of answers. `threshold` (0.5 … 1) only holds for posterior
    pairs. With `balanced` the least sure pairs on the leaning side are left out until length and preference
    correlate by at most 0.1; cues without lengths stay as they are. Raises ValueError for a threshold
    below one half.
    """
    if not 0.5 <= threshold <= 1.0:
        raise ValueError(f"P(order) of a better clip is at least one half, not {threshold}")
    chosen = source or better_source(cues)
    left_out: Counter[str] = Counter()
    pairs: list[TrainingPair] = []
    for cue in cues:
        pairs += _of_cue(cue, chosen, threshold, left_out)
        left_out["skip"] += sum(vote.answer == "skip" for vote in cue.votes)
    lengths = {cue.cue: cue.lengths for cue in cues if cue.lengths}
    densities = {cue.cue: cue.densities for cue in cues if cue.densities}
    if balanced:
        kept = _balance(pairs, lengths)
        left_out["unbalanced"] = len(pairs) - len(kept)
        pairs = kept
    weighed = weigh(pairs)
    return PairSet(
        source=chosen,
        threshold=threshold,
        answers=sum(vote.orders for cue in cues for vote in cue.votes),
        pairs=weighed,
        negatives=tuple(negative for cue in cues for negative in negatives(cue)),
        left_out={reason: count for reason, count in left_out.items() if count},
        expected_correct=float(np.mean([pair.p_order for pair in weighed])) if weighed else float("nan"),
        length_lean=lean(_steps(weighed, lengths)),
        density_lean=lean(_steps(weighed, densities)),
    )


def weigh(pairs: Sequence[TrainingPair]) -> tuple[TrainingPair, ...]:
    """The same pairs, each with the weight 1 / (times its winner and its loser occur in any of them)."""
    occurs = Counter((pair.cue, clip) for pair in pairs for clip in (pair.winner, pair.loser))
    return tuple(
        replace(pair, weight=1.0 / (occurs[pair.cue, pair.winner] + occurs[pair.cue, pair.loser])) for pair in pairs
    )


def negatives(cue: CueVotes) -> tuple[Negative, ...]:
    """The clips of a cue that were called bad, each once, by number: unpaired negatives (KTO)."""
    found: dict[int, list[int]] = {}
    for index, vote in enumerate(cue.votes):
        if vote.answer == "bad":
            for clip in vote.pair:
                found.setdefault(clip, []).append(index)
    return tuple(Negative(cue=cue.cue, clip=clip, votes=tuple(votes)) for clip, votes in sorted(found.items()))


def held_out(cue: CueVotes) -> tuple[HeldOut, ...]:
    """What a model trained on other cues is tested with: direct answers only, since inferred orders would leak."""
    return tuple(
        HeldOut(
            cue=cue.cue,
            winner=low if couple.low > couple.high else high,
            loser=high if couple.low > couple.high else low,
            firm=max(couple.low, couple.high) >= 2.0,
            votes=tuple(couple.votes),
        )
        for (low, high), couple in sorted(_couples(cue).items())
        if couple.low != couple.high and cue.comparable(low, high)
    )


def lean(steps: Sequence[float] | Floats) -> float:
    """Correlation of a property with preference, -1 … 1, from log(winner's value / loser's value) of each pair.

    Both readings of each pair taken together (winner first, +1; loser first, -1), the correlation of label and
    step is mean(step) / rms(step). nan without a pair; 0 when no pair differs.
    """
    values = np.asarray(steps, dtype=np.float64)
    if values.size == 0:
        return float("nan")
    rms = float(np.sqrt(np.mean(values**2)))
    return float(np.mean(values)) / rms if rms else 0.0


def votes_missing(*, pairs: int, answers: int, minimum: int) -> int:
    """About how many more answers bring `pairs` to `minimum` at the yield so far; 0 when it is reached.

    Without a yield yet one answer counts as one pair. Posterior pairs come faster than in proportion, so this
    errs on the long side for them.
    """
    short = minimum - pairs
    if short <= 0:
        return 0
    share = min(1.0, pairs / answers) if pairs and answers else 1.0
    return int(np.ceil(short / share))


def _of_cue(cue: CueVotes, source: Source, threshold: float, left_out: Counter[str]) -> list[TrainingPair]:
    posterior = fit_raters(cue.size, cue.votes).posterior
    p_order, soft = order_odds(posterior)
    couples = _couples(cue)

    def pair(winner: int, loser: int) -> TrainingPair:
        heard = couples.get((min(winner, loser), max(winner, loser)))
        return TrainingPair(
            cue=cue.cue,
            winner=winner,
            loser=loser,
            p_order=float(p_order[winner, loser]),
            margin=float(posterior.mean[winner] - posterior.mean[loser]),
            soft_label=float(soft[winner, loser]),
            weight=1.0,
            source=source,
            votes=tuple(heard.votes) if heard else (),
        )

    found: list[TrainingPair] = []
    if source == "posterior":
        for winner, loser in np.argwhere(p_order >= max(threshold, 0.5)):
            if posterior.mean[winner] > posterior.mean[loser] and cue.comparable(winner, loser):
                found.append(pair(int(winner), int(loser)))
        alike = sum(cue.comparable(i, j) for i in range(cue.size) for j in range(i))
        left_out["kind"] += cue.size * (cue.size - 1) // 2 - alike
        left_out["unsure"] += alike - len(found)
        return found
    for (low, high), couple in couples.items():
        if not cue.comparable(low, high):
            left_out["kind"] += 1
            continue
        if couple.low == couple.high:
            only_ties = all(cue.votes[index].answer == "tie" for index in couple.votes)
            left_out["tie" if only_ties else "split"] += 1
            continue
        winner, loser = (low, high) if couple.low > couple.high else (high, low)
        if p_order[winner, loser] <= 0.5:
            left_out["contradicted"] += 1
            continue
        found.append(pair(winner, loser))
    return sorted(found, key=lambda one: (one.winner, one.loser))


def _couples(cue: CueVotes) -> dict[tuple[int, int], _Couple]:
    found: dict[tuple[int, int], _Couple] = {}
    for index, vote in enumerate(cue.votes):
        if not vote.orders:
            continue
        couple = found.setdefault(vote.pair, _Couple())
        couple.votes.append(index)
        if vote.answer == "tie":
            couple.low += 0.5
            couple.high += 0.5
        elif (vote.answer == "left") == (vote.left < vote.right):
            couple.low += 1.0
        else:
            couple.high += 1.0
    return found


def _steps(pairs: Sequence[TrainingPair], values: Mapping[str, Sequence[float]]) -> Floats:
    """log(winner's value / loser's value) of each pair whose cue has values."""
    known = [pair for pair in pairs if pair.cue in values]
    won = np.array([values[pair.cue][pair.winner] for pair in known], dtype=np.float64)
    lost = np.array([values[pair.cue][pair.loser] for pair in known], dtype=np.float64)
    return np.asarray(np.log(won / lost), dtype=np.float64)


def _balance(pairs: Sequence[TrainingPair], lengths: Mapping[str, Sequence[float]]) -> list[TrainingPair]:
    known = [index for index, pair in enumerate(pairs) if pair.cue in lengths]
    steps = _steps(pairs, lengths)
    total, squares, count = float(steps.sum()), float((steps**2).sum()), len(known)
    side = np.sign(total)
    # the pairs that say least of taste for what they add to the lean go first
    doubt = np.array([1.0 - pairs[index].p_order for index in known])
    order = sorted(range(len(known)), key=lambda at: (-abs(steps[at]) * (doubt[at] + 1e-3), known[at]))
    gone: set[int] = set()
    for at in order:
        if total * side <= MOST_LEAN * np.sqrt(squares * count) + 1e-12:
            break
        rest, rest_squares = total - steps[at], squares - steps[at] ** 2
        # one that would tip the set over to the other side stays
        if steps[at] * side > 0 and -rest * side <= MOST_LEAN * np.sqrt(max(rest_squares, 0.0) * (count - 1)):
            gone.add(known[at])
            total, squares, count = rest, rest_squares, count - 1
    return [pair for index, pair in enumerate(pairs) if index not in gone]

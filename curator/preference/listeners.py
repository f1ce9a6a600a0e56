"""How far a listener's answers can be trusted: against himself, against the sides, against the others."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist

import numpy as np

from curator.preference.choose import REPEAT_AFTER
from curator.preference.fit import Floats, Posterior
from curator.preference.raters import fit_raters
from curator.preference.votes import Vote

ALARM = 2.0
"""A leaning to one side is worth a word when it is this many deviations from none."""


@dataclass(frozen=True)
class Consistency:
    """How often a listener said the same again of a pair he had judged, the sides swapped.

    repeats: pairs heard again; same: agreements, a tie against a side counting one half; share: same / repeats;
    low, high: its 95 % interval (Wilson 1927); reliability: the share of answers that follow his taste if slips
    are independent, (1 + sqrt(2 share - 1)) / 2; smoothing: 1 - reliability, the label smoothing of raw
    answers. Without repeats: share nan, interval 0 … 1.
    """

    repeats: int
    same: float
    share: float
    low: float
    high: float

    @property
    def reliability(self) -> float:
        """At a share of one half or below nothing can be told from guessing: 0.5."""
        return 0.5 * (1.0 + sqrt(max(0.0, 2.0 * self.share - 1.0))) if self.repeats else float("nan")

    @property
    def smoothing(self) -> float:
        """Share of answers that go against his taste."""
        return 1.0 - self.reliability


@dataclass(frozen=True)
class SideBias:
    """One listener's leaning: answers for the left side out of those for a side, and the pull itself.

    p_value: chance of a count at least this uneven if sides did not matter (two-sided, exact); pull, deviation:
    of the left side in log-odds, with the clips taken into account.
    """

    rater: str
    left: int
    sided: int
    p_value: float
    pull: float
    deviation: float

    @property
    def alarm(self) -> bool:
        """Whether the pull is too strong to be chance."""
        return abs(self.pull) > ALARM * self.deviation


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's alpha (nominal: one clip, the other, equal) over pairs that two or more listeners judged.

    1 is full agreement, 0 what chance would give; nan where it is not defined: no shared pair, or one and the
    same answer throughout. pairs: the shared pairs behind it; same: the share of equal answers among them.
    """

    alpha: float
    same: float
    pairs: int


@dataclass(frozen=True, eq=False)
class Difference:
    """How differently two listeners hear each clip: gap (N,) in log-odds, first minus second, and its deviation.

    Both are measured from the average clip, so the gaps add up to 0.
    """

    gap: Floats
    deviation: Floats

    def apart(self, *, level: float = 0.95) -> tuple[int, ...]:
        """The clips whose interval at this level leaves out no difference, the widest gap first."""
        reach = NormalDist().inv_cdf(0.5 + level / 2.0) * self.deviation
        clips = np.flatnonzero(np.abs(self.gap) > reach)
        return tuple(int(clip) for clip in clips[np.argsort(-np.abs(self.gap[clips]), kind="stable")])


def repeats_of(history: Sequence[Vote], *, after: int = REPEAT_AFTER) -> tuple[tuple[Vote, Vote], ...]:
    """One listener's answers to pairs that came again: (the time before, this time), in order of this time.

    Those that came again within `after` answers are left out, since he may remember them; "bad" and "skip" say
    nothing on order and are passed over.
    """
    last: dict[tuple[int, int], int] = {}
    found: list[tuple[Vote, Vote]] = []
    for index, vote in enumerate(history):
        if vote.orders:
            if vote.pair in last and index - last[vote.pair] > after:
                found.append((history[last[vote.pair]], vote))
            last[vote.pair] = index
    return tuple(found)


def consistency(histories: Iterable[Sequence[Vote]], *, after: int = REPEAT_AFTER) -> Consistency:
    """One listener's self-consistency over his histories, one a cue, each in order of time; see `repeats_of`."""
    found = [pair for history in histories for pair in repeats_of(history, after=after)]
    same = sum(_alike(*pair) for pair in found)
    low, high = wilson(same, len(found))
    share = same / len(found) if found else float("nan")
    return Consistency(repeats=len(found), same=same, share=share, low=low, high=high)


def wilson(hits: float, count: int, *, level: float = 0.95) -> tuple[float, float]:
    """The interval of a share (Wilson 1927); (0, 1) without any count."""
    if not count:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + level / 2.0)
    share, scale = hits / count, 1.0 + z * z / count
    centre = (share + z * z / (2 * count)) / scale
    reach = z * sqrt(share * (1.0 - share) / count + z * z / (4.0 * count * count)) / scale
    return max(0.0, centre - reach), min(1.0, centre + reach)


def side_bias(cues: Sequence[tuple[int, Sequence[Vote]]]) -> tuple[SideBias, ...]:
    """Each listener's leaning, by name, pooled over cues given as (clips, votes): about 80 votes tell 0.5.

    Clips that nobody judged cost nothing.
    """
    votes: list[Vote] = []
    size = 0
    for clips, answers in cues:
        heard = sorted({clip for vote in answers if vote.orders for clip in _checked(vote, clips)})
        place = {clip: size + index for index, clip in enumerate(heard)}
        votes += [Vote(place[one.left], place[one.right], one.answer, one.rater) for one in answers if one.orders]
        size += len(heard)
    found = fit_raters(size, votes)
    left = Counter(vote.rater for vote in votes if vote.answer == "left")
    sided = Counter(vote.rater for vote in votes if vote.answer != "tie")
    return tuple(
        SideBias(
            rater=rater,
            left=left[rater],
            sided=sided[rater],
            p_value=binomial_p(left[rater], sided[rater]),
            pull=float(found.side[index]),
            deviation=float(found.side_sd[index]),
        )
        for index, rater in enumerate(found.raters)
    )


def binomial_p(hits: int, count: int) -> float:
    """Chance that a fair coin comes out at least as uneven as this, both ways counted."""
    few = min(hits, count - hits)
    return min(1.0, float(2 * sum(comb(count, k) for k in range(few + 1)) / 2**count))


def agreement(answers: Mapping[Hashable, Sequence[Vote]]) -> Agreement:
    """Krippendorff's alpha over the cues of `answers` (any key: the votes about that cue, in order of time).

    A listener's first answer to a pair counts, so that nobody agrees with himself. Source: Krippendorff,
    Content Analysis, coincidence matrix for nominal data with missing values.
    """
    units: dict[tuple[Hashable, tuple[int, int]], dict[str, str]] = {}
    for cue, votes in answers.items():
        for vote in votes:
            if vote.orders:
                units.setdefault((cue, vote.pair), {}).setdefault(vote.rater, _said(vote))
    shared = [Counter(said.values()) for said in units.values() if len(said) > 1]
    together: Counter[tuple[str, str]] = Counter()
    weight: dict[tuple[str, str], float] = {}
    for counts in shared:
        size = counts.total()
        for one, many in counts.items():
            for other, more in counts.items():
                couples = many * (more - (one == other))
                together[one, other] += couples
                weight[one, other] = weight.get((one, other), 0.0) + couples / (size - 1)
    if not shared:
        return Agreement(alpha=float("nan"), same=float("nan"), pairs=0)
    same = sum(count for (one, other), count in together.items() if one == other) / together.total()
    totals: dict[str, float] = {}
    for (one, _other), value in weight.items():
        totals[one] = totals.get(one, 0.0) + value
    number = sum(totals.values())
    observed = sum(value for (one, other), value in weight.items() if one != other)
    expected = (number**2 - sum(value**2 for value in totals.values())) / (number - 1.0)
    return Agreement(alpha=1.0 - observed / expected if expected else float("nan"), same=same, pairs=len(shared))


def difference(one: Posterior, other: Posterior) -> Difference:
    """How differently two listeners, each fitted alone, hear the same clips. Raises ValueError for unlike sizes."""
    if one.size != other.size:
        raise ValueError(f"{one.size} clips cannot be compared with {other.size}")
    centre = np.eye(one.size) - 1.0 / max(1, one.size)
    spread = np.diag(centre @ (one.cov + other.cov) @ centre)
    return Difference(gap=centre @ (one.mean - other.mean), deviation=np.sqrt(np.maximum(spread, 0.0)))


def _checked(vote: Vote, clips: int) -> tuple[int, int]:
    if not 0 <= min(vote.pair) < max(vote.pair) < clips:
        raise ValueError(f"a vote names the pair ({vote.left}, {vote.right}) among {clips} clips")
    return vote.pair


def _said(vote: Vote) -> str:
    """The answer without sides: "low" or "high" for the clip with that index, or "tie"."""
    if vote.answer == "tie":
        return "tie"
    return "low" if (vote.answer == "left") == (vote.left < vote.right) else "high"


def _alike(before: Vote, again: Vote) -> float:
    one, other = _said(before), _said(again)
    return 1.0 if one == other else 0.5 if "tie" in (one, other) else 0.0

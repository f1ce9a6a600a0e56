"""Simulated listeners: how many votes the policy as shipped takes (set-up of the specification, fixed seeds).

Truths are normal quantiles times sigma in random order; answers follow Bradley-Terry, 5 % are random. The policy
is `curator.preference.choose` itself with its repeats and caps, the stop rule `certainty`, the posterior that of
`fit_raters`; all runs advance vote by vote together, so that the fits can be done as one array. At the end of a
simulation that array is compared with `fit_raters` on the votes of every 25th run.

`python -m tests.bench.ranking PART` prints one JSON line; the parts are the functions named in PARTS.
"""

import json
import os
import sys
import time
from dataclasses import dataclass, field
from statistics import NormalDist, median
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from curator.preference.best import odds
from curator.preference.choose import Aim, choose
from curator.preference.fit import LAPSE, PRIOR_SD, Floats, Posterior, chance, fit
from curator.preference.pairs import P_ORDER, P_ORDER_STRICT, CueVotes, build_pairs
from curator.preference.raters import SIDE_SD, fit_raters
from curator.preference.stop import certainty, votes_needed
from curator.preference.votes import Vote

Indices = NDArray[np.intp]

RUNS = 500
LISTENER = "mia"
CLIPS = 16
SIGMAS = (2.0, 1.0)
"""A decided listener, and subtle takes: his mean answer is right in 71 %."""
WINNER_VOTES, ORDER_VOTES, RANDOM_VOTES = (90, 180), (110, 280), (300, 400)
"""How far each is simulated, for the two sigmas."""


@dataclass
class Simulation:
    """What happened, vote by vote: arrays (votes + 1, runs), the first row before any vote.

    right: the leader is the best clip; regret: what choosing him costs in log-odds; tau: Kendall's of the means;
    stated, p_best: the posterior's expected regret and P(best) of the leader (nan where not asked for);
    sure: votes until the stop rule held for the first time (runs,), -1 where it never did; left: the
    forecast of the votes still needed.
    """

    truths: Floats
    votes: list[list[Vote]]
    right: NDArray[np.bool_]
    regret: Floats
    tau: Floats
    stated: Floats
    p_best: Floats
    sure: NDArray[np.int64]
    left: NDArray[np.int64]

    def needed(self, share: float = 0.9) -> int | None:
        """Votes until the leader is right in this share of the runs."""
        return _first(self.right.mean(axis=1) >= share)

    def ordered(self, tau: float = 0.8) -> int | None:
        """Votes until the mean tau reaches this."""
        return _first(self.tau.mean(axis=1) >= tau)


def simulate(
    *, aim: Aim | Literal["shipped", "random"], clips: int, sigma: float, votes: int, runs: int = RUNS,
    seed: int = 5, stop: bool = False,
) -> Simulation:  # fmt: skip
    """`runs` scenes judged up to `votes` votes; `stop` asks for the stop rule after each vote.

    As on the page each pair is chosen while the one before is still being heard, as if that one were skipped.
    "shipped" looks for the winner until he is sure enough and teaches from there on; "random" is uniform random
    pairs and sides without repeats.
    """
    stop = stop or aim == "shipped"
    random = np.random.default_rng([seed, clips, int(100 * sigma)])
    base = sigma * np.array([NormalDist().inv_cdf((clip + 0.5) / clips) for clip in range(clips)])
    truths = np.stack([random.permutation(base) for _ in range(runs)])
    batch = Batch(runs, clips)
    shape = (votes + 1, runs)
    done = Simulation(
        truths=truths,
        votes=[[] for _ in range(runs)],
        right=np.zeros(shape, np.bool_),
        regret=np.zeros(shape),
        tau=np.zeros(shape),
        stated=np.full(shape, np.nan),
        p_best=np.full(shape, np.nan),
        sure=np.full(runs, -1),
        left=np.zeros(shape, np.int64),
    )
    waiting: list[list[Vote]] = [[] for _ in range(runs)]
    every = np.arange(runs)
    low, high = np.triu_indices(clips, 1)
    for at in range(votes + 1):
        batch.refit()
        leader = batch.mean.argmax(axis=1)
        done.regret[at] = truths.max(axis=1) - truths[every, leader]
        done.right[at] = done.regret[at] == 0.0
        agree = np.sign(batch.mean[:, low] - batch.mean[:, high]) * np.sign(truths[:, low] - truths[:, high])
        done.tau[at] = agree.mean(axis=1)
        for run in range(runs) if aim != "random" else ():
            belief = Posterior(batch.mean[run], batch.cov[run])
            now = odds(belief) if stop or aim != "rank" else None
            which: Aim = "winner" if aim == "shipped" or aim == "random" else aim
            if stop and now:
                how = certainty(belief, now=now)
                done.stated[at, run], done.p_best[at, run] = how.regret, how.p_best
                done.left[at, run] = votes_needed(how, clips=clips, votes=at)
                if how.sure and at and done.sure[run] < 0:
                    done.sure[run] = at
                which = "teach" if aim == "shipped" and at and how.sure else which
            history = done.votes[run]
            # the first pair, then always the one after the next
            while len(waiting[run]) < 2:
                pair = choose(belief, [*history, *waiting[run]], seed=f"{seed}:{run}", rater=LISTENER, aim=which,
                              informed=at, now=now)  # fmt: skip
                assert pair is not None
                waiting[run].append(Vote(pair.left, pair.right, "skip", LISTENER))
        if at == votes:
            break
        coins = random.random((runs, 3))
        for run in range(runs):
            if aim == "random":
                couple = int(coins[run, 0] * low.size)
                left, right = (low[couple], high[couple]) if coins[run, 1] < 0.5 else (high[couple], low[couple])
            else:
                vote = waiting[run].pop(0)
                left, right = vote.left, vote.right
            first = coins[run, 2] < float(chance(truths[run, left] - truths[run, right], LAPSE))
            done.votes[run].append(Vote(int(left), int(right), "left" if first else "right", LISTENER))
            batch.add(run, left, right, first)
    for run in range(0, runs, max(1, runs // 20)):
        exact = fit_raters(clips, done.votes[run]).posterior
        np.testing.assert_allclose(batch.mean[run], exact.mean, atol=1e-5)
        np.testing.assert_allclose(batch.cov[run], exact.cov, atol=1e-5)
    return done


@dataclass
class Batch:
    """One listener's posterior in each of many runs: `fit_raters` as one array, started from the last mode."""

    runs: int
    clips: int
    point: Floats = field(init=False)
    cov: Floats = field(init=False)
    won: Floats = field(init=False)
    lost: Floats = field(init=False)

    def __post_init__(self) -> None:
        """No votes yet."""
        self.point = np.zeros((self.runs, self.clips + 1))
        self.cov = np.zeros((self.runs, self.clips, self.clips))
        self.won, self.lost = np.zeros_like(self.cov), np.zeros_like(self.cov)
        self.precision = np.array([PRIOR_SD**-2.0] * self.clips + [SIDE_SD**-2.0])

    @property
    def mean(self) -> Floats:
        """Strengths (runs, clips)."""
        return np.asarray(self.point[:, : self.clips])

    def add(self, run: int, left: int, right: int, ahead: bool) -> None:
        """Count one answer."""
        (self.won if ahead else self.lost)[run, left, right] += 1.0

    def refit(self) -> None:
        """Newton's steps until the largest is below 1e-7."""
        for _ in range(200):
            gradient, observed, _expected = self._shape()
            step = np.asarray(np.linalg.solve(observed, gradient[..., None])[..., 0], dtype=np.float64)
            # long steps only occur far from the mode
            step *= np.minimum(1.0, 1.0 / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-12))
            self.point += step
            if np.abs(step).max() < 1e-7:
                break
        self.cov = np.asarray(np.linalg.inv(self._shape()[2])[:, : self.clips, : self.clips], dtype=np.float64)

    def _shape(self) -> tuple[Floats, Floats, Floats]:
        theta, side = self.mean, self.point[:, -1]
        met = np.flatnonzero(self.won + self.lost)
        run, left, right = np.unravel_index(met, self.won.shape)
        won, lost = self.won.ravel()[met], self.lost.ravel()[met]
        sigma = 1.0 / (1.0 + np.exp(-(theta[run, left] - theta[run, right] + side[run])))
        slope = (1.0 - LAPSE) * sigma * (1.0 - sigma)
        ahead = (1.0 - LAPSE) * sigma + LAPSE / 2.0
        behind, bend = 1.0 - ahead, slope * (1.0 - 2.0 * sigma)
        pull = won * slope / ahead - lost * slope / behind
        gradient = np.zeros_like(self.point)
        np.add.at(gradient, (run, left), pull)
        np.add.at(gradient, (run, right), -pull)
        np.add.at(gradient, (run, np.full_like(run, self.clips)), pull)
        gradient -= self.precision * self.point
        expected = (won + lost) * slope**2 / (ahead * behind)
        observed = won * ((slope / ahead) ** 2 - bend / ahead) + lost * ((slope / behind) ** 2 + bend / behind)
        return (
            gradient,
            self._matrix(run, left, right, np.maximum(observed, 0.0)),
            self._matrix(run, left, right, expected),
        )

    def _matrix(self, run: Indices, left: Indices, right: Indices, weight: Floats) -> Floats:
        size = self.clips + 1
        side = np.full_like(left, self.clips)
        matrix = np.zeros((self.runs, size, size))
        for row, column, sign in (
            (left, left, 1.0), (right, right, 1.0), (side, side, 1.0), (left, right, -1.0), (right, left, -1.0),
            (left, side, 1.0), (side, left, 1.0), (right, side, -1.0), (side, right, -1.0),
        ):  # fmt: skip
            np.add.at(matrix, (run, row, column), sign * weight)
        matrix[:, np.arange(size), np.arange(size)] += self.precision
        return matrix


def _first(reached: NDArray[np.bool_]) -> int | None:
    return int(np.argmax(reached)) if bool(reached.any()) else None


def winner() -> list[dict[str, Any]]:
    """Votes until the winner is right in 90 % of the runs, beside uniform random pairs; what the stop rule does."""
    found = []
    for sigma, votes, many in zip(SIGMAS, WINNER_VOTES, RANDOM_VOTES, strict=True):
        ours = simulate(aim="winner", clips=CLIPS, sigma=sigma, votes=votes, stop=True)
        random = simulate(aim="random", clips=CLIPS, sigma=sigma, votes=many)
        stopped = np.where(ours.sure < 0, votes, ours.sure)
        at = stopped, np.arange(RUNS)
        found.append(
            {
                "sigma": sigma,
                "needed": ours.needed(),
                "right": {count: float(ours.right[count].mean()) for count in range(10, votes + 1, 10)},
                "random_needed": random.needed(),
                "random_right": float(random.right[-1].mean()),
                "random_votes": many,
                "repeats": _repeats(ours),
                "stop_votes": float(np.median(stopped)),
                "stop_regret": float(ours.regret[at].mean()),
                "stop_right": float(ours.right[at].mean()),
                "stop_stated": float(ours.stated[at].mean()),
                "stop_open": float((ours.sure < 0).mean()),
                "forecasts": _forecast(ours),
            }
        )
    return found


def order() -> list[dict[str, Any]]:
    """Votes until the mean Kendall's tau is 0.8 when the aim is the order of all clips, beside random pairs."""
    found = []
    for sigma, votes, many in zip(SIGMAS, ORDER_VOTES, RANDOM_VOTES, strict=True):
        ours = simulate(aim="rank", clips=CLIPS, sigma=sigma, votes=votes)
        random = simulate(aim="random", clips=CLIPS, sigma=sigma, votes=many)
        found.append({"sigma": sigma, "needed": ours.ordered(), "random_needed": random.ordered()})
    return found


def pairs() -> dict[str, Any]:
    """Training pairs after 60 votes about 16 subtle takes, and of six such cues, one of them held out."""
    found: dict[str, Any] = {}
    aims: tuple[Literal["teach", "winner", "shipped"], ...] = ("teach", "winner", "shipped")
    for aim in aims:
        done = simulate(aim=aim, clips=CLIPS, sigma=1.0, votes=60)
        for threshold in (P_ORDER, P_ORDER_STRICT):
            counts, right, stated = [], 0, 0.0
            for truth, votes in zip(done.truths, done.votes, strict=True):
                made = build_pairs([CueVotes("1m1", CLIPS, tuple(votes))], source="posterior", threshold=threshold)
                counts.append(len(made.pairs))
                right += sum(bool(truth[pair.winner] > truth[pair.loser]) for pair in made.pairs)
                stated += sum(pair.p_order for pair in made.pairs)
            found[f"{aim} {threshold}"] = {
                "pairs": float(np.mean(counts)), "right": right / sum(counts), "stated": stated / sum(counts),
            }  # fmt: skip
        if aim == "shipped":
            films = [done.votes[at : at + 6] for at in range(0, RUNS - 5, 6)]
            sets = [
                build_pairs([CueVotes(str(cue), CLIPS, tuple(votes)) for cue, votes in enumerate(film[:5])])
                for film in films
            ]
            sizes = [len(made.pairs) for made in sets]
            found["films"] = {"count": len(sizes), "least": min(sizes), "mean": float(np.mean(sizes)),
                              "source": sets[0].source}  # fmt: skip
    return found


def mathematics() -> dict[str, Any]:
    """Largest difference from choix on random data, and the seconds of a choice and of a large fit.

    Seconds of this process, on one thread: on a shared machine the clock would measure the others.
    """
    import choix  # here: the other parts do without it

    random = np.random.default_rng(5)
    worst = 0.0
    for _ in range(20):
        clips, wins = int(random.integers(3, 40)), []
        strengths = random.normal(0.0, 1.5, clips)
        for _ in range(int(random.integers(1, 400))):
            one, other = (int(clip) for clip in random.choice(clips, 2, replace=False))
            ahead = random.random() < chance(strengths[one] - strengths[other], LAPSE)
            wins.append((one, other) if ahead else (other, one))
        theirs = choix.opt_pairwise(clips, wins, alpha=1.0 / (2.0 * PRIOR_SD**2), tol=1e-12)
        ours = fit(clips, [Vote(*pair, "left") for pair in wins], lapse=0.0).mean
        worst = max(worst, float(np.abs(ours - theirs).max()))
    votes = [Vote(int(one), int(other), "left", LISTENER) for one, other in random.integers(0, 64, (400, 2))
             if one != other]  # fmt: skip
    times = []
    for count in range(len(votes) - 50, len(votes)):
        start = time.process_time()
        belief = fit_raters(64, votes[:count]).posterior
        assert choose(belief, votes[:count], seed=count, rater=LISTENER) is not None
        times.append(time.process_time() - start)
    clips = 1000
    strengths = random.normal(0.0, PRIOR_SD, clips)
    couples = [(int(one), int(other)) for one, other in random.integers(0, clips, (100_200, 2)) if one != other]
    couples, coins = couples[:100_000], random.random(100_000)
    many = [
        Vote(one, other, "left" if coin < chance(strengths[one] - strengths[other], LAPSE) else "right", LISTENER)
        for (one, other), coin in zip(couples, coins, strict=True)
    ]
    seconds = []
    for _ in range(3):
        start = time.process_time()
        fit_raters(clips, many)
        seconds.append(time.process_time() - start)
    return {"choix": worst, "next_pair_ms": 1000.0 * median(times), "refit_seconds": min(seconds), "votes": len(many)}


def _forecast(done: Simulation) -> float:
    """Share of the forecasts, made every tenth vote, within a factor of two of the votes it then took to the stop."""
    hits = [
        sure - at <= 2 * done.left[at, run] and done.left[at, run] <= 2 * (sure - at)
        for run, sure in enumerate(done.sure)
        for at in range(0, sure, 10)
    ]
    return float(np.mean(hits))


def _repeats(done: Simulation) -> float:
    """Share of the votes that came back to a pair."""
    return float(np.mean([1.0 - len({vote.pair for vote in votes}) / len(votes) for votes in done.votes]))


PARTS = {"winner": winner, "order": order, "pairs": pairs, "mathematics": mathematics}

if __name__ == "__main__":
    start = time.perf_counter()
    result = PARTS[sys.argv[1]]()
    json.dump({"found": result, "seconds": time.perf_counter() - start, "threads": os.cpu_count()}, sys.stdout)
    sys.stdout.write("\n")

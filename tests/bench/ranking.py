"""Simulated listeners: how many votes the policy as shipped takes (set-up of the specification, fixed seeds).

Truths are normal quantiles times sigma in random order; answers follow Bradley-Terry, 5 % are random. The policy
is `curator.preference.choose` itself with its repeats and caps, the stop rule `certainty`, the posterior that of
`fit_raters`; all runs advance vote by vote together, so that the fits can be done as one array. At the end of a
simulation that array is compared with `fit_raters` on every run's votes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from curator.preference.best import odds
from curator.preference.choose import Aim, choose
from curator.preference.fit import LAPSE, PRIOR_SD, Floats, Posterior, chance
from curator.preference.raters import SIDE_SD, fit_raters
from curator.preference.stop import certainty
from curator.preference.votes import Vote

Indices = NDArray[np.intp]

RUNS = 500
LISTENER = "mia"


@dataclass
class Simulation:
    """What happened, vote by vote: arrays (votes + 1, runs), the first row before any vote.

    right: the leader is the best clip; regret: what choosing him costs in log-odds; tau: Kendall's of the means;
    stated, p_best: the posterior's expected regret and P(best) of the leader (nan where not asked for);
    sure: votes until the stop rule held for the first time (runs,), -1 where it never did.
    """

    truths: Floats
    votes: list[list[Vote]]
    right: NDArray[np.bool_]
    regret: Floats
    tau: Floats
    stated: Floats
    p_best: Floats
    sure: NDArray[np.int64]

    def needed(self, share: float = 0.9) -> int | None:
        """Votes until the leader is right in this share of the runs."""
        return _first(self.right.mean(axis=1) >= share)

    def ordered(self, tau: float = 0.8) -> int | None:
        """Votes until the mean tau reaches this."""
        return _first(self.tau.mean(axis=1) >= tau)


def simulate(
    *, aim: Aim | Callable[[bool], Aim] | None, clips: int, sigma: float, votes: int, runs: int = RUNS,
    seed: int = 5, stop: bool = False,
) -> Simulation:  # fmt: skip
    """`runs` scenes judged up to `votes` votes; aim None: uniform random pairs and sides, no repeats.

    A callable aim is asked with whether the run was sure before; `stop` asks for the stop rule after each vote.
    """
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
    )
    every = np.arange(runs)
    low, high = np.triu_indices(clips, 1)
    for at in range(votes + 1):
        batch.refit()
        leader = batch.mean.argmax(axis=1)
        done.regret[at] = truths.max(axis=1) - truths[every, leader]
        done.right[at] = done.regret[at] == 0.0
        agree = np.sign(batch.mean[:, low] - batch.mean[:, high]) * np.sign(truths[:, low] - truths[:, high])
        done.tau[at] = agree.mean(axis=1)
        for run in range(runs) if aim or stop else ():
            belief = Posterior(batch.mean[run], batch.cov[run])
            now = odds(belief) if stop or aim != "rank" else None
            if stop and now:
                how = certainty(belief, now=now)
                done.stated[at, run], done.p_best[at, run] = how.regret, how.p_best
                if how.sure and at and done.sure[run] < 0:
                    done.sure[run] = at
            if aim and at < votes:
                which = aim(bool(done.sure[run] >= 0)) if callable(aim) else aim
                pair = choose(belief, done.votes[run], seed=f"{seed}:{run}", rater=LISTENER, aim=which, now=now)
                assert pair is not None
                done.votes[run].append(Vote(pair.left, pair.right, "skip", LISTENER))
        if at == votes:
            break
        coins = random.random((runs, 3))
        for run in range(runs):
            if aim:
                vote = done.votes[run].pop()
                left, right = vote.left, vote.right
            else:
                couple = int(coins[run, 0] * low.size)
                left, right = (low[couple], high[couple]) if coins[run, 1] < 0.5 else (high[couple], low[couple])
            ahead = coins[run, 2] < float(chance(truths[run, left] - truths[run, right], LAPSE))
            done.votes[run].append(Vote(int(left), int(right), "left" if ahead else "right", LISTENER))
            batch.add(run, left, right, ahead)
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

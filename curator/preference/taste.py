"""A listener's taste as a direction in the space of music: Bradley-Terry strengths that are linear in vectors.

log odds(i before j) = f(x_i) - f(x_j) for two clips of one cue, f linear in the clip's vector and, so that somebody may
want one thing here and another there, in the vector within the cue's scene. Ridge and share of the scene are chosen by
cross-validation; what is told as held-out accuracy comes from cues that neither the fit nor that choice has seen.

Everything goes through inner products of differences between the clips of a pair, so the cost depends on the number
of pairs and not on the size of the vectors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from curator.preference.fit import Floats

RIDGES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Precisions of the weights that are tried, for vectors whose differences have length 1 on average."""
SCENE_SHARES = (0.0, 1.0)
"""How much a scene may bend the taste: not at all, or as much as the common part."""
FOLDS = 6
Z95 = 1.959964
MOST_STEPS = 30
MOST_DIRECTIONS = 200
"""Of the directions that many answers span, those with the largest differences are looked at."""

Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Clips:
    """Clips (N) that can be judged: vectors (N, D) and, for each, its cue and its scene (any names).

    facts (N, F): numbers read off the score, where they are to count beside the vectors.
    """

    vectors: NDArray[np.float32] | Floats
    cues: tuple[str, ...]
    scenes: tuple[str, ...]
    facts: Floats | None = None


@dataclass(frozen=True)
class Heard:
    """One answer about two clips of one cue: indices of the better and the worse one; an answer "equal" is none."""

    better: int
    worse: int


@dataclass(frozen=True)
class Proof:
    """What the taste was right about in cues it had not seen: `right` of `answers`, with the 95 % interval (Wilson)."""

    right: float
    answers: int

    @property
    def accuracy(self) -> float:
        """The share that was right, 0.5 without an answer."""
        return self.right / self.answers if self.answers else 0.5

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return self._end(-1)

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self._end(1)

    @property
    def proved(self) -> bool:
        """Whether the whole interval lies above chance."""
        return self.low > 0.5

    def _end(self, side: int) -> float:
        if not self.answers:
            return 0.0 if side < 0 else 1.0
        n, share = self.answers, self.accuracy
        middle = share + Z95**2 / (2 * n)
        reach = Z95 * sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n))
        return (middle + side * reach) / (1 + Z95**2 / n)


@dataclass(frozen=True, eq=False)
class Taste:
    """A fitted taste: `strengths` (N,) of the clips in log-odds, with mean 0 among those of each cue.

    `unheard` (N,): the same, but in each cue from a fit that has not seen the answers about it. Only this may be a
    prior for the cue's own answers, which would count twice otherwise.
    """

    ridge: float
    scene_share: float
    proof: Proof
    strengths: Floats
    unheard: Floats


def learn(clips: Clips, heard: Sequence[Heard]) -> Taste | None:
    """The taste of one listener, and how he would judge all clips; None without answers from two cues.

    Raises ValueError for answers about clips of different cues.
    """
    if any(clips.cues[one.better] != clips.cues[one.worse] for one in heard):
        raise ValueError("an answer compares clips of different cues")
    folds = _folds([clips.cues[one.better] for one in heard])
    if folds is None:
        return None
    fits = _Fits(clips, heard, folds)
    ridge, share = fits.choose(None)
    strengths = fits.strengths(fits.weights(frozenset(), ridge, share), share)
    unheard = strengths.copy()
    right = 0.0
    for fold in range(int(folds.max()) + 1):
        inner, bent = fits.choose(fold)
        gaps = fits.gaps(frozenset({fold}), fold, inner, bent)
        right += float((gaps > 0).sum() + 0.5 * (gaps == 0).sum())
        judged = {clips.cues[one.better] for one, at in zip(heard, folds, strict=True) if at == fold}
        mine = np.array([cue in judged for cue in clips.cues])
        unheard[mine] = fits.strengths(fits.weights(frozenset({fold}), inner, bent), bent)[mine]
    return Taste(ridge, share, Proof(right, len(heard)), strengths, unheard)


def _folds(cues: Sequence[str]) -> Indices | None:
    """The fold of each answer; all answers about one cue lie in one. None with fewer than two cues."""
    names = sorted(set(cues), key=lambda name: (-cues.count(name), name))
    if len(names) < 2:
        return None
    sizes = [0] * min(FOLDS, len(names))
    place: dict[str, int] = {}
    for name in names:
        place[name] = sizes.index(min(sizes))
        sizes[place[name]] += cues.count(name)
    return np.array([place[name] for name in cues], dtype=np.intp)


class _Fits:
    """Fits to the answers outside some folds, each made once."""

    def __init__(self, clips: Clips, heard: Sequence[Heard], folds: Indices) -> None:
        self.clips, self.folds = clips, folds
        self.better = np.array([one.better for one in heard], dtype=np.intp)
        self.worse = np.array([one.worse for one in heard], dtype=np.intp)
        self.inputs = _scaled(clips, self.better, self.worse)
        self.scene = _numbers(clips.scenes)
        self.spaces = {share: self._space(share) for share in SCENE_SHARES}
        self.made: dict[tuple[frozenset[int], float, float], Floats] = {}

    def choose(self, without: int | None) -> tuple[float, float]:
        """Ridge and share of the scene with the least loss on the folds except `without`, each left out in turn."""
        aside = frozenset() if without is None else frozenset({without})
        inside = [fold for fold in range(int(self.folds.max()) + 1) if fold not in aside]
        if len(inside) < 2:
            return RIDGES[-2], 0.0
        best, found = float("inf"), (RIDGES[-2], 0.0)
        for share in SCENE_SHARES:
            for ridge in RIDGES[::-1]:
                gaps = np.concatenate([self.gaps(aside | {fold}, fold, ridge, share) for fold in inside])
                loss = float(np.logaddexp(0.0, -gaps).sum())
                if loss < best - 1e-9:
                    best, found = loss, (ridge, share)
        return found

    def gaps(self, without: frozenset[int], of: int, ridge: float, share: float) -> Floats:
        """Log-odds that the better clip of each answer of a fold is called so, by the fit without some folds."""
        return np.asarray(self.spaces[share][0][self.folds == of] @ self.weights(without, ridge, share))

    def weights(self, without: frozenset[int], ridge: float, share: float) -> Floats:
        """The weights of the ridge-penalised logistic fit to the answers outside these folds, by Newton's steps."""
        key = (without, ridge, share)
        if key in self.made:
            return self.made[key]
        rows = self.spaces[share][0][~np.isin(self.folds, list(without))]
        weights = np.zeros(rows.shape[1])
        for _ in range(MOST_STEPS):
            doubt = 0.5 * (1.0 - np.tanh(0.5 * (rows @ weights)))
            slope = rows.T @ doubt - ridge * weights
            bend = (rows * (doubt * (1.0 - doubt))[:, None]).T @ rows
            bend[np.diag_indices_from(bend)] += ridge
            step = np.linalg.solve(bend, slope)
            weights = weights + step * min(1.0, 10.0 / max(float(np.abs(rows @ step).max(initial=0.0)), 1e-12))
            if float(np.abs(step).max(initial=0.0)) < 1e-7:
                break
        self.made[key] = weights
        return weights

    def strengths(self, weights: Floats, share: float) -> Floats:
        """Strengths (N,) of all clips, with mean 0 in each cue."""
        steps = self.inputs[self.better] - self.inputs[self.worse]
        same = self.scene[:, None] == self.scene[self.better][None, :]
        kernel = (self.inputs @ steps.T) * (1.0 + share * same)
        return _centred(kernel @ (self.spaces[share][1] @ weights), self.clips.cues)

    def _space(self, share: float) -> tuple[Floats, Floats]:
        """The answers (P, R) in the main directions that they span, and what leads there from inner products (P, R)."""
        steps = self.inputs[self.better] - self.inputs[self.worse]
        mine = self.scene[self.better]
        sizes, axes = np.linalg.eigh((steps @ steps.T) * (1.0 + share * (mine[:, None] == mine[None, :])))
        main = np.flatnonzero(sizes > 1e-9 * max(float(sizes[-1]), 1e-12))[-MOST_DIRECTIONS:]
        back = axes[:, main] / np.sqrt(sizes[main])
        return np.asarray(axes[:, main] * np.sqrt(sizes[main])), np.asarray(back)


def _scaled(clips: Clips, better: Indices, worse: Indices) -> Floats:
    """What a taste is linear in (N, D + F): directions of the vectors and, where given, facts.

    In each of the two blocks columns that vary little inside cues are drawn out and differences of pairs have length 1
    on average; both count alike.
    """
    norms = np.linalg.norm(clips.vectors, axis=1, keepdims=True)
    blocks = [np.asarray(clips.vectors, dtype=np.float64) / np.where(norms == 0, 1.0, norms)]
    if clips.facts is not None:
        blocks.append(np.asarray(clips.facts, dtype=np.float64))
    scaled = []
    for block in blocks:
        spread = _centred(block, clips.cues).std(axis=0)
        drawn = block / (spread + spread.mean() + 1e-12)
        steps = drawn[better] - drawn[worse]
        size = float(np.sqrt(np.mean(np.sum(steps**2, axis=1)))) if len(steps) else 1.0
        scaled.append(drawn / ((size or 1.0) * sqrt(len(blocks))))
    return np.concatenate(scaled, axis=1)


def _centred(values: Floats, cues: Sequence[str]) -> Floats:
    """The values (N, ...) less their mean among the clips of the same cue."""
    numbers = _numbers(cues)
    found = values.copy()
    for number in range(numbers.max(initial=-1) + 1):
        inside = numbers == number
        found[inside] -= values[inside].mean(axis=0)
    return found


def _numbers(names: Sequence[str]) -> Indices:
    known = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([known[name] for name in names], dtype=np.intp)

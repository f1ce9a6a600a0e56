"""Scores from vectors: likeness to a style, likeness to a text, copies. None of them is a measure of how good music is.

Vectors are (N, D) as the encoders give them, not normalised; all of one call come from one space.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEAREST = 5
"""So many nearest references make the second score; the mean of all rewards what lies in the middle."""
NEAR_COPY = 0.95
"""A cosine above this to a single reference is taken for a copy (NotaGen's limit for pieces to learn from)."""

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Likeness:
    """How N pieces lie to a style. mean: cosine to the mean reference, as CLaMP scores; nearest: mean cosine to the
    nearest references; closest: largest cosine to any; which: to which. All (N,)."""

    mean: Floats
    nearest: Floats
    closest: Floats
    which: Indices

    @property
    def average(self) -> float:
        """The average CLaMP score of the pieces: the mean of their cosines to the mean reference."""
        return float(np.mean(self.mean))

    @property
    def near_copy(self) -> NDArray[np.bool_]:
        """Which pieces (N,) are taken for copies of a reference."""
        return np.asarray(self.closest > NEAR_COPY)


class Style:
    """A set of references (R, D), kept as their mean and their directions. Raises ValueError without any."""

    def __init__(self, references: Floats) -> None:
        if not len(references):
            raise ValueError("a style needs at least one reference")
        self.mean = directions(references.mean(axis=0, dtype=np.float64)[None].astype(np.float32))[0]
        self.directions = directions(references)

    def likeness(self, vectors: Floats) -> Likeness:
        """Scores of these pieces (N, D)."""
        unit = directions(vectors)
        cosines = unit @ self.directions.T
        few = min(NEAREST, cosines.shape[1])
        best = np.partition(cosines, cosines.shape[1] - few, axis=1)[:, -few:]
        which = cosines.argmax(axis=1) if len(cosines) else np.empty(0, dtype=np.intp)
        return Likeness(
            mean=unit @ self.mean,
            nearest=best.mean(axis=1),
            closest=np.take_along_axis(cosines, which[:, None], axis=1)[:, 0],
            which=which,
        )


def directions(vectors: Floats) -> Floats:
    """The vectors at length 1; a zero vector stays one."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms == 0, 1, norms), dtype=np.float32)


def text_fit(music: Floats, scene: Floats, neutral: Floats) -> Floats:
    """How much nearer each piece (N,) is to a scene, said in P ways (P, D), than to briefs of any scene (M, D).

    Without the second part, pieces that lie near all texts would always win. Only the order within one scene means
    something: cosines between music and text lie on another scale than those between pieces.
    """
    unit = directions(music)
    wanted = directions(directions(scene).mean(axis=0, keepdims=True))[0]
    fit = unit @ wanted
    if len(neutral):
        fit = fit - (unit @ directions(neutral).T).mean(axis=1)
    return np.asarray(fit, dtype=np.float32)


def ranks(scores: Sequence[float] | Floats) -> list[int]:
    """The place of each score, 1 for the highest; equal scores share the better place."""
    ordered = np.sort(np.asarray(scores))
    return [int(len(ordered) - np.searchsorted(ordered, score, side="right") + 1) for score in np.asarray(scores)]


def best_of(values: Sequence[tuple[float, Floats]], vectors: Floats, *, keep: int, variety: float) -> list[int]:
    """Which pieces (indices) to keep of many, one after the other.

    Each time the highest sum of `values`, each a weight and numbers (N,) that count in deviations from their mean, less
    `variety` times how near a piece lies to the nearest one that is kept already.
    """
    total = np.zeros(len(vectors))
    for weight, numbers in values:
        total += weight * _standard(np.asarray(numbers, dtype=np.float64))
    cosines = directions(vectors) @ directions(vectors).T
    apart = cosines[~np.eye(len(cosines), dtype=np.bool_)]
    middle, spread = (float(apart.mean()), float(apart.std()) or 1.0) if len(apart) else (0.0, 1.0)
    kept: list[int] = []
    while len(kept) < min(keep, len(total)):
        near = (cosines[:, kept].max(axis=1) - middle) / spread if kept else np.zeros(len(total))
        scores = total - variety * near
        scores[kept] = -np.inf
        kept.append(int(np.argmax(scores)))
    return kept


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = float(values.std())
    return np.asarray((values - values.mean()) / spread if spread else np.zeros_like(values))

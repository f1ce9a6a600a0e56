"""The reference's way from probabilities to one id: top-k, then top-p, then temperature, then one draw."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float64]

_FLOOR = 1e-12


@dataclass(frozen=True)
class Sampling:
    """Settings of the draw. top_k 0 and top_p 1 switch their filter off; temperature acts after both."""

    top_k: int = 9
    top_p: float = 0.9
    temperature: float = 1.2

    def __post_init__(self) -> None:
        if self.top_k < 0 or not 0 < self.top_p <= 1 or not 0 < self.temperature <= 10:
            raise ValueError("Sampling needs top_k >= 0, top_p in (0, 1] and temperature in (0, 10].")


def normalise(p: Probabilities) -> Probabilities:
    """Rows (R, V) that sum to one: not-a-number and negative become 0, then 1e-12 is added everywhere.

    Because of that floor every id keeps a chance of about 1e-10 after the temperature, as in the reference.
    """
    clean = np.where(np.isnan(p) | (p < 0), 0.0, p.astype(np.float64)) + _FLOOR
    rows: Probabilities = clean / clean.sum(axis=-1, keepdims=True)
    return rows


def keep_top_k(p: Probabilities, k: int) -> Probabilities:
    """The k most probable ids of each row (R, V), normalised before and after."""
    p = normalise(p)
    if k > 0:
        order = np.argsort(p, axis=-1)[:, ::-1]
        np.put_along_axis(p, order[:, k:], 0.0, axis=-1)
        p = p / p.sum(axis=-1, keepdims=True)
    return normalise(p)


def keep_top_p(p: Probabilities, top_p: float) -> Probabilities:
    """The most probable ids of each row (R, V), up to and with the one that takes their sum over top_p.

    Expects normalised rows and returns such.
    """
    if 0 < top_p < 1:
        order = np.argsort(p, axis=-1)[:, ::-1]
        ranked = np.take_along_axis(p, order, axis=-1)
        over = np.cumsum(ranked, axis=-1) > top_p
        ranked[:, 1:][over[:, :-1]] = 0.0
        p = np.empty_like(p)
        np.put_along_axis(p, order, ranked, axis=-1)
        p = p / p.sum(axis=-1, keepdims=True)
    return normalise(p)


def heat(p: Probabilities, temperature: float) -> Probabilities:
    """Rows (R, V) with each probability raised to 1 / temperature and renormalised."""
    if temperature == 1:
        return p
    raised = np.exp(np.log(p) / temperature)
    rows: Probabilities = raised / raised.sum(axis=-1, keepdims=True)
    return rows


def distribution(p: NDArray[np.floating], sampling: Sampling) -> Probabilities:
    """What is drawn from: rows (R, V) of softmax outputs after all three steps."""
    kept = keep_top_p(keep_top_k(np.asarray(p, dtype=np.float64), sampling.top_k), sampling.top_p)
    return heat(kept, sampling.temperature)


def pick(p: Probabilities, uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
    """One id per row (R, V) from one uniform number per row (R,), as numpy's legacy `choice` does it."""
    cumulative = np.cumsum(p, axis=-1)
    cumulative /= cumulative[:, -1:]
    picked: NDArray[np.int64] = (cumulative <= uniforms[:, None]).sum(axis=-1)
    return picked

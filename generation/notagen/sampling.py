"""The reference's way from probabilities to one id: top-k, then top-p, then temperature, then one draw."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Probabilities = NDArray[np.float64]

_FLOOR = 1e-12

DOUBT = 1e-5
"""A draw nearer than this to another outcome is doubtful in float32: there the order of a sum may decide it.

Sums of probabilities computed for one row, for eight rows and by a pass over the whole context differed by at most
2.1e-6 with two trained models, single probabilities over 1e-4 by at most 2e-5 of themselves.
"""

TIE = 10 * DOUBT
"""Two ranked probabilities that differ by less than this share of themselves might change places."""


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
    return _cut(normalise(p), k)


def _cut(p: Probabilities, k: int) -> Probabilities:
    """The k most probable ids of normalised rows (R, V), normalised again."""
    if k > 0:
        p = p.copy()
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
    return _filtered(normalise(np.asarray(p)), sampling)


def _filtered(p: Probabilities, sampling: Sampling) -> Probabilities:
    return heat(keep_top_p(_cut(p, sampling.top_k), sampling.top_p), sampling.temperature)


def pick(p: Probabilities, uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
    """One id per row (R, V) from one uniform number per row (R,), as numpy's legacy `choice` does it."""
    cumulative = np.cumsum(p, axis=-1)
    cumulative /= cumulative[:, -1:]
    picked: NDArray[np.int64] = (cumulative <= uniforms[:, None]).sum(axis=-1)
    return picked


def draw(
    p: NDArray[np.floating], sampling: Sampling, uniforms: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """One id for each row (R, V) of softmax outputs, and whether the draw is in doubt.

    In doubt: slightly other probabilities (by DOUBT) might give another id, because the uniform number lies at the
    border of two ids, or because top-k or top-p cut between near equals.
    """
    clean = normalise(np.asarray(p))
    final = _filtered(clean, sampling)
    return pick(final, uniforms), _doubtful(clean, final, sampling, uniforms)


def _doubtful(
    p: Probabilities, final: Probabilities, sampling: Sampling, uniforms: NDArray[np.float64]
) -> NDArray[np.bool_]:
    # A temperature below 1 stretches differences.
    near = DOUBT / min(1.0, sampling.temperature)
    borders = np.cumsum(final, axis=-1)[:, :-1]
    doubt = np.asarray((np.abs(borders - uniforms[:, None]) < near).any(axis=-1), dtype=np.bool_)
    ranked = np.sort(p, axis=-1)[:, ::-1]
    if 0 < sampling.top_k < ranked.shape[-1]:
        doubt |= _close(ranked[:, sampling.top_k - 1], ranked[:, sampling.top_k])
        ranked = ranked[:, : sampling.top_k] / ranked[:, : sampling.top_k].sum(axis=-1, keepdims=True)
    if sampling.top_p < 1:
        sums = np.cumsum(ranked, axis=-1)
        doubt |= (np.abs(sums - sampling.top_p) < DOUBT).any(axis=-1)
        last = np.minimum((sums <= sampling.top_p).sum(axis=-1), ranked.shape[-1] - 1)
        rows = np.arange(len(ranked))
        after = np.minimum(last + 1, ranked.shape[-1] - 1)
        doubt |= (after > last) & _close(ranked[rows, last], ranked[rows, after])
    return doubt


def _close(kept: Probabilities, dropped: Probabilities) -> NDArray[np.bool_]:
    """Whether two ranked probabilities could change places, and would matter if they did."""
    close: NDArray[np.bool_] = (kept - dropped < TIE * kept) & (kept > DOUBT)
    return close


def draw_on_device(p: Tensor, sampling: Sampling, uniforms: Tensor) -> tuple[Tensor, Tensor]:
    """Ids (R,) and doubts (R,) for softmax outputs (R, V) and uniform numbers (R,), without leaving the device.

    The same steps as draw, in float64; nothing here asks for a value on the host.
    """
    p = _normalise(p.double())
    ranked, order = p.sort(dim=-1, descending=True)
    doubt = torch.zeros_like(uniforms, dtype=torch.bool)
    size = p.shape[-1]
    if 0 < sampling.top_k < size:
        k = sampling.top_k
        doubt = doubt | _near(ranked[:, k - 1], ranked[:, k])
        ranked = torch.cat((ranked[:, :k], torch.zeros_like(ranked[:, k:])), dim=-1)
        ranked = _normalise(ranked / ranked.sum(dim=-1, keepdim=True))
    if sampling.top_p < 1:
        sums = ranked.cumsum(dim=-1)
        inside = slice(0, sampling.top_k if 0 < sampling.top_k < size else size)
        doubt = doubt | ((sums[:, inside] - sampling.top_p).abs() < DOUBT).any(dim=-1)
        over = sums > sampling.top_p
        last = (~over).sum(dim=-1, keepdim=True).clamp(max=size - 1)
        after = (last + 1).clamp(max=size - 1)
        cut = _near(ranked.gather(1, last), ranked.gather(1, after)) & (after > last)
        doubt = doubt | cut[:, 0]
        gone = torch.cat((torch.zeros_like(over[:, :1]), over[:, :-1]), dim=-1)
        ranked = ranked.masked_fill(gone, 0.0)
        ranked = ranked / ranked.sum(dim=-1, keepdim=True)
    p = _normalise(torch.zeros_like(p).scatter(1, order, ranked))
    if sampling.temperature != 1:
        p = (p.log() / sampling.temperature).exp()
        p = p / p.sum(dim=-1, keepdim=True)
    cumulative = p.cumsum(dim=-1)
    cumulative = cumulative / cumulative[:, -1:]
    ids = (cumulative <= uniforms[:, None]).sum(dim=-1)
    near = DOUBT / min(1.0, sampling.temperature)
    doubt = doubt | ((cumulative[:, :-1] - uniforms[:, None]).abs() < near).any(dim=-1)
    return ids, doubt


def _normalise(p: Tensor) -> Tensor:
    clean = torch.where(p.isnan() | (p < 0), 0.0, p) + _FLOOR
    return clean / clean.sum(dim=-1, keepdim=True)


def _near(kept: Tensor, dropped: Tensor) -> Tensor:
    return (kept - dropped < TIE * kept) & (kept > DOUBT)

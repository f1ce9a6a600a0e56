"""Long inputs in segments: how they are cut, and what each counts in the vector of the whole."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def cut(count: int, length: int) -> list[slice]:
    """Segments of at most `length` of `count` items. The last one holds the last `length` items, so it overlaps."""
    if count <= length:
        return [slice(0, count)]
    starts = range(0, count, length)
    return [slice(min(start, count - length), min(start + length, count)) for start in starts]


def pool(vectors: Sequence[Floats] | Floats, count: int, length: int) -> Floats:
    """The vector (D,) of the whole from those of its segments (S, D).

    Each full segment counts `length`; the last one counts what it has alone, though it saw `length` items too.
    """
    weights = np.full(len(vectors), length, dtype=np.float64)
    if count % length:
        weights[-1] = count % length
    whole = weights @ np.asarray(vectors, dtype=np.float64) / weights.sum()
    return np.asarray(whole, dtype=np.float32)

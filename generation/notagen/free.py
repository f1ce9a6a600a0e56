"""Writes pieces without a guard: only the opening is given, and no line is judged or sampled again.

This tells what a model knows by itself. The same model, opening, seed and settings give the same text, whatever is
written beside it.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from generation.notagen import patches
from generation.notagen.decoding import Decoder
from generation.notagen.engine import write_patches
from generation.notagen.patches import BOS, EOS, PAD, SIZE
from generation.notagen.sampling import Sampling


@dataclass(frozen=True)
class Free:
    """One text, opening included. ended: the model itself ended it; else it ran into the end of its context, and the
    last, broken line is left out. `index` is the place of its seed among those asked for."""

    index: int
    seed: int
    text: str
    ended: bool


@dataclass
class _Row:
    index: int
    text: str
    random: np.random.RandomState


def write_freely(
    decoder: Decoder,
    openings: Sequence[str],
    *,
    seeds: Sequence[int],
    sampling: Sampling,
    most: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Free]:
    """One text behind each opening (whole lines) with the seed of the same place, in the order they are finished.

    most: patches of a text with its opening at most, the model's context where it is smaller. When should_stop says
    so, writing ends and what is unfinished is lost.
    """
    limit = min(most or decoder.config.patch_length, decoder.config.patch_length)
    states = torch.zeros(decoder.rows, decoder.config.hidden, device=decoder.device)
    waiting = deque(enumerate(zip(openings, seeds, strict=True)))
    rows: dict[int, _Row] = {}
    none: list[tuple[int, ...]] = [()] * decoder.rows
    while waiting or rows:
        for row in sorted(set(range(decoder.rows)) - rows.keys()):
            if waiting:
                index, (opening, seed) = waiting.popleft()
                ids = torch.tensor([list(patch) for patch in patches.encode_complete(opening)])
                states[row] = decoder.prefill(row, ids)[-1]
                rows[row] = _Row(index, opening, np.random.RandomState(seed))
        uniforms = np.zeros((decoder.rows, SIZE))
        for row, piece in rows.items():
            uniforms[row] = piece.random.random_sample(SIZE)
        made = write_patches(
            decoder, states, sorted(rows), none, uniforms, sampling, close_lines=False, should_stop=should_stop
        )
        if should_stop():  # the patches may be broken off
            return
        for row, piece in list(rows.items()):
            ended = bool(made[row, 0] == BOS and made[row, 1] == EOS)
            if not ended:
                piece.text += patches.decode_patch([code for code in made[row] if code != PAD])
            if ended or decoder.cache.lengths[row] + 1 >= limit:
                del rows[row]
                whole = piece.text if ended else piece.text[: piece.text.rfind("\n") + 1]
                yield Free(piece.index, seeds[piece.index], whole, ended)
        if rows:
            going = sorted(rows)
            after = decoder.advance(torch.from_numpy(made), going)
            states[going] = after[going]

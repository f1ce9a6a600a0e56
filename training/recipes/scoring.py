"""Log-probabilities of pieces: only what is scored is computed, in float32 where it is summed."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

from generation.notagen.model import NotaGen

WIDTHS = (0, 4, 6, 8, 10, 12, 14, 16)
"""On a CPU, patches are read in groups of about the same number of used characters."""


def piece_log_probs(model: NotaGen, ids: Tensor, scored: Tensor) -> Tensor:
    """Natural log-probability (B,) of each piece, summed over its scored ids.

    ids (B, T, 16): patches, zero patches behind the shorter pieces. scored (B, T, 16) bool: never in the first patch.
    A patch without scored ids costs nothing on the level of characters. With gradient unless disabled around it.
    """
    rows = scored[:, 1:].any(dim=2)
    hidden = model.hidden(ids)[:, :-1][rows]
    targets, mask = ids[:, 1:][rows], scored[:, 1:][rows]
    piece = rows.nonzero()[:, 0]
    total = torch.zeros(len(ids), dtype=torch.float32, device=ids.device)
    for group, width in _groups(mask):
        labels = targets[group, :width].long()
        logits = model.char_level_decoder(hidden[group], labels)
        logps = -F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), reduction="none").view_as(labels)
        total = total.index_add(0, piece[group], (logps * mask[group, :width]).sum(dim=1))
    return total


def _groups(mask: Tensor) -> list[tuple[Tensor, int]]:
    """Rows of mask (N, 16) and how many of their first ids must be read, so that short patches cost less on a CPU."""
    size = mask.shape[1]
    if mask.device.type != "cpu":
        return [(torch.arange(len(mask), device=mask.device), size)]
    last = (mask * torch.arange(1, size + 1)).amax(dim=1) if len(mask) else mask.new_zeros(0, dtype=torch.long)
    edges = sorted({*(width for width in WIDTHS if width < size), size})
    found = []
    for low, high in pairwise(edges):
        rows = ((last > low) & (last <= high)).nonzero().squeeze(1)
        if len(rows):
            found.append((rows, high))
    return found


def stack(pieces: Sequence[Tensor]) -> Tensor:
    """One tensor (B, T, 16) of pieces (T, 16), zeros behind the shorter ones."""
    return torch.nn.utils.rnn.pad_sequence(list(pieces), batch_first=True)


def in_batches(lengths: Sequence[int], patches: int) -> list[list[int]]:
    """Indexes of pieces of these lengths in groups of like length and at most `patches` patches with padding.

    A piece longer than that is a group of its own.
    """
    groups: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda one: (lengths[one], one)):
        if not groups or (len(groups[-1]) + 1) * lengths[index] > patches:
            groups.append([])
        groups[-1].append(index)
    return groups

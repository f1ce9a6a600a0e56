"""CLaMP's two encoders: BERT layers over patches of music and over pieces of words, each with a projection.

Both read packed segments: the rows of all segments lie one behind the other, (R, H), and only the attention looks at
one segment at a time. So nothing is padded, and what a segment becomes does not depend on its neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from generation.clamp.patches import CHARACTERS, SIZE

PATCH_LENGTH = 512
"""Patches of a segment of music."""
TEXT_LENGTH = 128
"""Word pieces of a segment of text."""
MUSIC_EPS, TEXT_EPS = 1e-12, 1e-5
_TEXT_OFFSET = 2
"""The first position of a text: XLM-R counts from behind its pad id."""


@dataclass(frozen=True)
class TowerConfig:
    """Sizes of one encoder. positions: rows of its position table. vocabulary: of its word pieces, 0 for music."""

    hidden: int
    layers: int
    heads: int
    inner: int
    positions: int
    vocabulary: int = 0


class Layer(nn.Module):
    """One BERT layer: attention and feed-forward, each with the norm behind the sum."""

    def __init__(self, config: TowerConfig, eps: float) -> None:
        super().__init__()
        hidden, inner = config.hidden, config.inner
        self.heads = config.heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)
        self.out_norm = nn.LayerNorm(hidden, eps=eps)
        self.up = nn.Linear(hidden, inner)
        self.down = nn.Linear(inner, hidden)
        self.down_norm = nn.LayerNorm(hidden, eps=eps)

    def forward(self, rows: Tensor, lengths: Sequence[int]) -> Tensor:
        # (R, H) -> (R, 3, heads, d) -> per segment (3, heads, T, d)
        heads = self.qkv(rows).view(len(rows), 3, self.heads, -1)
        mixed = [_attend(part) for part in heads.split(list(lengths))]
        rows = self.out_norm(rows + self.out(torch.cat(mixed) if len(mixed) > 1 else mixed[0]))
        norm: Tensor = self.down_norm(rows + self.down(F.gelu(self.up(rows))))
        return norm


def _attend(part: Tensor) -> Tensor:
    """Attention (T, H) inside one segment whose queries, keys and values are (T, 3, heads, d)."""
    query, key, value = part.permute(1, 2, 0, 3).unsqueeze(1)
    mixed = F.scaled_dot_product_attention(query, key, value)
    return mixed[0].transpose(0, 1).flatten(1)


class Tower(nn.Module):
    """Embeddings, layers, mean over each segment, projection."""

    def __init__(self, config: TowerConfig, dim: int, eps: float) -> None:
        super().__init__()
        self.config = config
        self.positions = nn.Embedding(config.positions, config.hidden)
        self.kind = nn.Parameter(torch.zeros(config.hidden))  # token type 0, the only one in use
        self.norm = nn.LayerNorm(config.hidden, eps=eps)
        self.layers = nn.ModuleList(Layer(config, eps) for _ in range(config.layers))
        self.projection = nn.Linear(config.hidden, dim)

    def pooled(self, embedded: Tensor, places: Tensor, lengths: Sequence[int]) -> Tensor:
        """Projected means (S, D) in float32 of packed rows (R, H) at these places (R,), S segments of these lengths."""
        rows = self.norm(embedded + self.kind + self.positions(places))
        rows = rows.to(next(self.layers.parameters()).dtype)
        for layer in self.layers:
            rows = layer(rows, lengths)
        means = torch.stack([part.float().mean(0) for part in rows.split(list(lengths))])
        projected: Tensor = self.projection(means)
        return projected


class Music(Tower):
    """The M3 encoder. The one-hot product of the reference is a sum of 64 rows of a table."""

    def __init__(self, config: TowerConfig, dim: int) -> None:
        super().__init__(config, dim, MUSIC_EPS)
        self.characters = nn.EmbeddingBag(SIZE * CHARACTERS, config.hidden, mode="sum")
        self.bias = nn.Parameter(torch.zeros(config.hidden))

    def forward(self, ids: Tensor, lengths: Sequence[int]) -> Tensor:
        """Vectors (S, D) of S segments whose patches (R, 64) lie one behind the other."""
        rows = ids.long() + torch.arange(0, SIZE * CHARACTERS, CHARACTERS, device=ids.device)
        embedded = self.characters(rows) + self.bias
        return self.pooled(embedded, _places(lengths, 0, ids.device), lengths)


class Text(Tower):
    """The XLM-R encoder."""

    def __init__(self, config: TowerConfig, dim: int) -> None:
        super().__init__(config, dim, TEXT_EPS)
        self.words = nn.Embedding(config.vocabulary, config.hidden)

    def forward(self, ids: Tensor, lengths: Sequence[int]) -> Tensor:
        """Vectors (S, D) of S segments whose word pieces (R,) lie one behind the other."""
        return self.pooled(self.words(ids).float(), _places(lengths, _TEXT_OFFSET, ids.device), lengths)


def _places(lengths: Sequence[int], first: int, device: torch.device) -> Tensor:
    return torch.cat([torch.arange(first, first + length, device=device) for length in lengths])

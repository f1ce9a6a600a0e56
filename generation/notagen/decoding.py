"""Cached two-level decoding of several pieces side by side.

Every step computes the same number of rows, used or not, and each row attends over exactly its own length.
So the numbers of a row do not depend on which other pieces stand beside it.
"""

from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

from generation.notagen.config import HEAD_DIM
from generation.notagen.model import Block, NotaGen, Stack


class PatchCache:
    """Keys and values of the patch level for `rows` pieces, each with its own length.

    Rolling back is setting a length: what lies behind it is written over.
    """

    def __init__(self, model: NotaGen, rows: int) -> None:
        config = model.config
        weight = model.patch_level_decoder.base.wpe.weight
        shape = (rows, config.heads, config.patch_length, HEAD_DIM)
        self.keys = [weight.new_zeros(shape) for _ in range(config.patch_layers)]
        self.values = [weight.new_zeros(shape) for _ in range(config.patch_layers)]
        self.lengths = [0] * rows


class Decoder:
    """A model ready to write `rows` pieces at once. Everything runs without autograd on the model's device."""

    def __init__(self, model: NotaGen, rows: int) -> None:
        self.model = model
        self.rows = rows
        self.config = model.config
        # One row more than are written: it keeps the context that every piece begins with.
        self.cache = PatchCache(model, rows + 1)
        self._patch = model.patch_level_decoder.base
        self._char = model.char_level_decoder.base.transformer
        with torch.inference_mode():
            self._table = model.patch_level_decoder.table()
        weight = self._char.wpe.weight
        shape = (rows, model.config.heads, self.config.patch_size, HEAD_DIM)
        self._char_keys = [weight.new_zeros(shape) for _ in range(self.config.char_layers)]
        self._char_values = [weight.new_zeros(shape) for _ in range(self.config.char_layers)]

    @torch.inference_mode()
    def prefill(self, row: int, ids: Tensor) -> Tensor:
        """Read n patches (n, 16) as the whole context of one row; hidden states (n, H) after each."""
        n = ids.shape[0]
        if not 0 < n <= self.config.patch_length:
            raise ValueError(f"A context holds 1 to {self.config.patch_length} patches, not {n}.")
        device = self._table.device
        x = self.model.patch_level_decoder.embed(ids.to(device)[None], self._table)
        x = x + self._patch.wpe.weight[:n]
        for layer, block in enumerate(_blocks(self._patch)):
            q, k, v = block.attn.split(block.ln_1(x))
            self.cache.keys[layer][row, :, :n] = k[0]
            self.cache.values[layer][row, :, :n] = v[0]
            x = x + block.attn.join(F.scaled_dot_product_attention(q, k, v, is_causal=True))
            x = x + block.mlp(block.ln_2(x))
        self.cache.lengths[row] = n
        return cast(Tensor, self._patch.ln_f(x))[0]

    @torch.inference_mode()
    def advance(self, ids: Tensor, rows: list[int]) -> Tensor:
        """Read one patch (R, 16) in each of `rows`; hidden states (R, H), of use in those rows only."""
        lengths = self.cache.lengths
        full = [row for row in rows if lengths[row] >= self.config.patch_length]
        if full:
            raise ValueError("The context of a row is full.")
        places = torch.tensor(
            [min(n, self.config.patch_length - 1) for n in lengths[: self.rows]], device=self._table.device
        )
        x = self.model.patch_level_decoder.embed(ids.to(self._table.device)[:, None], self._table)[:, 0]
        x = x + self._patch.wpe.weight[places]
        attended = torch.zeros_like(x)
        for layer, block in enumerate(_blocks(self._patch)):
            q, k, v = block.attn.split(block.ln_1(x)[:, None])
            keys, values = self.cache.keys[layer], self.cache.values[layer]
            for row in rows:
                n = lengths[row]
                keys[row, :, n] = k[row, :, 0]
                values[row, :, n] = v[row, :, 0]
                own = F.scaled_dot_product_attention(
                    q[row : row + 1], keys[row : row + 1, :, : n + 1], values[row : row + 1, :, : n + 1]
                )
                attended[row] = own.view(-1)
            x = x + block.attn.c_proj(attended)
            x = x + block.mlp(block.ln_2(x))
        for row in rows:
            lengths[row] += 1
        return cast(Tensor, self._patch.ln_f(x))

    def open(self, ids: Tensor) -> Tensor:
        """Read the opening (n, 16) that pieces share; hidden state (H,) after it."""
        return self.prefill(self.rows, ids)[-1]

    def begin(self, row: int) -> None:
        """Let a row begin a new piece after the opening."""
        n = self.cache.lengths[self.rows]
        for stored in (*self.cache.keys, *self.cache.values):
            stored[row, :, :n] = stored[self.rows, :, :n]
        self.cache.lengths[row] = n

    @torch.inference_mode()
    def character(self, place: int, inputs: Tensor) -> Tensor:
        """Probabilities (R, 128), float32, of the id at `place` of every row's patch.

        inputs (R, H): at place 0 the hidden states of the patches before, then embeddings of the ids so far.
        """
        x = inputs + self._char.wpe.weight[place]
        for layer, block in enumerate(_blocks(self._char)):
            q, k, v = block.attn.split(block.ln_1(x)[:, None])
            keys, values = self._char_keys[layer], self._char_values[layer]
            keys[:, :, place] = k[:, :, 0]
            values[:, :, place] = v[:, :, 0]
            own = F.scaled_dot_product_attention(q, keys[:, :, : place + 1], values[:, :, : place + 1])
            x = x + block.attn.c_proj(own.reshape(self.rows, -1))
            x = x + block.mlp(block.ln_2(x))
        logits = F.linear(self._char.ln_f(x), self._char.wte.weight)
        return logits.float().softmax(dim=-1)

    @torch.inference_mode()
    def embed_ids(self, ids: Tensor) -> Tensor:
        """Inputs (R, H) of the next place for the ids (R,) just written."""
        return cast(Tensor, self._char.wte(ids.to(self._table.device)))


def _blocks(stack: Stack) -> list[Block]:
    return cast(list[Block], list(stack.h))

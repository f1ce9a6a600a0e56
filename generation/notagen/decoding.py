"""Cached decoding on the patch level, several pieces side by side.

Each row has a length of its own: pieces begin, roll back, slide and end without waiting for each other. A step costs
as much as its matrix products, so it computes either the one row that is in use or all rows.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

from generation.notagen.characters import Characters
from generation.notagen.config import HEAD_DIM
from generation.notagen.graphs import Graphs
from generation.notagen.layers import layers
from generation.notagen.model import NotaGen

REACH = 128
"""On a GPU the attended part of the cache grows in steps of so many patches: one recorded graph for each."""


class PatchCache:
    """Keys and values of the patch level for `rows` pieces, each with its own length, and the patches themselves.

    Rolling back is setting a length: what lies behind it is written over.
    """

    def __init__(self, model: NotaGen, rows: int) -> None:
        config = model.config
        weight = model.patch_level_decoder.base.wpe.weight
        # One place more than the context: there a full row writes while the others go on.
        shape = (rows, config.heads, config.patch_length + 1, HEAD_DIM)
        self.keys = [weight.new_zeros(shape) for _ in range(config.patch_layers)]
        self.values = [weight.new_zeros(shape) for _ in range(config.patch_layers)]
        self.ids = torch.zeros((rows, config.patch_length, config.patch_size), dtype=torch.long)
        self.lengths = [0] * rows


class Decoder:
    """A model ready to read `rows` pieces at once. Everything runs without autograd on the model's device."""

    def __init__(self, model: NotaGen, rows: int) -> None:
        self.model = model
        self.rows = rows
        self.config = model.config
        self.device = model.patch_level_decoder.base.wpe.weight.device
        with torch.inference_mode():
            # One row more than are written: it keeps the context that every piece begins with.
            self.cache = PatchCache(model, rows + 1)
            self._table = model.patch_level_decoder.table()
        self._base = model.patch_level_decoder.base
        self._layers = layers(self._base, rows)
        self.characters = Characters(model, rows)
        self._graphs = Graphs(self.device)

    @torch.inference_mode()
    def prefill(self, row: int, ids: Tensor) -> Tensor:
        """Read n patches (n, 16) as the whole context of one row; hidden states (n, H) after each."""
        n = ids.shape[0]
        if not 0 < n <= self.config.patch_length:
            raise ValueError(f"A context holds 1 to {self.config.patch_length} patches, not {n}.")
        x = self.model.patch_level_decoder.embed(ids.to(self.device)[None], self._table)[0]
        x = x + self._base.wpe.weight[:n]
        for number, layer in enumerate(self._layers):
            q, (k, v) = layer.heads(x)
            q, k, v = (part.transpose(0, 1) for part in (q, k, v))
            self.cache.keys[number][row, :, :n] = k
            self.cache.values[number][row, :, :n] = v
            attended = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0]
            x = layer.after(x, attended.transpose(0, 1).reshape(n, -1))
        self.cache.ids[row, :n] = ids
        self.cache.lengths[row] = n
        return cast(Tensor, self._base.ln_f(x))

    @torch.inference_mode()
    def advance(self, ids: Tensor, rows: Sequence[int]) -> Tensor:
        """Read one patch (R, 16) in each of `rows`; hidden states (R, H), of use in those rows only."""
        lengths = self.cache.lengths
        if any(lengths[row] >= self.config.patch_length for row in rows):
            raise ValueError("The context of a row is full.")
        if self.device.type == "cpu":
            after = self._step(ids, rows)
        else:
            # Rows that stand still write behind their end, where nothing is read.
            places = torch.tensor(lengths[: self.rows])
            reach = self._reach(max(lengths[row] for row in rows) + 1)
            step = self._graphs.record(("advance", reach), lambda i, p: self.step_masked(i, p, reach))
            after = step(ids.to(self.device), places.to(self.device))
        for row in rows:
            self.cache.ids[row, lengths[row]] = ids[row]
            lengths[row] += 1
        return after

    def _step(self, ids: Tensor, rows: Sequence[int]) -> Tensor:
        """One patch for each of `rows`, each attending over exactly its own patches."""
        alone = len(rows) == 1
        used = slice(rows[0], rows[0] + 1) if alone else slice(0, self.rows)
        first = used.start
        places = [min(n, self.config.patch_length - 1) for n in self.cache.lengths[used]]
        x = self.model.patch_level_decoder.embed(ids[used, None], self._table)[:, 0]
        x = x + self._base.wpe.weight[places]
        attended = torch.zeros_like(x)
        # Rows that stand at the same place are attended in one call, as most are: they begin together.
        together = len(rows) == x.shape[0] and len(set(places)) == 1
        groups = [used] if together else [slice(row, row + 1) for row in rows]
        for number, layer in enumerate(self._layers):
            q, (k, v) = layer.heads(x)
            keys, values = self.cache.keys[number], self.cache.values[number]
            for group in groups:
                at, n = slice(group.start - first, group.stop - first), places[group.start - first]
                keys[group, :, n] = k[at]
                values[group, :, n] = v[at]
                own = F.scaled_dot_product_attention(
                    q[at].unsqueeze(2), keys[group, :, : n + 1], values[group, :, : n + 1]
                )
                attended[at] = own.flatten(1)
            x = layer.after(x, attended)
        x = cast(Tensor, self._base.ln_f(x))
        if not alone:
            return x
        after = x.new_zeros((self.rows, x.shape[1]))
        after[used] = x
        return after

    @torch.inference_mode()
    def step_masked(self, ids: Tensor, places: Tensor, reach: int) -> Tensor:
        """One patch (R, 16) for all rows at `places` (R,), on the device alone: hidden states (R, H).

        Attends over the first `reach` patches of the cache, what lies behind a row's own place masked out, so that
        the shapes stay fixed and the whole step can be recorded as one graph.
        """
        rows = torch.arange(self.rows, device=self.device)
        mask = (torch.arange(reach, device=self.device) <= places[:, None])[:, None, None]
        x = self.model.patch_level_decoder.embed(ids[:, None], self._table)[:, 0]
        x = x + self._base.wpe.weight[places.clamp(max=self.config.patch_length - 1)]
        for number, layer in enumerate(self._layers):
            q, (k, v) = layer.heads(x)
            keys, values = self.cache.keys[number], self.cache.values[number]
            keys[rows, :, places] = k
            values[rows, :, places] = v
            attended = F.scaled_dot_product_attention(
                q[:, :, None], keys[: self.rows, :, :reach], values[: self.rows, :, :reach], attn_mask=mask
            )
            x = layer.after(x, attended.reshape(self.rows, -1))
        return cast(Tensor, self._base.ln_f(x))

    def _reach(self, n: int) -> int:
        """Patches of the cache that a masked step reads. In float32 all, so that neighbours change no rounding."""
        whole = self.config.patch_length
        if self._table.dtype == torch.float32:
            return whole
        return min(whole, -(-n // REACH) * REACH)

    def open(self, ids: Tensor) -> Tensor:
        """Read the opening (n, 16) that pieces share; hidden state (H,) after it."""
        return self.prefill(self.rows, ids)[-1]

    @torch.inference_mode()
    def begin(self, row: int) -> None:
        """Let a row begin a new piece after the opening."""
        n = self.cache.lengths[self.rows]
        for stored in (*self.cache.keys, *self.cache.values):
            stored[row, :, :n] = stored[self.rows, :, :n]
        self.cache.ids[row, :n] = self.cache.ids[self.rows, :n]
        self.cache.lengths[row] = n

    def context(self, row: int) -> Tensor:
        """The patches (n, 16) that a row has read, on the CPU."""
        return self.cache.ids[row, : self.cache.lengths[row]]

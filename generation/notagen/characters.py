"""Writes the sixteen ids of the next patch for several pieces: forced ids, cached passes, one draw for each place.

In float32 a draw that rounding could turn the other way is settled by reading the whole context of its piece again,
alone. So the same numbers of the random stream give the same ids however many rows are computed side by side.
"""

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from generation.notagen.config import HEAD_DIM
from generation.notagen.graphs import Graphs
from generation.notagen.layers import layers
from generation.notagen.model import NotaGen
from generation.notagen.patches import EOS, PAD, SIZE
from generation.notagen.sampling import Sampling, draw, draw_on_device

FREE = -1
"""Marks a place of a patch that is not forced."""

NEWLINE = ord("\n")


class Characters:
    """The character level of a model for `rows` rows, with keys and values of the patch at work."""

    def __init__(self, model: NotaGen, rows: int) -> None:
        self.model = model
        self.rows = rows
        self._base = model.char_level_decoder.base.transformer
        weight = self._base.wpe.weight
        self.device = weight.device
        self.exact = weight.dtype == torch.float32
        self._layers = layers(self._base, rows)
        # Keys and values together: they are stored and read in one call each.
        shape = (2, rows, model.config.heads, model.config.patch_size, HEAD_DIM)
        with torch.inference_mode():
            self._kept = [weight.new_zeros(shape) for _ in self._layers]
        self._graphs = Graphs(self.device)

    def write(
        self,
        states: Tensor,
        prefixes: Sequence[Sequence[int]],
        uniforms: NDArray[np.float64],
        sampling: Sampling,
        *,
        rows: Sequence[int],
        close_lines: bool,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> tuple[NDArray[np.int64], list[int]]:
        """One patch (R, 16) for each of `rows`, zeros after its end id and in the other rows; and the rows in doubt.

        Arguments as of write_patches.
        """
        if self.device.type == "cpu":
            return self._write(
                states, prefixes, uniforms, sampling, rows=rows, close_lines=close_lines, should_stop=should_stop
            )
        forced = torch.full((self.rows, SIZE), FREE)
        for row in rows:
            forced[row, : len(prefixes[row])] = torch.tensor(prefixes[row], dtype=torch.long)
        patch = self._graphs.record(
            ("patch", sampling, close_lines),
            lambda s, f, u: self.unrolled(s, f, u, sampling, close_lines=close_lines),
        )
        # All numbers of a patch go there in one piece, all ids come back in one piece.
        found = patch(states, forced.to(self.device), torch.from_numpy(uniforms).to(self.device)).cpu().numpy()
        made = np.full((self.rows, SIZE), PAD, dtype=np.int64)
        made[list(rows)] = found[list(rows), :SIZE]
        return made, [row for row in rows if self.exact and found[row, SIZE]]

    @torch.inference_mode()
    def _write(
        self,
        states: Tensor,
        prefixes: Sequence[Sequence[int]],
        uniforms: NDArray[np.float64],
        sampling: Sampling,
        *,
        rows: Sequence[int],
        close_lines: bool,
        should_stop: Callable[[], bool],
    ) -> tuple[NDArray[np.int64], list[int]]:
        """On the CPU: rows that have ended drop out, and a patch is done with its last one."""
        made = np.full((self.rows, SIZE), PAD, dtype=np.int64)
        doubts: set[int] = set()
        writing = list(rows)
        inputs = states
        for place in range(SIZE):
            free = []
            for row in writing:
                if place < len(prefixes[row]):
                    made[row, place] = prefixes[row][place]
                elif close_lines and place and made[row, place - 1] == NEWLINE:
                    made[row, place] = EOS
                else:
                    free.append(row)
            ended = [row for row in writing if made[row, place] == EOS]
            writing = [row for row in writing if row not in ended]
            if not writing or should_stop():
                break
            used = slice(writing[0], writing[0] + 1) if len(writing) == 1 else slice(0, self.rows)
            logits = self._pass(place, inputs[used], used, wanted=bool(free))
            if free:
                p = logits.float().softmax(dim=-1).numpy()[[row - used.start for row in free]]
                made[free, place], doubt = draw(p, sampling, uniforms[free, place])
                doubts |= {row for row, is_so in zip(free, doubt, strict=True) if is_so}
                writing = [row for row in writing if made[row, place] != EOS]
                if not writing:
                    break
            inputs = self._base.wte(torch.from_numpy(made[:, place]))
        return made, sorted(doubts) if self.exact else []

    def unrolled(
        self, states: Tensor, forced: Tensor, uniforms: Tensor, sampling: Sampling, *, close_lines: bool
    ) -> Tensor:
        """All sixteen places on the device alone: (R, 17), the ids and, last, whether the row is in doubt.

        forced (R, 16): ids, or FREE. Every call is the same run of kernels, so it can be recorded as one graph.
        """
        ended = torch.zeros(self.rows, dtype=torch.bool, device=states.device)
        doubtful = torch.zeros_like(ended)
        made: list[Tensor] = []
        inputs = states
        everyone = slice(0, self.rows)
        for place in range(SIZE):
            p = self._pass(place, inputs, everyone, wanted=True).float().softmax(dim=-1)
            ids, doubt = draw_on_device(p, sampling, uniforms[:, place])
            free = forced[:, place] == FREE
            if close_lines and made:
                closing = free & (made[-1] == NEWLINE)
                ids = ids.masked_fill(closing, EOS)
                doubt = doubt & ~closing
            ids = torch.where(free, ids, forced[:, place]).masked_fill(ended, PAD)
            doubtful = doubtful | (doubt & free & ~ended)
            ended = ended | (ids == EOS)
            made.append(ids)
            inputs = self._base.wte(ids)
        return torch.stack([*made, doubtful.long()], dim=1)

    @torch.inference_mode()
    def _pass(self, place: int, inputs: Tensor, used: slice, *, wanted: bool) -> Tensor:
        """Logits (m, 128) of the id at `place` in the rows `used`; without `wanted` only keys and values are kept.

        inputs (m, H): at place 0 the hidden states of the patches before, then embeddings of the ids so far.
        """
        x = inputs + self._base.wpe.weight[place]
        for number, layer in enumerate(self._layers):
            q, kv = layer.heads(x)
            kept = self._kept[number][:, used]
            kept[:, :, :, place] = kv
            if place:
                keys, values = kept[:, :, :, : place + 1]
                own = F.scaled_dot_product_attention(q[:, :, None], keys, values)
            else:
                own = kv[1]  # all that there is to look at
            x = layer.after(x, own.reshape(x.shape[0], -1))
        return F.linear(self._base.ln_f(x), self._base.wte.weight) if wanted else x

    def probabilities(self, place: int, inputs: Tensor) -> Tensor:
        """Probabilities (R, 128), float32, of the id at `place` in all rows, given its inputs (R, H)."""
        return self._pass(place, inputs, slice(0, self.rows), wanted=True).float().softmax(dim=-1)

    @torch.inference_mode()
    def embed(self, ids: Tensor) -> Tensor:
        """Inputs (R, H) of the next place for the ids (R,) just written."""
        return cast(Tensor, self._base.wte(ids.to(self.device)))


@torch.inference_mode()
def write_alone(
    model: NotaGen,
    context: Tensor,
    prefix: Sequence[int],
    uniforms: NDArray[np.float64],
    sampling: Sampling,
    *,
    close_lines: bool,
) -> NDArray[np.int64]:
    """The patch (16,) after the patches `context` (n, 16), read as a whole and without any cache.

    The plain definition of what the cached way computes; it settles draws that are in doubt.
    """
    device = model.patch_level_decoder.base.wpe.weight.device
    hidden = model.hidden(context.to(device)[None])[:, -1]
    made = np.full(SIZE, PAD, dtype=np.int64)
    made[: len(prefix)] = prefix
    for place in range(SIZE):
        if place >= len(prefix):
            if close_lines and place and made[place - 1] == NEWLINE:
                made[place] = EOS
            else:
                so_far = torch.from_numpy(made[None, : place + 1]).to(device)
                logits = model.char_level_decoder(hidden, so_far)[:, -1]
                p = logits.float().softmax(dim=-1).cpu().numpy()
                made[place] = draw(p, sampling, uniforms[place : place + 1])[0][0]
        if made[place] == EOS:
            made[place + 1 :] = PAD
            break
    return made

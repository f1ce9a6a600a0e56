"""The layers of a stack as they run without autograd: few calls, and matrix products chosen by the number of rows."""

from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

from generation.notagen.config import HEAD_DIM
from generation.notagen.model import Block, Projection, Stack


class Matrix:
    """A projection for `rows` rows or for one: x W + b with x (rows, in) or (1, in).

    One row reads each weight once, which is all that a processor's memory allows. Several rows on the CPU take
    MKL's packed weights where this build has them: at 8 rows they were 1.3 to 1.5 times as fast as the plain product
    (docs/performance.md). The packed copy is made when it is first used.
    """

    def __init__(self, projection: Projection, rows: int) -> None:
        self.weight = projection.weight.detach()
        self.bias = projection.bias.detach()
        self.rows = rows
        self._packs = (
            self.weight.device.type == "cpu"
            and self.weight.dtype == torch.float32
            and 1 < rows <= 16
            and torch.backends.mkl.is_available()  # type: ignore[no-untyped-call] # of torch
            and hasattr(torch.ops.mkl, "_mkl_linear")
        )
        self._packed: Tensor | None = None
        self._origin: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        if self._packs and x.shape[0] == self.rows:
            if self._packed is None:
                # MKL falls back to this one for other numbers of rows; it is a view, not a copy.
                self._origin = self.weight.t()
                self._packed = torch.ops.mkl._mkl_reorder_linear_weight(self._origin, self.rows)
            return cast(Tensor, torch.ops.mkl._mkl_linear(x, self._packed, self._origin, self.bias, self.rows))
        return torch.addmm(self.bias, x, self.weight)


class Layer:
    """One pre-norm GPT-2 layer over rows that each stand at a place of their own."""

    def __init__(self, block: Block, rows: int) -> None:
        self._norms = tuple((norm.weight.detach(), norm.bias.detach()) for norm in (block.ln_1, block.ln_2))
        self._width = (block.ln_1.weight.shape[0],)
        self._into_heads = Matrix(block.attn.c_attn, rows)
        self._out_of_heads = Matrix(block.attn.c_proj, rows)
        self._wider = Matrix(block.mlp.c_fc, rows)
        self._narrower = Matrix(block.mlp.c_proj, rows)

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Query (m, heads, 64), key and value (2, m, heads, 64) of x (m, H)."""
        weight, bias = self._norms[0]
        qkv = self._into_heads(torch.layer_norm(x, self._width, weight, bias, 1e-5))
        parts = qkv.view(x.shape[0], 3, -1, HEAD_DIM).transpose(0, 1)
        return parts[0], parts[1:]

    def after(self, x: Tensor, attended: Tensor) -> Tensor:
        """What leaves the layer (m, H), of what entered it and the attended heads (m, H)."""
        weight, bias = self._norms[1]
        x = x + self._out_of_heads(attended)
        inner = F.gelu(self._wider(torch.layer_norm(x, self._width, weight, bias, 1e-5)), approximate="tanh")
        return x + self._narrower(inner)


def layers(stack: Stack, rows: int) -> list[Layer]:
    """The layers of a stack, ready for `rows` rows."""
    return [Layer(block, rows) for block in cast(list[Block], list(stack.h))]

"""CUDA graphs: a fixed run of kernels is recorded once and then started by a single call."""

from collections.abc import Callable, Hashable

import torch
from torch import Tensor


class Graphs:
    """Recorded functions of one device, by name. On a CPU functions run as they are.

    A function is recorded with the inputs of its first call and must do the same work for every input of these
    shapes, without asking the device for a value. What it returns is written over by its next call.
    """

    def __init__(self, device: torch.device) -> None:
        self._records = device.type == "cuda"
        self._known: dict[Hashable, Callable[..., Tensor]] = {}

    def record(self, name: Hashable, function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """`function`, started as one graph where the device can."""
        if not self._records:
            return function
        if name not in self._known:
            self._known[name] = _Recorded(function)
        return self._known[name]


class _Recorded:
    def __init__(self, function: Callable[..., Tensor]) -> None:
        self._function = function
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: tuple[Tensor, ...] = ()
        self._output: Tensor | None = None

    @torch.inference_mode()
    def __call__(self, *inputs: Tensor) -> Tensor:
        if self._graph is None or self._output is None:
            self._inputs = tuple(given.clone() for given in inputs)
            # As torch asks: a few runs on a stream of their own settle workspaces before the recording.
            side = torch.cuda.Stream()  # type: ignore[no-untyped-call] # of torch
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(3):
                    self._function(*self._inputs)
            torch.cuda.current_stream().wait_stream(side)
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._output = self._function(*self._inputs)
        for fixed, given in zip(self._inputs, inputs, strict=True):
            fixed.copy_(given)
        self._graph.replay()
        return self._output

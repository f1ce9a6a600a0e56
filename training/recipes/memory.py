"""How much memory a training step takes, from the sizes alone."""

from dataclasses import dataclass

from generation.notagen.config import VOCABULARY, ModelConfig

LARGE = 200_000_000
"""Weights from which on layers are computed again on the way back unless a job says otherwise."""


@dataclass(frozen=True)
class Memory:
    """Bytes. kept: what the forward pass keeps for the way back. block: what is there while one layer is computed again
    and its gradient taken, nothing without that."""

    weights: int
    gradients: int
    optimizer: int
    kept: int
    block: int

    @property
    def total(self) -> int:
        return self.weights + self.gradients + self.optimizer + self.kept + self.block


def step_memory(
    config: ModelConfig, *, patches: int, sequences: int, precision: str = "float32", checkpointing: bool = False
) -> Memory:
    """What a step on so many sequences of so many patches takes, each patch full: an upper bound for real pieces.

    Weights, gradients and both moments of AdamW are float32. The counts of what a layer keeps were read off the tensors
    that autograd saves (tests/training/recipes/test_memory.py holds them to it): in float32 sixteen vectors of the
    width a token; under autocast the stream and what norms read stay float32, everything else is halved, and the
    weights are there once more as bfloat16.
    """
    h = config.hidden
    read = sequences * patches
    written = sequences * (patches - 1) * config.patch_size
    half = precision == "bfloat16"
    layer = (36 * h if half else 64 * h) + 4 * h // 64 + 16
    copies = 2 * 12 * h * h if half else 0
    ends = read * 4 * h + written * ((6 if half else 8) * h + 4 * VOCABULARY)
    tokens = config.patch_layers * read + config.char_layers * written
    if checkpointing:
        kept = tokens * 4 * h
        block = 2 * max(read, written) * layer + copies  # what it keeps, and about as much of gradients
    else:
        kept = tokens * layer + (config.patch_layers + config.char_layers) * copies
        block = 0
    bytes_of_weights = 4 * config.parameters
    return Memory(bytes_of_weights, bytes_of_weights, 2 * bytes_of_weights, kept + ends, block)

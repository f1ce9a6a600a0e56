"""Sizes of a NotaGen model."""

from dataclasses import asdict, dataclass

VOCABULARY = 128
"""Ids are ASCII codes; 0 pads, 1 begins, 2 ends."""

HEAD_DIM = 64
"""Width of a head in every published NotaGen; a checkpoint does not store how many heads it has."""


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the two stacks. Everything but the head count can be read off a checkpoint's tensor shapes.

    hidden: width of both stacks, a multiple of 64. patch_length: patches the context can hold.
    patch_size: characters a patch holds. The MLPs are four times as wide as the stacks.
    """

    hidden: int
    patch_layers: int
    char_layers: int
    patch_length: int = 1024
    patch_size: int = 16

    def __post_init__(self) -> None:
        if self.hidden % HEAD_DIM:
            raise ValueError(f"The width must be a multiple of {HEAD_DIM}, not {self.hidden}.")
        if min(self.hidden, self.patch_layers, self.char_layers, self.patch_length, self.patch_size) < 1:
            raise ValueError("Every size of a model must be at least 1.")

    @property
    def heads(self) -> int:
        return self.hidden // HEAD_DIM

    @property
    def parameters(self) -> int:
        """Number of weights, the tied output matrix counted once."""
        h = self.hidden
        block = 12 * h * h + 13 * h
        patch = self.patch_size * VOCABULARY * h + h + h + self.patch_length * h + self.patch_layers * block + 2 * h
        char = VOCABULARY * h + (self.patch_size + 1) * h + self.char_layers * block + 2 * h
        return patch + char

    def as_dict(self) -> dict[str, int]:
        return asdict(self)

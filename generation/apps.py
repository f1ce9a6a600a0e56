"""The generation app."""

from curator.apps import ModelPackageConfig


class GenerationConfig(ModelPackageConfig):
    """Checkpoints, cue requests, candidates."""

    default = True
    name = "generation"

"""The training app."""

from curator.apps import ModelPackageConfig


class TrainingConfig(ModelPackageConfig):
    """Training sets, preference sets, rounds."""

    default = True
    name = "training"

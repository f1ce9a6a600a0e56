"""The curator app. Importing curator.celery here makes every process that sets Django up know its broker."""

import importlib
import pkgutil

from django.apps import AppConfig


class ModelPackageConfig(AppConfig):
    """An app whose `models` is a package with an empty `__init__`: each module in it is imported."""

    default = False

    def import_models(self) -> None:
        """Register every model of the package before Django looks for them."""
        package = importlib.import_module(f"{self.name}.models")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
        super().import_models()


class CuratorConfig(ModelPackageConfig):
    """Library, film, ranking, delivery, jobs."""

    default = True
    name = "curator"

    def ready(self) -> None:
        """Load the Celery app, the worker's signals and the system checks."""
        for module in ("curator.celery", "curator.workers", "curator.checks"):
            importlib.import_module(module)

"""Weights between machines: each keeps them in a folder of its own and fetches what it lacks from the storage."""

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError

log = logging.getLogger(__name__)

FOLDER = "weights"


def share_weights(path: Path) -> bool:
    """Lay a file of the folder of weights where other machines find it; whether it lies there.

    Where no other machine sees the storage nothing is done. A storage that refuses it costs nothing here:
    `manage.py worker_env` tries again.
    """
    if not settings.STORAGE_IS_SHARED or not path.is_file():
        return False
    name = _name(path)
    try:
        if default_storage.exists(name):
            if default_storage.size(name) == path.stat().st_size:
                return True
            default_storage.delete(name)
        with path.open("rb") as file:
            default_storage.save(name, File(file))
    except Exception:  # every storage has errors of its own
        log.exception("%s is not in the shared storage", name)
        return False
    return True


def bring_weights(path: Path) -> Path:
    """`path` in the folder of weights, fetched from the shared storage where it is missing and is there."""
    if path.is_file() or not settings.STORAGE_IS_SHARED:
        return path
    name = _name(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        if not default_storage.exists(name):
            return path
        log.info("%s is fetched", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with default_storage.open(name) as source, part.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        part.replace(path)
    except Exception as error:  # (as above)
        log.exception("%s cannot be fetched", name)
        sentence = _("%(name)s cannot be fetched from the shared storage: %(reason)s.")
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise DomainError(sentence % {"name": name, "reason": reason}) from error
    finally:
        part.unlink(missing_ok=True)
    return path


def share_all() -> tuple[int, list[str]]:
    """Share every weights file that lies here: how many lie in the storage now, and the names of those that do not."""
    done = {_name(path): share_weights(path) for path in _here()}
    return sum(done.values()), sorted(name for name, shared in done.items() if not shared)


def _here() -> Iterator[Path]:
    folder = Path(settings.WEIGHTS)
    yield from sorted(folder.glob("*.safetensors"))
    yield from sorted(folder.glob("*/tokenizer.json"))


def _name(path: Path) -> str:
    return f"{FOLDER}/{path.relative_to(settings.WEIGHTS).as_posix()}"

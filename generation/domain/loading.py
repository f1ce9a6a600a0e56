"""The model that this worker holds in memory. Loaded for the first request, dropped after some idle minutes, and at
once when a training round waits for the GPU or the GPU is freed."""

import gc
import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from curator import jobs
from curator.domain.errors import DomainError
from curator.domain.turns import gpu_is_wanted
from curator.models.jobs import Worker
from generation.domain.carrying import bring_weights
from generation.domain.checkpoints import weights_path
from generation.models.checkpoints import Checkpoint

if TYPE_CHECKING:
    from generation.notagen.engine import Engine

log = logging.getLogger(__name__)

SMALL = 20_000_000
"""Below so many weights a second CPU thread costs more than it brings (measured with 3 M: 20 times under load)."""


@dataclass
class _Held:
    engine: "Engine"
    sha256: str


_lock = threading.RLock()
_held: _Held | None = None
_timer: threading.Timer | None = None
_idle_since = 0.0

LOOK_SECONDS = 2.0
"""An idle worker looks this often whether somebody waits for the GPU or it is freed."""


@contextmanager
def engine_of(checkpoint: Checkpoint) -> Iterator["Engine"]:
    """An engine with these weights, this thread's alone inside the block. Raises DomainError when they are gone."""
    global _held, _idle_since
    with _lock:
        _stop_timer()
        if _held is None or _held.sha256 != checkpoint.sha256:
            drop()
            _held = _Held(_load(checkpoint), checkpoint.sha256)
            _tell_worker(checkpoint)
        try:
            yield _held.engine
        finally:
            _idle_since = time.monotonic()
            _start_timer()


def drop() -> None:
    """Let go of the model and its memory."""
    global _held
    with _lock:
        _stop_timer()
        if _held is None:
            return
        _held = None
        empty_cache()
        _tell_worker(None)
        log.info("model dropped")


def empty_cache() -> None:
    """Give back what torch keeps of the GPU's memory for models that are gone."""
    gc.collect()
    torch: Any = sys.modules.get("torch")  # loaded where there was a model; the web process never loads it
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _load(checkpoint: Checkpoint) -> "Engine":
    # torch is heavy and only workers and commands load it.
    import torch

    from generation.notagen.checkpoint import NotACheckpoint, load_checkpoint
    from generation.notagen.engine import Engine

    path = bring_weights(weights_path(checkpoint))
    try:
        loaded = load_checkpoint(path)
    except NotACheckpoint as error:
        sentence = _("The weights of %(name)s cannot be read: %(reason)s")
        raise DomainError(sentence % {"name": checkpoint.name, "reason": _(str(error))}) from error
    if loaded.sha256 != checkpoint.meta.get("stored_sha256", checkpoint.sha256):
        raise DomainError(
            _("The weights of %(name)s have changed since they were imported.") % {"name": checkpoint.name}
        )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and loaded.config.parameters < SMALL:
        torch.set_num_threads(1)
    log.info("checkpoint %s loaded on %s", checkpoint.sha256[:12], device)
    return Engine(loaded.model, device, rows=settings.WRITE_BESIDE)


def _start_timer() -> None:
    global _timer
    left = settings.MODEL_IDLE_SECONDS - (time.monotonic() - _idle_since)
    # Only workers are known to those who wait for the GPU; a command ends by itself.
    _timer = threading.Timer(left if jobs.current_worker is None else min(left, LOOK_SECONDS), _idle)
    _timer.daemon = True
    _timer.start()


def _idle() -> None:
    try:
        with _lock:
            if time.monotonic() - _idle_since < settings.MODEL_IDLE_SECONDS and not gpu_is_wanted():
                _start_timer()
            else:
                drop()
    finally:
        connection.close()


def _stop_timer() -> None:
    global _timer
    if _timer is not None:
        _timer.cancel()
        _timer = None


def _tell_worker(checkpoint: Checkpoint | None) -> None:
    if jobs.current_worker is not None:
        Worker.objects.filter(pk=jobs.current_worker.pk).update(
            checkpoint_sha256=checkpoint.sha256 if checkpoint else "", checkpoint=checkpoint.name if checkpoint else ""
        )

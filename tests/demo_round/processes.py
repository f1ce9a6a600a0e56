"""Work spread over processes, each with the same installation as the one that asks."""

import logging
import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import django


def set_up() -> None:
    """Django, and no words of workers, which are not for whoever watches."""
    django.setup()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")


def _set_up_beside() -> None:
    set_up()
    if hasattr(os, "nice"):
        os.nice(5)  # whoever trains beside goes first


@contextmanager
def processes(count: int) -> Iterator[ProcessPoolExecutor | None]:
    """So many processes to hand work to; None for one, which does it itself."""
    if count < 2:
        yield None
        return
    found = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_set_up_beside)
    try:
        yield found
    finally:
        found.shutdown(cancel_futures=True)  # what was begun beforehand may not be wanted any more

"""Every executor by the name that rounds and the command line use."""

from collections.abc import Callable, Mapping

from training.executors.executor import Executor
from training.executors.local import LocalExecutor

EXECUTORS: Mapping[str, Callable[[], Executor]] = {"local": LocalExecutor}

"""Every place where a round can train, by the name that rounds and the command line use."""

from collections.abc import Callable, Mapping

from training.domain.rented import RentedExecutor
from training.executors.executor import Executor
from training.executors.local import LocalExecutor
from training.models.rounds import Round

EXECUTORS: Mapping[str, Callable[[Round], Executor]] = {
    "local": lambda _row: LocalExecutor(),
    "runpod": RentedExecutor,
}

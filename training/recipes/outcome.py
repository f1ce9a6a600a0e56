"""How a run ended, and the way to ask it to."""

import threading
from dataclasses import dataclass

from training.recipes.run_folder import Heart


@dataclass(frozen=True)
class Signals:
    """stop: set when the run is to save and stop. heart: where it says how far it is."""

    stop: threading.Event
    heart: Heart


@dataclass(frozen=True)
class Outcome:
    """stopped: why it may be taken up again; empty when it is over. guarded: which guard ended it. early: why it ended
    before its last epoch. kept: after which step the weights of the result were kept, None where none passed.
    main: whether this process is the one that writes the result. before: seconds that earlier processes trained.
    """

    stopped: str
    guarded: str
    step: int
    steps: int
    kept: int | None
    main: bool
    before: float
    early: str = ""
    warnings: tuple[str, ...] = ()

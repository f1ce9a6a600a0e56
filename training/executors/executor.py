"""Where a round is trained. All that matters of a run lies in its folder; an executor makes it go on somewhere.

A run's folder holds job.json, bundle/ and what training.recipes.run_folder writes. Another executor (a rented machine)
carries the folder there and brings back what changed; whoever watches a round reads the folder only.
"""

from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Ended(StrEnum):
    """How an attempt ended."""

    FINISHED = "finished"  # result.json is written
    STOPPED = "stopped"  # on request or by a time limit; it can go on
    REFUSED = "refused"  # it cannot be done; the heartbeat says why
    BROKEN = "broken"  # killed, crashed or silent; it can go on from its last state


class Attempt(Protocol):
    """One run at work. note: what it waits for, for the page; empty while it trains."""

    note: str

    @property
    def saved_step(self) -> int:
        """The step of the newest state that it can go on from."""

    def poll(self) -> Ended | None:
        """How it ended, None while it goes on. Brings the folder up to date."""

    def ask_to_stop(self) -> None:
        """Let it save and stop; `poll` tells when it has."""

    def kill(self) -> None:
        """End it at once."""


class Executor(Protocol):
    """A kind of place. here: it needs the GPU of this machine."""

    here: bool

    def attend(self, folder: Path) -> Attempt:
        """The run of this folder: one that is at work is taken over, else it is started from its last state."""

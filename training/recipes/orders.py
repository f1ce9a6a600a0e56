"""What a rented machine is told: one JSON document, fetched under one link, that holds nothing but links and a job.

Whoever reads the machine's environment finds that one link, which runs out soon after the deadline.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from training.recipes.carrying import CHUNK, Parcel

FORMAT = 1
SLOTS = ("a", "b")
"""States are laid down in turn, so that one is always whole."""


class OrdersError(ValueError):
    """These are no orders; the message is one sentence."""


@dataclass(frozen=True)
class Call:
    """Where the app can be reached, and with which token; the machine does without where it cannot."""

    address: str
    token: str


@dataclass(frozen=True)
class Orders:
    """One attempt at one round.

    job: the content of job.json. take: files of the run folder to begin with (the bundle, the base weights). resume: a
    packed state of an earlier attempt. ends_at: when the machine must be gone, seconds since 1970; `margin` seconds
    before it the run is asked to save. save_seconds: between two states laid down. states, result: links to lay a
    packed state (by slot) and the packed result under. beat, metrics, state, ended: links to lay small documents under.
    states_read, state_read, ended_read: the same places, to look at. stop: a link under which something lies once the
    run is to stop.
    """

    round: str
    attempt: int
    job: Mapping[str, Any]
    take: tuple[Parcel, ...]
    ends_at: float
    beat: str
    metrics: str
    state: str
    state_read: str
    states: Mapping[str, tuple[str, ...]]
    states_read: Mapping[str, tuple[str, ...]]
    result: tuple[str, ...]
    ended: str
    ended_read: str
    stop: str
    resume: Parcel | None = None
    call: Call | None = None
    margin: float = 300.0
    save_seconds: float = 600.0
    beat_seconds: float = 15.0
    chunk: int = CHUNK
    requirements: tuple[str, ...] = field(default_factory=tuple)

    def json(self) -> bytes:
        """The document."""
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, sort_keys=True).encode()


def read_orders(data: bytes) -> Orders:
    """The orders in a document of `Orders.json`. Raises OrdersError."""
    try:
        said = json.loads(data)
        if said.pop("format") != FORMAT:
            raise OrdersError("These orders are of another version.")
        said["take"] = tuple(Parcel.read(one) for one in said["take"])
        said["resume"] = Parcel.read(said["resume"]) if said["resume"] else None
        said["call"] = Call(**said["call"]) if said["call"] else None
        for name in ("states", "states_read"):
            said[name] = {slot: tuple(said[name][slot]) for slot in SLOTS}
        for name in ("result", "requirements"):
            said[name] = tuple(said[name])
        return Orders(**said)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, OrdersError):
            raise
        raise OrdersError("The orders cannot be read.") from error

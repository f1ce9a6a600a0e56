"""What a rented machine says: small documents that it lays into the storage, each under its place."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from training.executors.transport import Transport
from training.models.rounds import RemotePod

BEAT, METRICS, STATE, ENDED, STOP = "beat.json", "metrics.jsonl", "state.json", "ended.json", "stop"

SILENT = timedelta(minutes=10)
"""So long without a word from it a running machine is lost. Installing packages takes some minutes."""


def place(pod: RemotePod, name: str) -> str:
    """Where in the storage a document of this machine lies."""
    return f"rounds/{pod.round.public_id}/a{pod.attempt}/{name}"


def read_words(pod: RemotePod, name: str, storage: Transport) -> dict[str, Any] | None:
    """One of its documents, None where there is none (yet). Raises TransportError."""
    data = storage.read(place(pod, name))
    if data is None:
        return None
    try:
        found: dict[str, Any] = json.loads(data)
    except ValueError:  # half of it, from a folder that is no disk of ours
        return None
    return found


def heard(pod: RemotePod, storage: Transport) -> datetime:
    """When it last said something; before its first word, when it started. Raises TransportError."""
    beat = read_words(pod, BEAT, storage)
    start = pod.started_at or pod.asked_at or pod.created_at
    return start if beat is None else max(start, datetime.fromtimestamp(float(beat["at"]), UTC))

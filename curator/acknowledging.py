"""How a worker tells the broker that a message is done with."""

from typing import Any

from celery.worker.request import Request as CeleryRequest


class Request(CeleryRequest):  # type: ignore[misc] # celery has no types
    """A message whose acknowledgement, when it fails, ends the connection, so that the worker opens a new one.

    Celery only logs it. The message then stays counted as one that the worker has, and with Redis, which is asked for
    more only while there is room, the worker with room for one neither asks again nor sees that the connection is gone.
    What the broker sends a second time finds its job done.
    """

    def __init__(self, *args: Any, **keywords: Any) -> None:
        """Take what Celery's own takes; no error of the connection is swallowed."""
        super().__init__(*args, **(keywords | {"connection_errors": ()}))

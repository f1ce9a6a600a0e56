"""The bound on what a browser may send at once, met before anything is kept."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

MOST_AT_ONCE = 10
"""Uploads of settings.MAX_UPLOAD_MB each that one request may hold."""


class BoundedUploadHandler(FileUploadHandler):
    """Refuses a request whose stated length is out of all proportion, and passes everything else on."""

    def handle_raw_input(
        self,
        input_data: Any,  # noqa: ARG002 (Django's signature)
        META: dict[str, Any],  # noqa: ARG002 (Django's signature)
        content_length: int,
        boundary: str,  # noqa: ARG002 (Django's signature)
        encoding: str | None = None,  # noqa: ARG002 (Django's signature)
    ) -> None:
        """Raise RequestDataTooBig (answered with 400) when more is announced than may be sent."""
        if content_length > MOST_AT_ONCE * settings.MAX_UPLOAD_MB * 1024 * 1024:
            raise RequestDataTooBig("The request is larger than uploads may be together.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:  # noqa: ARG002 (Django's signature)
        """Hand the data to the next handler."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler makes the file."""


Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class BoundedBody:
    """An ASGI application that is handed no longer body than uploads may have together; what is longer gets 413.

    Django keeps a whole body on the disk before it looks at the address, the session or the size, so without this
    anybody who reaches the port could fill the disk.
    """

    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        most = MOST_AT_ONCE * settings.MAX_UPLOAD_MB * 1024 * 1024
        if _stated_length(scope) > most:
            await _refuse(send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            # Django then drops what it has and answers nothing.
            return message if taken <= most else {"type": "http.disconnect"}

        await self._application(scope, counted, send)
        if taken > most:
            await _refuse(send)


def _stated_length(scope: Scope) -> int:
    stated = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    # Long numbers are not even turned into one; uvicorn refuses what is none.
    return int(stated[:19]) if stated.isdigit() else 0


async def _refuse(send: Send) -> None:
    headers = [
        (b"content-type", b"text/plain"),
        (b"connection", b"close"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", settings.CONTENT_SECURITY_POLICY.encode()),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": b"This is more than can be sent at once.", "more_body": False})

"""The bound on what a browser may send at once, met before anything is kept."""

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

"""Headers on every answer, and an answer where there is no room."""

import logging
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

from curator.storage import disk_is_full

log = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class _Middleware:
    """Stands in either kind of chain, the one of ASGI and the one of WSGI."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return self.get_response(request)


class ContentSecurityPolicyMiddleware(_Middleware):
    """Puts the strict policy on every answer that does not bring its own."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if iscoroutinefunction(self.get_response):
            return self._call_async(request)
        response = self.get_response(request)
        assert isinstance(response, HttpResponseBase)  # noqa: S101 (narrows the type)
        return _with_policy(response)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        assert not isinstance(response, HttpResponseBase)  # noqa: S101 (narrows the type)
        return _with_policy(await response)


def _with_policy(response: HttpResponseBase) -> HttpResponseBase:
    response.headers.setdefault("Content-Security-Policy", settings.CONTENT_SECURITY_POLICY)
    response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    return response


class FullDiskMiddleware(_Middleware):
    """Says in a sentence that there was no room for what was sent, instead of that something went wrong inside."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for an error that a full disk has caused; None for all others."""
        if not disk_is_full(exception):
            return None
        log.error("%s %s: the disk is full: %s", request.method, request.path, exception)
        return HttpResponse(render_to_string("507.html"), status=507)


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc] # whitenoise has no types
    """WhiteNoise with answers that ASGI can send: its own are files, which Django reads whole with a warning."""

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """The static file, whole. They are small: fonts, styles, modules."""
        found = static_file.get_response(request.method, request.META)
        content = b""
        if found.file is not None:
            with found.file as file:
                content = file.read()
        response = HttpResponse(content, status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        return response

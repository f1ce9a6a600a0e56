"""For rented machines: they bring their heartbeat with the token of their attempt, never with a cookie."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI, Status
from ninja.errors import AuthenticationError, HttpError
from ninja.security import HttpBearer

from curator.domain.errors import DomainError
from training.domain.callbacks import may_speak, pod_of, take_beat
from training.models.rounds import RemotePod


class PodToken(HttpBearer):
    """`Authorization: Bearer …`, good for one attempt at one round while its machine is there."""

    def __call__(self, request: HttpRequest) -> RemotePod | None:
        """The machine whose token it is."""
        # ninja's own way would write a header that it does not know into the log
        kind, _space, text = request.headers.get("Authorization", "").partition(" ")
        return self.authenticate(request, text.strip()) if kind.lower() == "bearer" else None

    def authenticate(self, request: HttpRequest, token: str) -> RemotePod | None:  # noqa: ARG002 (as ninja calls it)
        """See above."""
        return pod_of(token)


pods_api = NinjaAPI(title="Cuewright's rented machines", version="1", docs_url=None, openapi_url=None,
                    urls_namespace="pods", auth=PodToken())  # fmt: skip


@pods_api.exception_handler(AuthenticationError)
def without_token(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """401 for no token and for one that is no good; it does not say which."""
    return pods_api.create_response(request, {"detail": "No good token."}, status=error.status_code)


@pods_api.post("beat", response={204: None}, url_name="beat")
def beat(request: HttpRequest) -> Status[None]:
    """A heartbeat; 429 when the last one was just now."""
    pod: RemotePod = request.auth  # type: ignore[attr-defined] # what PodToken has found
    if not may_speak(pod):
        raise HttpError(429, "Too often.")
    try:
        take_beat(pod, request.body)
    except DomainError as error:
        raise HttpError(422, str(error)) from error
    return Status(204, None)


def pods_urls() -> tuple[list[URLPattern | URLResolver], str, str]:
    """The URLs, which sign-in does not guard: each call brings its token."""
    patterns, app, namespace = pods_api.urls
    for pattern in patterns:
        if pattern.callback is not None:
            pattern.callback = login_not_required(pattern.callback)
    return patterns, app, namespace

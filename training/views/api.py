"""For rented machines: they bring their heartbeat with the token of their attempt, never with a cookie."""

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Status
from ninja.errors import AuthenticationError, HttpError

from curator.domain.errors import DomainError
from curator.views.api import Bearer
from training.domain.callbacks import may_speak, pod_of, take_beat
from training.models.rounds import RemotePod


class PodToken(Bearer):
    """`Authorization: Bearer …`, good for one attempt at one round while its machine is there."""

    def authenticate(self, request: HttpRequest, token: str) -> RemotePod | None:  # noqa: ARG002 (as ninja calls it)
        """The machine whose token it is; None for no good one."""
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

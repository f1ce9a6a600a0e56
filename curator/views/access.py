"""Who may call a view. Every view is closed by default (LoginRequiredMiddleware); these narrow it by role."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from curator.models.accounts import User

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request whose user is known to be signed in."""

    user: User


View = Callable[Concatenate[SignedInRequest, P], HttpResponse]
AnyView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def owner(view: View[P]) -> AnyView[P]:
    """Only the owner; others get 403."""
    return _allow(view, lambda user: user.is_owner)


async def the_owner(request: HttpRequest) -> User:
    """Who asks an asynchronous view, which no decorator guards. Raises PermissionDenied for all but the owner."""
    user = await request.auser()
    if not isinstance(user, User) or not user.is_owner:
        raise PermissionDenied
    return user


def rater(view: View[P]) -> AnyView[P]:
    """Everyone who is signed in: listeners and the owner."""
    return _allow(view, lambda _user: True)


def _allow(view: View[P], allowed: Callable[[User], bool]) -> AnyView[P]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        user = request.user
        if not isinstance(user, User) or not allowed(user):
            raise PermissionDenied
        return view(request, *args, **kwargs)  # type: ignore[arg-type] # a SignedInRequest from here on

    return cast(AnyView[P], guarded)

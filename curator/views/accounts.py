"""Sign-in by link, sign-out, language."""

import sys
from pathlib import Path

from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from curator.domain import accounts
from curator.environment import ROOT


@login_not_required
@require_GET
def sign_in(request: HttpRequest) -> HttpResponse:
    """Says where a sign-in link comes from."""
    return render(request, "curator/sign_in.html", {"command": _command()})


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button only, so that a link preview cannot use the link up; POST signs in."""
    if request.method != "POST":
        invited = accounts.who_is_invited(token=token)
        listener = invited if invited is not None and not invited.is_owner else None
        return render(request, "curator/sign_in_link.html", {"listener": listener})
    user = accounts.consume_sign_in_link(token=token)
    if user is None:
        return render(request, "curator/sign_in.html", {"used": True, "command": _command()}, status=410)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("home")


def _command() -> str:
    """What to type for another link, with the Python that runs here: a system's own Python knows no Django."""
    python = Path(sys.executable)
    here = python.relative_to(ROOT) if python.is_relative_to(ROOT) else python.name
    return f"{here} manage.py sign_in_link"


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("sign_in")

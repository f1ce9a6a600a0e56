"""The owner's page of listeners: invite, take an invitation back, close the door, make somebody nobody."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from curator.domain.errors import DomainError
from curator.domain.raters import (
    INVITATION_LIFETIME,
    anonymise_rater,
    close_door,
    invite_rater,
    open_door,
    read_listeners,
    revoke_invitations,
)
from curator.forms import InvitationForm
from curator.models.accounts import Role, User
from curator.views.access import SignedInRequest, owner

INVITATION = "invitation"
"""Where the session keeps a new link until it was shown, which happens once."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@owner
def raters(request: SignedInRequest) -> HttpResponse:
    """Who listens; POST invites somebody, and the page then shows the link, once."""
    form = InvitationForm(request.POST) if request.method == "POST" else InvitationForm()
    if request.method == "POST" and form.is_valid():
        try:
            user, token = invite_rater(name=form.cleaned_data["name"])
        except DomainError as error:
            form.add_error("name", str(error))
        else:
            address = request.build_absolute_uri(reverse("sign_in_link", args=[token]))
            request.session[INVITATION] = {"name": user.username, "url": address}
            return redirect("raters")
    context = {
        "form": form,
        "listeners": read_listeners(),
        "invitation": request.session.pop(INVITATION, None),
        "days": INVITATION_LIFETIME.days,
        "host": request.get_host(),
        "near": request.get_host().split(":")[0] in ("localhost", "127.0.0.1", "[::1]"),
    }
    return render(request, "curator/raters.html", context, status=400 if form.errors else 200)


@require_POST
@owner
def change(request: SignedInRequest, public_id: str, to: str) -> HttpResponse:
    """Take the invitation back, close the door or open it again."""
    user = get_object_or_404(User, public_id=public_id, role=Role.RATER)
    try:
        if to == "revoked":
            revoke_invitations(user=user)
        elif to == "closed":
            close_door(user=user)
        else:
            open_door(user=user)
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("raters")


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def anonymise(request: SignedInRequest, public_id: str) -> HttpResponse:
    """The question before a listener is made nobody; POST does it."""
    user = get_object_or_404(User, public_id=public_id, role=Role.RATER)
    if request.method != "POST":
        return render(request, "curator/anonymise_rater.html", {"listener": user})
    anonymise_rater(user=user)
    messages.success(request, _("The answers stay; nobody knows any more whose they were."))
    return redirect("raters")

"""The owner's page of tokens for scripts: make one, see it once, end it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from curator.domain.errors import DomainError
from curator.domain.tokens import SCOPES, known_tokens, make_token, revoke_token
from curator.forms import TokenForm
from curator.models.delivery import ApiToken
from curator.views.access import SignedInRequest, owner

NEW = "token"
"""Where the session keeps a new token until it was shown, which happens once."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@owner
def tokens(request: SignedInRequest) -> HttpResponse:
    """The tokens there are; POST makes one, and the page then shows it, once."""
    form = TokenForm(request.POST) if request.method == "POST" else TokenForm()
    if request.method == "POST" and form.is_valid():
        try:
            row, text = make_token(**form.cleaned_data, by=request.user)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            request.session[NEW] = {"name": row.name, "text": text}
            return redirect("tokens")
    now = timezone.now()
    rows = [(row, row.revoked_at is None and row.expires_at > now) for row in known_tokens()]
    context = {
        "form": form,
        "rows": [(row, good, [SCOPES[scope] for scope in row.scopes]) for row, good in rows],
        "new": request.session.pop(NEW, None),
        "films_url": request.build_absolute_uri(reverse("api:films")),
    }
    return render(request, "curator/tokens.html", context, status=400 if form.errors else 200)


@require_POST
@owner
def revoke(request: SignedInRequest, public_id: str) -> HttpResponse:
    """End a token at once."""
    row = get_object_or_404(ApiToken, public_id=public_id)
    revoke_token(token=row)
    messages.success(request, _("%(name)s opens nothing any more.") % {"name": row.name})
    return redirect("tokens")

"""The text of a score: the editor, what differs between two versions, the way back to an old one."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curator.domain import versions
from curator.domain.drafts import read_draft
from curator.domain.errors import DomainError
from curator.models.library import PieceVersion
from curator.views.access import SignedInRequest, owner


def version_of(public_id: str) -> PieceVersion:
    """The version of this public id; of a piece's id its newest. Raises Http404."""
    found = PieceVersion.objects.select_related("piece__source")
    version = found.filter(public_id=public_id).first()
    version = version or found.filter(piece__public_id=public_id).order_by("-number").first()
    if version is None:
        raise Http404
    return version


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def edit_score(request: SignedInRequest, public_id: str) -> HttpResponse:
    """The ABC of a version in a field: POST checks it, and keeps it as a new version when it is asked to."""
    version = version_of(public_id)
    context: dict[str, Any] = {
        "version": version,
        "piece": version.piece,
        "text": version.abc,
        "place": "library",
        "action": reverse("edit_score", args=[version.public_id]),
        "save": _("Keep as a new version"),
        "cancel": reverse("score", args=[version.public_id]) + "?view=abc",
    }
    if request.method != "POST":
        return render(request, "curator/edit_score.html", context)
    text = context["text"] = request.POST.get("abc", "")
    if request.POST.get("do") == "save":
        try:
            made = versions.revise_piece(version=version, abc=text, created_by=request.user)
        except DomainError as error:
            context["refusal"] = str(error)
        else:
            messages.success(request, _("This is version %(number)d now.") % {"number": made.number})
            return redirect("score", made.public_id)
    told = context["draft"] = read_draft(abc=text)
    status = 400 if "refusal" in context or told.fatal or told.trouble else 200
    return render(request, "curator/edit_score.html", context, status=status)


@require_POST
@owner
def draft(request: SignedInRequest) -> HttpResponse:
    """What the text in an editor is worth as it stands, asked for while somebody writes."""
    told = read_draft(abc=request.POST.get("abc", ""))
    return render(request, "curator/draft.html", {"draft": told, "oob": True})


@require_safe
@owner
def compare_scores(request: SignedInRequest, public_id: str, other: str) -> HttpResponse:
    """What differs between two versions of one piece, the older one first, bar by bar."""
    pair = [version_of(public_id), version_of(other)]
    if pair[0].piece_id != pair[1].piece_id:
        raise Http404
    before, after = sorted(pair, key=lambda version: version.number)
    context = {
        "piece": after.piece,
        "before": before,
        "after": after,
        "changes": versions.changes_between(before=before.abc, after=after.abc),
        "place": "library",
    }
    return render(request, "curator/compare_scores.html", context)


@require_POST
@owner
def bring_back(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Make an old version the newest again."""
    version = version_of(public_id)
    try:
        made = versions.bring_back(version=version, created_by=request.user)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("score", version.public_id)
    words = _("Version %(old)d is back, as version %(new)d.")
    messages.success(request, words % {"old": version.number, "new": made.number})
    return redirect("score", made.public_id)

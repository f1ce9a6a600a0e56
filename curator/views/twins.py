"""Twins: pieces that may be the same music, side by side, and the owner's word on them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from curator.domain.errors import DomainError
from curator.domain.sheets import read_sheets
from curator.domain.sketches import request_sketches
from curator.domain.twins import decide_twins, decisions_in_force, suspects_page, take_back_decision
from curator.models.library import Piece
from curator.models.twins import TwinAnswer, TwinDecision
from curator.views.access import SignedInRequest, owner

ANSWERS = {
    "first": TwinAnswer.MERGED,
    "second": TwinAnswer.MERGED,
    "both": TwinAnswer.BOTH,
    "different": TwinAnswer.DIFFERENT,
}


@require_safe
@owner
def twins(request: SignedInRequest) -> HttpResponse:
    """Pairs to decide on, the most alike first, and what was decided; asks a worker for what is not yet compared."""
    asked = request.GET.get("page", "1")
    shown, page = suspects_page(page=int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1)
    rows = [one.found for one in shown]
    sheets = read_sheets(versions=[version for row in rows for version in (row.first_version, row.second_version)])
    context = {
        "pairs": [(one, sheets[one.found.first_version_id], sheets[one.found.second_version_id]) for one in shown],
        "page": page,
        "decisions": decisions_in_force(),
        "comparing": request_sketches(),
    }
    return render(request, "curator/twins.html", context)


@require_POST
@owner
def decide(request: SignedInRequest, first: str, second: str) -> HttpResponse:
    """One of four answers: keep the first, keep the second, both stay, two pieces."""
    one, other = (get_object_or_404(Piece, public_id=public_id) for public_id in (first, second))
    said = request.POST.get("answer", "")
    try:
        decide_twins(
            one=one,
            other=other,
            answer=ANSWERS.get(said, TwinAnswer.UNDECIDED),
            kept={"first": one, "second": other}.get(said),
            by=request.user,
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        done = {
            "first": _("%(other)s went into %(one)s."),
            "second": _("%(one)s went into %(other)s."),
            "both": _("%(one)s and %(other)s both stay; training sees one of them."),
            "different": _("%(one)s and %(other)s are two pieces."),
        }
        messages.success(request, done[said] % {"one": one.title, "other": other.title})
    return _back(request)


@require_POST
@owner
def take_back(request: SignedInRequest, decision: int) -> HttpResponse:
    """Take an answer back; a merged piece comes back."""
    row = get_object_or_404(TwinDecision.objects.select_related("first", "second"), pk=decision)
    try:
        take_back_decision(decision=row, by=request.user)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The question is open again."))
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    page = request.POST.get("page", "")
    page = page if page.isascii() and page.isdigit() and len(page) < 7 else ""
    return redirect(reverse("twins") + (f"?page={page}" if page not in ("", "1") else ""))

"""From one take to the next: again, more like it, by another checkpoint, mended or edited by hand."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from curator.domain.drafts import read_draft
from curator.domain.errors import DomainError
from curator.models.ranking import Take
from curator.views.access import SignedInRequest, owner
from generation.domain.again import ask_again, candidate_of, changes_nothing, more_like, other_checkpoint, same_seed
from generation.domain.mending import edit_take, mend_candidate, text_to_mend
from generation.models.checkpoints import Checkpoint
from generation.models.requests import Candidate, CandidateState, CueRequest
from generation.views.desk import find_cue


@require_POST
@owner
def write_again(request: SignedInRequest, slug: str, number: str, candidate: str) -> HttpResponse:
    """One more take like a failed candidate, with a new seed."""
    try:
        ask_again(candidate=_failed(slug, number, candidate), created_by=request.user)
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("desk", slug, number)


@require_POST
@owner
def take_again(request: SignedInRequest, slug: str, number: str, take: int) -> HttpResponse:
    """Ask for takes from a take; `how`: seed, more, or by (another `checkpoint`)."""
    row = _take(slug, number, take)
    try:
        asked = _ask(request, row)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        words = ngettext("%(n)d take is asked for.", "%(n)d takes are asked for.", asked.count)
        messages.success(request, words % {"n": asked.count})
        if changes_nothing(asked):
            told = _("Plan, checkpoint and settings are as they were: it is the same music, and no new take.")
            messages.warning(request, told)
    return redirect("desk", slug, number)


def _ask(request: SignedInRequest, take: Take) -> CueRequest:
    how = request.POST.get("how", "")
    if how == "more":
        return more_like(take=take, created_by=request.user)
    candidate = candidate_of(take)
    if candidate is None:
        raise DomainError(_("No checkpoint wrote this take; there is no seed or brief to use again."))
    if how == "by":
        chosen = get_object_or_404(Checkpoint, public_id=request.POST.get("checkpoint", ""))
        return other_checkpoint(candidate=candidate, checkpoint=chosen, created_by=request.user)
    if how == "seed":
        return same_seed(candidate=candidate, created_by=request.user)
    raise DomainError(_("Say what is to be asked for."))


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def mend(request: SignedInRequest, slug: str, number: str, candidate: str) -> HttpResponse:
    """The text of a failed candidate in a field; POST checks it, and puts it up as the take when it is asked to."""
    row = _failed(slug, number, candidate)
    return _editor(
        request,
        text=text_to_mend(row),
        save=lambda abc: mend_candidate(candidate=row, abc=abc, created_by=request.user),
        context={
            "cue": row.request.cue,
            "title": _("Mend take %(number)d") % {"number": row.number},
            "lede": _("What the model wrote, with the bar that would not hold. The candidate keeps its own text."),
            "reason": row,
            "action": reverse("mend_take", args=[slug, number, candidate]),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def edit(request: SignedInRequest, slug: str, number: str, take: int) -> HttpResponse:
    """The text of a take in a field; POST checks it, and puts it up as a take of its own when it is asked to."""
    row = _take(slug, number, take)
    return _editor(
        request,
        text=row.version.abc,
        save=lambda abc: edit_take(take=row, abc=abc, created_by=request.user),
        context={
            "cue": row.cue,
            "title": _("Edit take %(number)d") % {"number": row.number},
            "lede": _("What you change is put up beside it as a take of its own; this one stays as it is."),
            "action": reverse("edit_take", args=[slug, number, take]),
        },
    )


def _editor(request: SignedInRequest, *, text: str, save: Any, context: dict[str, Any]) -> HttpResponse:
    cue = context["cue"]
    context |= {
        "text": text,
        "film": cue.film,
        "place": "desk",
        "way_back": reverse("desk", args=[cue.film.slug, cue.number]),
    }
    status = 200
    if request.method == "POST":
        context["text"] = request.POST.get("abc", "")
        if request.POST.get("do") == "save":
            try:
                made: Take = save(context["text"])
            except DomainError as error:
                context["refusal"], status = str(error), 400
            else:
                messages.success(request, _("It is put up as take %(number)d.") % {"number": made.number})
                return redirect("desk", cue.film.slug, cue.number)
        context["draft"] = read_draft(abc=context["text"])
    return render(request, "generation/edit_take.html", context, status=status)


def _failed(slug: str, number: str, candidate: str) -> Candidate:
    return get_object_or_404(
        Candidate.objects.select_related("request__cue__film", "request__checkpoint"),
        public_id=candidate,
        request__cue=find_cue(slug, number),
        state=CandidateState.FAILED,
    )


def _take(slug: str, number: str, take: int) -> Take:
    rows = Take.objects.select_related("cue__film", "cue__stage", "version__piece")
    return get_object_or_404(rows, cue=find_cue(slug, number), number=take)

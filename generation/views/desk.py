"""The desk of a cue: ask for takes, watch them being written, hear them, keep some."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curator.domain.errors import DomainError
from curator.domain.takes import set_take_state
from curator.models.film import Cue
from curator.models.ranking import Take, TakeState
from curator.views.access import SignedInRequest, owner
from generation.domain.checkpoints import in_use
from generation.domain.desk import Desk, read_desk
from generation.domain.requests import ask_again, cancel_request, request_takes
from generation.domain.starts import starts_of
from generation.forms import AskForm, TakeStateForm
from generation.models.checkpoints import Checkpoint
from generation.models.requests import Candidate, CandidateState, CueRequest

STOP_POLLING = 286
"""The status by which htmx ends its polling and still shows the answer."""

FILTERS = ("fits", TakeState.KEPT.value, TakeState.DISCARDED.value)


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def desk(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """The page; POST asks for takes."""
    cue = _cue(slug, number)
    form = _form(request, cue)
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            asked = request_takes(
                cue=cue,
                count=form.cleaned_data["count"],
                checkpoint=Checkpoint.objects.get(public_id=form.cleaned_data["checkpoint"]),
                style=form.cleaned_data.get("style", ""),
                stage=form.cleaned_data.get("stage", ""),
                sampling=form.sampling,
                seed=form.cleaned_data["seed"],
                constraints=form.constraints,
                theme=form.theme,
                created_by=request.user,
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            words = ngettext("%(n)d take is asked for.", "%(n)d takes are asked for.", asked.count)
            messages.success(request, words % {"n": asked.count})
            if form.warning:
                messages.warning(request, form.warning)
            return redirect("desk", slug, number)
    show = request.GET.get("show", "")
    context = _context(cue, read_desk(cue=cue), show if show in FILTERS else "")
    status = 400 if request.method == "POST" else 200
    return render(request, "generation/desk.html", {**context, "form": form}, status=status)


@require_safe
@owner
def desk_live(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """How far the work is, and the cards that were not settled when the page last asked.

    `open`: their numbers, of which those that are no card any more leave the page; `show`: the filter of the page.
    """
    cue = _cue(slug, number)
    facts = read_desk(cue=cue)
    asked = {int(part) for part in request.GET.get("open", "").split(",") if part.isdecimal() and len(part) < 7}
    if asked and not facts.cards:
        return HttpResponse(headers={"HX-Refresh": "true"})  # the last card is gone: the page of an empty desk
    show = request.GET.get("show", "")
    context = _context(cue, facts, show if show in FILTERS else "")
    changed = [card for card in context["cards"] if card.number in asked]
    gone = sorted(asked - {card.number for card in facts.cards})
    return render(
        request,
        "generation/desk_live.html",
        {**context, "changed": changed, "gone": gone},
        status=200 if facts.live else STOP_POLLING,
    )


@require_POST
@owner
def cancel_takes(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """End what is being written for the cue; what is written stays."""
    cue = _cue(slug, number)
    for asked in CueRequest.objects.filter(cue=cue, candidates__state__in=_OPEN).select_related("job").distinct():
        try:
            cancel_request(request=asked)
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The rest is not written any more."))
    return redirect("desk", slug, number)


@require_POST
@owner
def write_again(request: SignedInRequest, slug: str, number: str, candidate: str) -> HttpResponse:
    """One more take like a failed candidate, with a new seed."""
    row = get_object_or_404(
        Candidate.objects.select_related("request__cue__film", "request__checkpoint"),
        public_id=candidate,
        request__cue=_cue(slug, number),
        state=CandidateState.FAILED,
    )
    try:
        ask_again(candidate=row, created_by=request.user)
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("desk", slug, number)


@require_POST
@owner
def take_state(request: HttpRequest, slug: str, number: str, take: int) -> HttpResponse:
    """Keep a take, discard it, or put it back in the running."""
    row = get_object_or_404(Take, cue=_cue(slug, number), number=take)
    form = TakeStateForm(request.POST)
    if not form.is_valid():
        return HttpResponse(_("A take is kept, discarded or in the running."), status=400)
    set_take_state(take=row, state=TakeState(form.cleaned_data["state"]))
    if not request.headers.get("HX-Request"):
        return redirect("desk", slug, number)
    facts = read_desk(cue=row.cue)
    card = next(card for card in facts.cards if card.number == take)
    return render(request, "generation/take_card.html", _context(row.cue, facts, "") | {"card": card})


_OPEN = (CandidateState.WAITING, CandidateState.WRITING)


def _cue(slug: str, number: str) -> Cue:
    cues = Cue.objects.select_related("film", "stage__wishes", "wishes")
    return get_object_or_404(cues, film__slug=slug, number=number)


def _form(request: HttpRequest, cue: Cue) -> AskForm | None:
    """The form for the checkpoint that is chosen, by default the one in use; None while there is no checkpoint."""
    known = list(Checkpoint.objects.order_by("-pk"))
    if not known:
        return None
    wanted = request.POST.get("checkpoint") or request.GET.get("checkpoint")
    chosen = next((row for row in known if row.public_id == wanted), None) or in_use(known)
    data = request.POST if request.method == "POST" else None
    return AskForm(
        data, cue=cue, checkpoint=chosen, known=known, starts=starts_of(cue=cue), proposed=_proposed(request)
    )


# What another checkpoint brings along, so that it is not taken over from the one before.
_OF_THE_CHECKPOINT = {"style", "stage", "temperature", "top_k", "top_p"}


def _proposed(request: HttpRequest) -> dict[str, str]:
    """What was entered in the form when it asks to be drawn anew, because the checkpoint or the style changed."""
    left_out = _OF_THE_CHECKPOINT if request.headers.get("HX-Trigger-Name") == "checkpoint" else set()
    return {name: request.GET.get(name, "") for name in request.GET if name in AskForm.base_fields.keys() - left_out}


def _context(cue: Cue, facts: Desk, show: str) -> dict[str, Any]:
    cards = facts.shown(show)
    return {
        "cue": cue,
        "film": cue.film,
        "desk": facts,
        "cards": cards,
        "show": show,
        "open": ",".join(str(card.number) for card in cards if not card.settled),
    }

"""The desk of a cue: ask for takes, watch them being written, hear them, keep some."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curator.domain.errors import DomainError
from curator.domain.takes import set_take_state
from curator.models.accounts import User
from curator.models.film import Cue
from curator.models.ranking import Take, TakeState
from curator.views.access import SignedInRequest, owner
from generation.domain.desk import FILTERS, Desk, Stamp, read_desk, read_stamp
from generation.domain.ear import Heard, listens_blind, read_places
from generation.domain.encoders import encoder_in_use
from generation.domain.requests import cancel_candidate, cancel_request, request_takes
from generation.forms import TakeStateForm
from generation.models.checkpoints import Checkpoint
from generation.models.requests import Candidate, CandidateState, CueRequest
from generation.views.asking import ask_form, expected, keep_settings

STOP_POLLING = 286
"""The status by which htmx ends its polling and still shows the answer."""
UNCHANGED = 204
"""The status by which htmx leaves the page as it is and asks again."""


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def desk(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """The page; POST asks for takes."""
    cue = find_cue(slug, number)
    form = ask_form(request, cue)
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            keep_settings(form)
            asked = request_takes(
                cue=cue,
                count=form.cleaned_data["count"],
                checkpoint=form.chosen,
                style=form.cleaned_data.get("style", ""),
                stage=form.cleaned_data.get("stage", ""),
                sampling=form.sampling,
                seed=form.cleaned_data["seed"],
                constraints=form.constraints,
                theme=form.theme,
                preset=form.preset_name,
                best=form.cleaned_data["best"],
                mix=form.cleaned_data["mix"] or "even",
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
    stamp = read_stamp(cue=cue)  # before what it tells of, so that nothing is missed in between
    context = _context(request, cue, read_desk(cue=cue), stamp)
    more = {"form": form, "expected": expected(form, [cue]), "checkpoints": Checkpoint.objects.order_by("-pk")}
    status = 400 if request.method == "POST" else 200
    return render(request, "generation/desk.html", {**context, **more}, status=status)


@require_safe
@owner
def desk_live(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """How far the work is, and the cards that were not settled when the page last asked.

    `open`: their numbers, of which those that are no card any more leave the page; `show` and `cohort`: the filters
    of the page; `stamp`: what it saw last, so that nothing is sent where nothing has changed.
    """
    cue = get_object_or_404(Cue.objects.select_related("film"), film__slug=slug, number=number)
    stamp = read_stamp(cue=cue)
    seen = request.GET.get("stamp", "")
    if seen == str(stamp):
        return HttpResponse(status=UNCHANGED)
    only_work = seen.partition("-")[0] == stamp.wall
    facts = read_desk(cue=cue, polling=True, takes=not only_work)
    asked = {int(part) for part in request.GET.get("open", "").split(",") if part.isdecimal() and len(part) < 7}
    if asked and not facts.cards and not only_work:
        return HttpResponse(headers={"HX-Refresh": "true"})  # the last card is gone: the page of an empty desk
    context = _context(request, cue, facts, stamp)
    changed = [card for card in context["cards"] if card.number in asked]
    gone = [] if only_work else sorted(asked - {card.number for card in facts.cards})
    if only_work:
        context["open"] = ",".join(str(one) for one in sorted(asked))
    more = {"changed": changed, "gone": gone, "only_work": only_work, "checkpoints": Checkpoint.objects.order_by("-pk")}
    status = 200 if facts.live or only_work else STOP_POLLING
    return render(request, "generation/desk_live.html", {**context, **more}, status=status)


@require_POST
@owner
def cancel_takes(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """End what is being written for the cue; what is written stays."""
    cue = find_cue(slug, number)
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
def cancel_take(request: HttpRequest, slug: str, number: str, candidate: str) -> HttpResponse:
    """Take one take back that waits to be written."""
    row = get_object_or_404(Candidate, request__cue=find_cue(slug, number), public_id=candidate)
    try:
        cancel_candidate(candidate=row)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Take %(number)d is not written.") % {"number": row.number})
    return redirect("desk", slug, number)


@require_POST
@owner
def take_state(request: SignedInRequest, slug: str, number: str, take: int) -> HttpResponse:
    """Keep a take, discard it, or put it back in the running."""
    row = get_object_or_404(Take, cue=find_cue(slug, number), number=take)
    form = TakeStateForm(request.POST)
    if not form.is_valid():
        return HttpResponse(_("A take is kept, discarded or in the running."), status=400)
    set_take_state(take=row, state=TakeState(form.cleaned_data["state"]))
    if not request.headers.get("HX-Request"):
        return redirect("desk", slug, number)
    facts = read_desk(cue=row.cue, polling=True)
    card = next(card for card in facts.cards if card.number == take and card.take)
    context = _context(request, row.cue, facts, read_stamp(cue=row.cue))
    more = {"card": card, "checkpoints": Checkpoint.objects.order_by("-pk")}
    return render(request, "generation/take_card.html", context | more)


_OPEN = (CandidateState.WAITING, CandidateState.WRITING)


def find_cue(slug: str, number: str) -> Cue:
    """The cue of this address, with its film, stage and wishes. Raises Http404."""
    cues = Cue.objects.select_related("film", "stage__wishes", "wishes")
    return get_object_or_404(cues, film__slug=slug, number=number)


def _context(request: SignedInRequest, cue: Cue, facts: Desk, stamp: Stamp) -> dict[str, Any]:
    show, cohort = request.GET.get("show", ""), request.GET.get("cohort", "")
    show = show if show in FILTERS else ""
    cards = facts.shown(show, cohort)
    return {
        "cue": cue,
        "film": cue.film,
        "desk": facts,
        "cards": cards,
        "show": show,
        "cohort": cohort,
        "stamp": str(stamp),
        "open": ",".join(str(card.number) for card in cards if not card.settled),
        # read when a card asks for it: most polls draw none
        "places": cache(lambda: _places(cue, request.user)),
    }


def _places(cue: Cue, reader: User) -> Mapping[int, Heard]:
    """The takes' places by the encoder's ear; none while the reader compares takes of this cue."""
    if encoder_in_use() is None or listens_blind(cue=cue, rater=reader):
        return {}
    return read_places(cue=cue)

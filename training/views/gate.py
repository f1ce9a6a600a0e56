"""The gate of a round: measure, match, promote, roll back. Everything happens by hand."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from curator.domain.errors import DomainError
from curator.views.access import SignedInRequest, owner
from generation.domain.checkpoints import in_use
from generation.models.checkpoints import Checkpoint
from training.domain.gate import read_gate
from training.domain.matching import ANSWERS, TAKES, places_of, proposed, round_of, start_match, stop_match
from training.domain.measuring import minutes_left, request_measurement, stop_measurement, texts_for
from training.domain.promotions import DECIDABLE, promote, roll_back
from training.forms import MatchForm, MeasureForm, PromotionForm
from training.models.rounds import Round
from training.views.gate_drawing import draw_gate, match_words, warnings_of


@require_safe
@owner
def gate(request: HttpRequest, public_id: str) -> HttpResponse:
    """The parts that change by themselves; once nothing does, the page is to load again."""
    if not request.headers.get("HX-Request"):
        return _back(public_id)
    shown = gate_of(_round(public_id))
    if not shown.get("live"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "training/gate_live.html", shown)


@require_POST
@owner
def measure(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Have the result measured against its parent."""
    form = MeasureForm(request.POST)
    try:
        if not form.is_valid():
            raise DomainError(_("Say how many texts are to be written."))
        request_measurement(row=_round(public_id), texts=form.cleaned_data["texts"] or 0, created_by=request.user)
    except DomainError as error:
        messages.error(request, str(error))
    return _back(public_id)


@require_POST
@owner
def stop_measuring(request: HttpRequest, public_id: str) -> HttpResponse:
    """End the measuring; what is written stays."""
    try:
        stop_measurement(row=_round(public_id))
    except DomainError as error:
        messages.error(request, str(error))
    return _back(public_id)


@require_POST
@owner
def match(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Start the blind match on the cues that were chosen."""
    row = _round(public_id)
    places = places_of(row)
    form = MatchForm(request.POST, cues=[place.cue.public_id for place in places])
    try:
        if not form.is_valid():
            raise DomainError(_("Choose cues of this list, and 2 to 16 takes of each."))
        chosen = [place.cue for place in places if place.cue.public_id in form.cleaned_data["cues"]]
        start_match(row=row, cues=chosen, takes=form.cleaned_data["takes"], by=request.user)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The takes are asked for. You hear them in pairs, one of each."))
    return _back(public_id)


@require_POST
@owner
def end_match(request: HttpRequest, public_id: str) -> HttpResponse:
    """End the match before its last pair."""
    try:
        stop_match(row=_round(public_id))
    except DomainError as error:
        messages.error(request, str(error))
    return _back(public_id)


@require_safe
@owner
def of_match(request: HttpRequest, key: str) -> HttpResponse:  # noqa: ARG001 (every view has it)
    """To the gate of the round that a match belongs to."""
    row = round_of(key=key)
    if row is None:
        raise Http404
    return _back(row.public_id)


@require_POST
@owner
def promote_result(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Let the result be the checkpoint in use."""
    form = PromotionForm(request.POST)
    try:
        if not form.is_valid():
            raise DomainError(_("Say why in at most 300 characters."))
        said = form.cleaned_data
        made = promote(row=_round(public_id), by=request.user, why=said["why"], despite=said["despite"])
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%(name)s is in use from now on.") % {"name": made.checkpoint.name})
    return _back(public_id)


@require_POST
@owner
def roll_result_back(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Use the parent again."""
    form = PromotionForm(request.POST)
    try:
        if not form.is_valid():
            raise DomainError(_("Say why in at most 300 characters."))
        made = roll_back(row=_round(public_id), by=request.user, why=form.cleaned_data["why"])
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%(name)s is in use again.") % {"name": made.checkpoint.name})
    return _back(public_id)


def gate_of(row: Round) -> dict[str, Any]:
    """What training/gate.html shows; an empty gate of a round without a result."""
    if row.result is None or row.state not in DECIDABLE:
        return {"round": row, "gate": None}
    found = read_gate(row=row)
    job = found.measurement.job if found.measurement else None
    measuring = job is not None and job.is_open
    places = places_of(row)
    chosen = proposed(places, row)
    playing = found.match.cues if found.match and not found.match.over else ()
    return {
        "round": row,
        "gate": found,
        "lines": draw_gate(found, row),
        "warnings": warnings_of(found, row),
        "match_words": match_words(found),
        "measuring": measuring,
        "job": job,
        "left": minutes_left(job) if job is not None and measuring else None,
        "broken_off": found.measurement is not None and not found.measured and not measuring,
        "texts": texts_for(row.base),
        "fresh": [(place, place.cue.public_id in chosen) for place in places if place.held_out],
        "taught": [(place, place.cue.public_id in chosen) for place in places if not place.held_out],
        "takes": TAKES,
        "answers": ANSWERS,
        "live": measuring or any(not one.whole for one in playing),
        "used": in_use(list(Checkpoint.objects.all())) == row.result,
        "promotions": list(row.promotions.select_related("checkpoint", "by")),
    }


def _round(public_id: str) -> Round:
    rows = Round.objects.select_related("base", "result", "preference_set")
    return get_object_or_404(rows, public_id=public_id)


def _back(public_id: str) -> HttpResponse:
    response = redirect("round", public_id)
    response["Location"] += "#gate"
    return response

"""The film maker's own taste: what was learned, its proof, what it says of itself, and the switch."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from curator.models.ranking import Pair, Take
from curator.views.access import SignedInRequest, owner
from training.domain.taste import (
    FRESH_JUDGEMENTS,
    LEAST_JUDGEMENTS,
    TRAITS,
    State,
    read_taste,
    request_taste,
    set_taste,
)


@dataclass(frozen=True)
class Proof:
    """The share foretold and its interval, as percent of a line from 30 % to 100 %; `chance` is where a coin lies."""

    at: float
    low: float
    high: float
    chance: float


@dataclass(frozen=True)
class Trait:
    """What goes with the taste, in words; `at`: its correlation as percent of a line from none to all."""

    words: str
    scene: str
    at: float


@require_safe
@owner
def taste(request: SignedInRequest) -> HttpResponse:
    """The page. Asked by htmx it says whether a worker still learns: then nothing, else to load it again."""
    state = read_taste(rater=request.user)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204) if state.job else HttpResponse(headers={"HX-Refresh": "true"})
    gauge = round(100 * state.judgements / LEAST_JUDGEMENTS, 1)
    context = {"state": state, "least": LEAST_JUDGEMENTS, "fresh": FRESH_JUDGEMENTS, "gauge": gauge, **_told(state)}
    return render(request, "training/taste.html", context)


@require_POST
@owner
def learn(request: SignedInRequest) -> HttpResponse:
    """Have a worker learn it anew."""
    state = read_taste(rater=request.user)
    if state.encoder is None:
        messages.error(request, _("No encoder is here yet."))
    elif state.missing:
        messages.error(request, _("There are too few judgements yet."))
    else:
        request_taste(rater=request.user)
        messages.success(request, _("A worker learns your taste; that takes seconds."))
    return redirect("taste")


@require_POST
@owner
def switch(request: SignedInRequest) -> HttpResponse:
    """Say whether it helps, what it looks at and whether it is learned by itself."""
    helps, facts, by_itself = (request.POST.get(name) == "on" for name in ("helps", "facts", "by_itself"))
    set_taste(rater=request.user, helps=helps, with_facts=facts, by_itself=by_itself)
    messages.success(request, _("Kept. What it looks at counts from the next learning on."))
    return redirect("taste")


def _told(state: State) -> dict[str, Any]:
    """The proof as places on a line, the traits in words, and takes of cues that he is not judging just now."""
    if state.model is None:
        return {"proof": None, "traits": [], "liked": [], "disliked": []}
    metrics, told = state.model.metrics, state.model.told
    traits = [
        Trait(_(TRAITS[trait["fact"]][trait["more"]]), trait["scene"], round(100 * abs(trait["correlation"]), 1))
        for trait in told["traits"]
    ]
    open_cues = Pair.objects.filter(rater=state.model.rater_id, closed_at__isnull=True).values("cue")
    rows = Take.objects.filter(public_id__in=[*told["liked"], *told["disliked"]]).exclude(cue__in=open_cues)
    by_id = {take.public_id: take for take in rows.select_related("cue__film")}
    return {
        "proof": Proof(_x(metrics["accuracy"]), _x(metrics["low"]), _x(metrics["high"]), _x(0.5)),
        "traits": traits,
        "liked": [by_id[key] for key in told["liked"] if key in by_id],
        "disliked": [by_id[key] for key in told["disliked"] if key in by_id],
    }


def _x(share: float) -> float:
    return round(100 * min(1.0, max(0.0, (share - 0.3) / 0.7)), 1)

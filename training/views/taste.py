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
from training.domain.taste import TRAITS, State, read_taste, request_taste, set_taste


@dataclass(frozen=True)
class Proof:
    """The share foretold and its interval, as percent of a line from 30 % to 100 %; `chance` is where a coin lies."""

    at: float
    low: float
    high: float
    chance: float


@require_safe
@owner
def taste(request: SignedInRequest) -> HttpResponse:
    """The page."""
    state = read_taste(rater=request.user)
    return render(request, "training/taste.html", {"state": state, **_told(state)})


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
    """Say whether it helps and what it looks at."""
    helps, with_facts = request.POST.get("helps") == "on", request.POST.get("facts") == "on"
    set_taste(rater=request.user, helps=helps, with_facts=with_facts)
    messages.success(request, _("Kept. What it looks at counts from the next learning on."))
    return redirect("taste")


def _told(state: State) -> dict[str, Any]:
    """The proof as places on a line, the traits in words, and takes of cues that he is not judging just now."""
    if state.model is None:
        return {"proof": None, "traits": [], "liked": [], "disliked": []}
    metrics, told = state.model.metrics, state.model.told
    traits = [
        (_(TRAITS[trait["fact"]][trait["more"]]), trait["scene"], trait["correlation"]) for trait in told["traits"]
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

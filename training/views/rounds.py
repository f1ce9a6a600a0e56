"""Rounds: all of them, starting one, watching one, stopping and going on."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curator.domain.errors import DomainError
from curator.views.access import SignedInRequest, owner
from generation.domain.checkpoints import in_use
from generation.models.checkpoints import Checkpoint
from training.domain.curves import Curve, curves, smoothing
from training.domain.estimates import Estimate, estimate
from training.domain.logs import log_tail
from training.domain.reasons import say_reason
from training.domain.renting import Terms, agree, missing
from training.domain.rounds import (
    RENTED,
    WARNED,
    Outlook,
    can_resume,
    outlook,
    rented_terms,
    resume_round,
    run_folder,
    start_round,
    stop_round,
)
from training.forms import RoundForm
from training.models.rounds import Recipe, Round, RoundState
from training.models.sets import PreferenceSet, TrainingSet
from training.views.gate import gate_of

NAMES = {
    "loss": gettext_lazy("Loss"),
    "learning_rate": gettext_lazy("Learning rate"),
    "accuracy": gettext_lazy("Pairs the right way round"),
    "margin": gettext_lazy("Margin"),
    "chosen": gettext_lazy("Chosen pieces, change in nats"),
    "rejected": gettext_lazy("Rejected pieces, change in nats"),
    "kl": gettext_lazy("Distance from the parent (KL)"),
}


@dataclass(frozen=True)
class Drawn:
    """A curve with its name in words."""

    label: str
    curve: Curve


@require_safe
@owner
def rounds(request: HttpRequest) -> HttpResponse:
    """All rounds, the newest first."""
    rows = Round.objects.select_related("base", "result", "job", "training_set", "preference_set")
    shown = rows.defer("training_set__manifest", "preference_set__manifest")
    return render(request, "training/rounds.html", {"rounds": shown})


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def new_round(request: SignedInRequest) -> HttpResponse:
    """What a round would learn from what; POST starts it."""
    posted = request.method == "POST"
    form = RoundForm(
        request.POST if posted else request.GET or None,
        checkpoints=list(Checkpoint.objects.order_by("-pk")),
        training_sets=list(TrainingSet.objects.order_by("-pk").only("public_id", "name")),
        preference_sets=list(PreferenceSet.objects.order_by("-pk").only("public_id", "name")),
    )
    if posted and form.is_valid():
        try:
            data, base = form.chosen()
            said = form.cleaned_data
            if form.rents:
                _agree(form, data, base)
            row = start_round(
                data=data,
                base=base,
                executor=said["executor"],
                budget_eur=said["budget"] if form.rents else None,
                created_by=request.user,
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Round %(number)d is started.") % {"number": row.number})
            return redirect("round", row.public_id)
    context: dict[str, Any] = {"form": form, **_prospect(form)}
    if request.headers.get("HX-Target") == "prospect":
        return render(request, "training/prospect.html", context)
    return render(request, "training/new_round.html", context, status=400 if posted else 200)


@require_safe
@owner
def one_round(request: HttpRequest, public_id: str) -> HttpResponse:
    """One round; the part that changes alone when the page asks for it."""
    row = _round(public_id)
    if request.headers.get("HX-Target") == "round-live":
        if not _is_going(row):
            return HttpResponse(headers={"HX-Refresh": "true"})  # it has ended: the page with its gate
        return render(request, "training/round_live.html", _shown(row))
    return render(request, "training/round.html", {**gate_of(row), **_shown(row)})


@require_POST
@owner
def stop(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let the round save and stop."""
    try:
        stop_round(row=_round(public_id))
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The round saves what it has and stops."))
    return redirect("round", public_id)


@require_POST
@owner
def resume(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Go on from the last state."""
    try:
        resume_round(row=_round(public_id), created_by=request.user)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The round goes on."))
    return redirect("round", public_id)


def _round(public_id: str) -> Round:
    rows = Round.objects.select_related("base", "result", "job", "training_set", "preference_set")
    return get_object_or_404(rows, public_id=public_id)


def _is_going(row: Round) -> bool:
    return row.state == RoundState.RUNNING and row.job is not None and row.job.is_open


def _shown(row: Round) -> dict[str, Any]:
    job = row.job
    going = _is_going(row)
    steps = int(row.metrics.get("steps", 0) or (job.progress_total if job and job.progress_total > 1 else 0))
    step = int(row.metrics.get("step", 0) or (job.progress_done if job else 0))
    values = list(row.rows.values_list("values", flat=True))
    if row.metrics.get("state") != "finished":
        step = max([step, *(int(one["step"]) for one in values[-1:])])
    drawn = [Drawn(str(NAMES[one.name]), one) for one in curves(recipe=row.recipe, rows=values, steps=steps)]
    return {
        "round": row,
        "data": row.training_set or row.preference_set,
        "going": going,
        "waiting": going and job is not None and job.state == "queued",
        "ending": going and job is not None and job.cancel_requested,
        "resumable": can_resume(row),
        "step": step,
        "steps": steps,
        "minutes": _minutes(row, values),
        "left": _left(values, step, steps) if going else None,
        "curves": drawn,
        "smooth": smoothing(steps) > 0,
        "run_warnings": [say_reason(text) for text in row.metrics.get("warnings", ())],
        "log": log_tail(run_folder(row)),
        "pods": list(row.pods.order_by("-attempt")) if row.executor == RENTED else [],
        "dear": row.budget_eur is not None and row.cost_eur >= row.budget_eur * WARNED,
        "used": row.result is not None and in_use(list(Checkpoint.objects.all())) == row.result,
    }


def _minutes(row: Round, values: list[dict[str, Any]]) -> int | None:
    """Whole minutes that the round was trained, without its pauses; None before it began."""
    if row.started_at is None:
        return None
    told = row.metrics.get("seconds") or max((float(one.get("seconds") or 0) for one in values), default=0.0)
    return int((told or ((row.finished_at or timezone.now()) - row.started_at).total_seconds()) / 60)


def _left(values: list[dict[str, Any]], step: int, steps: int) -> int | None:
    """Minutes that are left at the pace of the last steps."""
    told = [(int(one["step"]), float(one["seconds"])) for one in values if one.get("seconds") is not None][-50:]
    if not told or told[-1][0] <= told[0][0] or told[-1][1] <= told[0][1]:
        return None
    pace = (told[-1][1] - told[0][1]) / (told[-1][0] - told[0][0])
    return max(1, round(pace * (steps - step) / 60)) if steps > step else None


def _prospect(form: RoundForm) -> dict[str, Any]:
    """What a valid choice promises."""
    try:
        data, base = form.chosen()
    except DomainError:
        return {"found": None}
    executor = form.cleaned_data["executor"]
    found: Outlook = outlook(data=data, base=base, executor=executor)
    time: Estimate | None = None if found.trouble else estimate(data=data, base=base, executor=executor)
    recipe = (Recipe.SFT if isinstance(data, TrainingSet) else Recipe.DPO).label
    what = (
        ngettext("%(n)d piece to learn from", "%(n)d pieces to learn from", data.train_count) % {"n": data.train_count}
        if isinstance(data, TrainingSet)
        else ngettext("%(n)d vote", "%(n)d votes", data.votes) % {"n": data.votes}
    )
    rented = {} if found.trouble or not form.rents else _rented(form, data, base)
    return {"found": found, "time": time, "base": base, "recipe": recipe, "what": what, "data": data, **rented}


def _rented(form: RoundForm, data: TrainingSet | PreferenceSet, base: Checkpoint) -> dict[str, Any]:
    """What a machine would be rented for, or what keeps one from being rented."""
    if lacking := missing():
        return {"rents": True, "lacking": lacking}
    try:
        return {"rents": True, "terms": _terms(form, data, base)}
    except DomainError as error:
        return {"rents": True, "no_terms": str(error)}


def _terms(form: RoundForm, data: TrainingSet | PreferenceSet, base: Checkpoint) -> Terms:
    return rented_terms(data=data, base=base, budget_eur=form.cleaned_data["budget"], timeout=10.0)


def _agree(form: RoundForm, data: TrainingSet | PreferenceSet, base: Checkpoint) -> None:
    """Raise DomainError unless the owner agreed to terms that still hold."""
    if lacking := missing():
        raise DomainError(lacking[0])
    if not form.cleaned_data["agreed"]:
        raise DomainError(_("Nothing is rented before you agree to the price, the deadline and the worst case."))
    agree(form.cleaned_data["worst"], _terms(form, data, base))

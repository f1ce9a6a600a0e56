"""The training room: choosing pieces, building a set of files, looking at it, taking it away."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curator import jobs
from curator.domain.errors import DomainError
from curator.domain.rights import confirm_rights
from curator.models.jobs import Job
from curator.models.library import Origin, Piece, Rights
from curator.models.rights import Purpose
from curator.views.access import SignedInRequest, owner
from generation.models.checkpoints import Checkpoint
from training.domain.choosing import Choice, Chosen, Option, choose, find_base, offer, shares
from training.domain.datasets import BUILD_JOB, archive_of, recent_builds, request_set
from training.filters import ChoiceForm, NameForm, choice_from
from training.models.sets import TrainingSet
from training.recipes.data import CONTEXT

SHOWN = 100
"""So many pieces of a set are listed; all of them stand in its manifest."""

LOOK_SECONDS = 1.0
"""A preview measures new pieces no longer than this and estimates the others."""


@require_safe
@owner
def training(request: HttpRequest) -> HttpResponse:
    """All sets, the newest first, and those being built."""
    sets = TrainingSet.objects.order_by("-created_at", "-pk").defer("manifest")
    return render(request, "training/training.html", {"sets": sets, "builds": recent_builds()})


@require_safe
@owner
def builds(request: HttpRequest) -> HttpResponse:
    """What is being built, asked for again; the whole page once nothing is."""
    running = recent_builds()
    if not any(job.is_open for job in running):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "training/builds.html", {"builds": running})


@require_POST
@owner
def cancel_build(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask for the end of a build."""
    jobs.cancel(get_object_or_404(Job, kind=BUILD_JOB, public_id=public_id))
    messages.success(request, _("The job ends at its next step."))
    return redirect("training")


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def new_set(request: SignedInRequest) -> HttpResponse:
    """What the address chooses, with what it would become; POST has it built."""
    choice = choice_from(request.GET)
    name = NameForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and name.is_valid():
        try:
            request_set(choice=choice, name=name.cleaned_data["name"], created_by=request.user)
        except DomainError as error:
            name.add_error(None, str(error))
        else:
            messages.success(request, _("The files are being made."))
            return redirect("training")
    chosen = _chosen(choice)
    context = _estimate(chosen) | {"name": name, "query": request.GET.urlencode()}
    if request.headers.get("HX-Target") == "estimate":
        return render(request, "training/estimate.html", context)
    known = list(Checkpoint.objects.order_by("-pk"))
    form = ChoiceForm(request.GET, checkpoints=known, chosen=chosen.base)
    context |= {"form": form, "narrow": _narrow(choice)}
    return render(request, "training/new_set.html", context, status=400 if request.method == "POST" else 200)


@require_POST
@owner
def confirm(request: SignedInRequest) -> HttpResponse:
    """Write down that the named pieces in copyright may train."""
    pieces = Piece.objects.filter(public_id__in=request.POST.getlist("piece")).select_related("source")
    try:
        confirm_rights(pieces=pieces, purpose=Purpose.TRAINING, by=request.user)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("That is written down, with your name and these pieces."))
    return redirect(f"{reverse('training_new')}?{request.GET.urlencode()}")


@require_safe
@owner
def training_set(request: HttpRequest, public_id: str) -> HttpResponse:
    """One frozen set: what is in it, what is not, and why."""
    row = get_object_or_404(TrainingSet, public_id=public_id)
    pieces = row.manifest["pieces"]
    return render(
        request,
        "training/set.html",
        {
            "set": row,
            "totals": row.totals,
            "composers": shares(row.totals.get("composers", {})),
            "keys": shares(row.totals.get("keys", {})),
            "pieces": pieces[:SHOWN],
            "more": max(len(pieces) - SHOWN, 0),
            "left_out": row.manifest["left_out"],
            "base": row.manifest["base"],
            "context_length": CONTEXT,
        },
    )


@require_safe
@owner
def set_archive(request: HttpRequest, public_id: str) -> HttpResponse:
    """The files of a set as a .zip."""
    row = get_object_or_404(TrainingSet.objects.select_related("archive"), public_id=public_id)
    try:
        data = archive_of(row)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("training_set", public_id)
    return HttpResponse(
        data,
        content_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="training-{row.sha256[:12]}.zip"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _chosen(choice: Choice) -> Chosen:
    """The choice, or that for the checkpoint in use where the address names none that exists."""
    try:
        find_base(choice.base)
    except DomainError:
        choice = Choice.from_json(choice.as_json() | {"base": ""})
    return choose(choice, seconds=LOOK_SECONDS)


@dataclass(frozen=True)
class Narrow:
    """A group of ticks: its options as value, label and count (None: not counted), and those that are ticked."""

    name: str
    title: str
    options: list[dict[str, Any]]
    chosen: tuple[str, ...]


def _narrow(choice: Choice) -> list[Narrow]:
    found = offer()
    origins = dict(Origin.choices)

    def options(values: list[Option], labels: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        names = labels or {}
        return [{"value": one.value, "label": names.get(one.value, one.value), "count": one.count} for one in values]

    rights = [{"value": value, "label": label, "count": None} for value, label in Rights.choices]
    return [
        Narrow("composer", _("Composer"), options(found.composers), choice.composers),
        Narrow("tag", _("Tags"), options(found.tags), choice.tags),
        Narrow("stage", _("Stage"), options(found.stages), choice.stages),
        Narrow("origin", _("Origin"), options(found.origins, origins), choice.origins),
        Narrow("rights", _("Rights"), rights, choice.rights),
    ]


def _estimate(chosen: Chosen) -> dict[str, Any]:
    return {
        "chosen": chosen,
        "totals": chosen.totals,
        "composers": shares(chosen.totals["composers"]),
        "keys": shares(chosen.totals["keys"]),
        "kept": chosen.kept[:SHOWN],
        "more": max(len(chosen.kept) - SHOWN, 0),
        "left_out": chosen.left_out[:SHOWN],
        "more_left_out": max(len(chosen.left_out) - SHOWN, 0),
        "context_length": CONTEXT,
    }

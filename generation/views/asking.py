"""Asking for takes: the form of a cue's desk, the page for several cues, presets, and what it will take."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from curator.domain.errors import DomainError
from curator.domain.pauses import go_on, pause_queue
from curator.models.film import Cue, CueState, Film
from curator.views.access import SignedInRequest, owner
from generation.domain.checkpoints import in_use
from generation.domain.estimates import Estimate, estimate
from generation.domain.presets import forget_preset, keep_preset
from generation.domain.requests import MOST_TAKES, request_for_cues
from generation.domain.starts import starts_of
from generation.forms import TAKES, ArcForm, AskForm
from generation.models.checkpoints import Checkpoint, Preset

# What another checkpoint brings along, so that it is not taken over from the one before; what a preset does.
_OF_THE_CHECKPOINT = {"style", "stage", "preset", "temperature", "top_k", "top_p"}
_OF_THE_PRESET = {"temperature", "top_k", "top_p"}


def ask_form(request: HttpRequest, cue: Cue) -> AskForm | None:
    """The form for the checkpoint that is chosen, by default the one in use; None while there is no checkpoint."""
    known, chosen = _checkpoints(request)
    if chosen is None:
        return None
    data = request.POST if request.method == "POST" else None
    return AskForm(
        data, cue=cue, checkpoint=chosen, known=known, starts=starts_of(cue=cue), proposed=_proposed(request)
    )


def expected(form: AskForm | None, cues: Sequence[Cue]) -> Estimate | None:
    """What the form's request will take, as it stands."""
    if form is None:
        return None
    count = str(form["count"].value() or "")
    takes = min(int(count), MOST_TAKES) if count.isdecimal() and len(count) < 4 else TAKES
    return estimate(checkpoint=form.chosen, pieces=[(takes, cue.bars) for cue in cues])


def keep_settings(form: AskForm) -> None:
    """Keep the settings that were sent where a name was given to them. Raises DomainError."""
    if form.cleaned_data["keep_as"].strip():
        checkpoint = None if form.cleaned_data["keep_for_all"] else form.chosen
        keep_preset(name=form.cleaned_data["keep_as"], sampling=form.sampling, checkpoint=checkpoint)


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def ask_film(request: SignedInRequest, slug: str) -> HttpResponse:
    """Takes for several cues, or all of them, at once; POST asks for them."""
    film = get_object_or_404(Film, slug=slug)
    cues = list(
        film.cues.filter(practice=film.practice, set_aside_at=None).select_related("film", "stage__wishes", "wishes")
    )
    known, chosen = _checkpoints(request)
    form = None
    if chosen is not None and cues:
        data = request.POST if request.method == "POST" else None
        form = ArcForm(data, chosen=cues, checkpoint=chosen, known=known, proposed=_proposed_cues(request, cues))
    if request.method == "POST" and form is not None and form.is_valid():
        by_number = {cue.number: cue for cue in cues}
        try:
            keep_settings(form)
            asked = request_for_cues(
                cues=[by_number[number] for number in form.cleaned_data["cues"]],
                themes=form.cleaned_data["themes"],
                count=form.cleaned_data["count"],
                checkpoint=form.chosen,
                style=form.cleaned_data.get("style", ""),
                stage=form.cleaned_data.get("stage", ""),
                sampling=form.sampling,
                constraints=form.constraints if any(form.constraints.values()) else None,
                preset=form.preset_name,
                created_by=request.user,
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            takes = sum(row.count for row in asked)
            words = ngettext("%(n)d take is asked for.", "%(n)d takes are asked for.", takes)
            messages.success(request, words % {"n": takes})
            return redirect("ask_film", slug)
    context = {"film": film, "cues": cues, "form": form, "place": "desk", **_chosen(form, cues)}
    return render(request, "generation/ask_film.html", context, status=400 if request.method == "POST" else 200)


@require_POST
@owner
def forget_settings(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Take a kept preset away; requests keep their numbers."""
    preset = get_object_or_404(Preset, public_id=public_id)
    forget_preset(preset=preset)
    messages.success(request, _("The preset %(name)s is gone.") % {"name": preset.name})
    return _back(request)


@require_POST
@owner
def pause_writing(request: SignedInRequest) -> HttpResponse:
    """Pause the writing of all takes, or let it go on."""
    if request.POST.get("do") == "on":
        go_on(queue="gpu")
        messages.success(request, _("The writing goes on."))
    else:
        pause_queue(queue="gpu", by=request.user)
        messages.success(request, _("Nothing more is begun. What is being written comes to its end."))
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    """To the desk that the form names, else to the workers."""
    cue = Cue.objects.filter(public_id=request.POST.get("cue", "")).select_related("film").first()
    return redirect("desk", cue.film.slug, cue.number) if cue else redirect("workers")


def _checkpoints(request: HttpRequest) -> tuple[list[Checkpoint], Checkpoint | None]:
    known = list(Checkpoint.objects.order_by("-pk"))
    wanted = request.POST.get("checkpoint") or request.GET.get("checkpoint")
    chosen = next((row for row in known if row.public_id == wanted), None)
    return known, chosen or (in_use(known) if known else None)


def _proposed(request: HttpRequest) -> dict[str, Any]:
    """What was entered in the form when it asks to be drawn anew: checkpoint, style, preset or number changed."""
    trigger = request.headers.get("HX-Trigger-Name", "")
    left_out = _OF_THE_CHECKPOINT if trigger == "checkpoint" else _OF_THE_PRESET if trigger == "preset" else set()
    return {name: request.GET.get(name, "") for name in request.GET if name in AskForm.base_fields.keys() - left_out}


def _proposed_cues(request: HttpRequest, cues: Sequence[Cue]) -> dict[str, Any]:
    told = _proposed(request)
    asked = request.GET.getlist("cues")
    if "count" not in request.GET and not asked:  # the page is opened: what has no take yet is chosen
        asked = [cue.number for cue in cues if cue.state == CueState.SPOTTED]
    return told | {"cues": asked, "themes": request.GET.get("themes", "")}


def _chosen(form: ArcForm | None, cues: Sequence[Cue]) -> Mapping[str, Any]:
    if form is None:
        return {"chosen": [], "expected": None}
    numbers = form["cues"].value() or []
    chosen = [cue for cue in cues if cue.number in numbers]
    return {"chosen": chosen, "expected": expected(form, chosen) if chosen else None}

"""The stages of a film's arc and what each asks of its music."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from curator.domain.briefs import brief_of_stage, set_wishes, shipped_brief, wishes_of
from curator.domain.errors import DomainError
from curator.models.film import ArcStage, Film
from curator.plan_forms import WishesForm
from curator.views.access import owner


@require_safe
@owner
def stage_briefs(request: HttpRequest, slug: str) -> HttpResponse:
    """Every stage with its brief, each in a form of its own."""
    return _page(request, get_object_or_404(Film, slug=slug), {})


@require_POST
@owner
def say_stage(request: HttpRequest, slug: str, position: int) -> HttpResponse:
    """Say what one stage asks for; what is left empty is what is shipped for its name."""
    film = get_object_or_404(Film, slug=slug)
    stage = get_object_or_404(film.stages, position=position)
    form = _form(stage, request.POST)
    if form.is_valid():
        try:
            set_wishes(of=stage, wishes=form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("stage_briefs", slug)
    return _page(request, film, {stage.pk: form}, status=400)


def _form(stage: ArcStage, data: Any = None) -> WishesForm:
    return WishesForm(
        data, inherited=shipped_brief(stage.name), initial=wishes_of(of=stage), prefix=f"stage{stage.position}"
    )


def _page(request: HttpRequest, film: Film, forms: dict[int, WishesForm], status: int = 200) -> HttpResponse:
    stages = film.stages.select_related("wishes")
    rows = [(stage, brief_of_stage(stage=stage), forms.get(stage.pk) or _form(stage)) for stage in stages]
    return render(request, "curator/stage_briefs.html", {"film": film, "rows": rows}, status=status)

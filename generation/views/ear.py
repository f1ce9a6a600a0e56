"""What the encoder says of a cue's takes, as places and small drawings; and the style it compares them with."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from curator.domain.errors import DomainError
from curator.models.film import Cue
from curator.models.ranking import Pair
from curator.views.access import SignedInRequest, owner
from generation.domain.ear import Ear, Heard, read_ear, request_scores, set_style, style_facts
from generation.forms import StyleForm

WIDTH, EDGE = 120, 5
"""Of the line on which the takes lie, in its own units."""


@dataclass(frozen=True)
class Row:
    """One take: where it lies on both lines, None where it has no number."""

    heard: Heard
    style_x: float | None
    fit_x: float | None


@require_safe
@owner
def ear(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """The page. While the reader has a pair of this cue to judge it shows no places."""
    cue = _cue(slug, number)
    facts = read_ear(cue=cue)
    style = style_facts(cue.film)
    blind = Pair.objects.filter(cue=cue, rater=request.user, closed_at__isnull=True).exists()
    rows = [] if blind else _rows(facts)
    context = {
        "cue": cue,
        "film": cue.film,
        "ear": facts,
        "rows": rows,
        "blind": blind,
        "style": style,
        "form": StyleForm(initial={"composers": style.composers, "tags": style.tags}),
        "ticks_style": [row.style_x for row in rows if row.style_x is not None],
        "ticks_fit": [row.fit_x for row in rows if row.fit_x is not None],
    }
    return render(request, "generation/ear.html", context)


@require_POST
@owner
def score(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """Have a worker score what is missing."""
    if request_scores(cue=_cue(slug, number), created_by=request.user) is None:
        messages.info(request, _("Nothing is missing."))
    return redirect("ear", slug, number)


@require_POST
@owner
def style(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Say which pieces are the film's style."""
    cue = _cue(slug, number)
    form = StyleForm(request.POST)
    if form.is_valid():
        try:
            set_style(film=cue.film, composers=form.cleaned_data["composers"], tags=form.cleaned_data["tags"])
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The style is set. Places are worked out anew when you ask for them."))
    else:
        messages.error(request, _("This choice does not exist."))
    return redirect("ear", slug, number)


def _cue(slug: str, number: str) -> Cue:
    return get_object_or_404(Cue.objects.select_related("film", "stage"), film__slug=slug, number=number)


def _rows(facts: Ear) -> list[Row]:
    return [Row(heard, _x(heard.style_at), _x(heard.fit_at)) for heard in facts.heard.values()]


def _x(at: float | None) -> float | None:
    return None if at is None else round(EDGE + at * (WIDTH - 2 * EDGE), 1)

"""What the encoder says of a cue's takes, as places and small drawings; and the style it compares them with."""

import sys
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from curator.domain.errors import DomainError
from curator.domain.sheets import Sheet, read_take_sheets
from curator.models.film import Cue
from curator.views.access import SignedInRequest, owner
from generation.domain.ear import (
    Ear,
    Heard,
    copy_limit,
    listens_blind,
    read_ear,
    request_scores,
    set_style,
    style_facts,
)
from generation.domain.encoders import choose_encoder
from generation.forms import StyleForm
from generation.models.encoders import Encoder

WIDTH, EDGE = 120, 5
"""Of the line on which the takes lie, in its own units."""
ORDERS = ("style", "brief", "number")


@dataclass(frozen=True)
class Row:
    """One take: its sheet, where it lies on the lines, None where it has no number.

    style_x: by the nearest pieces of the style; mean_x: by the mean of all; close_x: how near its nearest piece is,
    on a line from not at all to the same.
    """

    heard: Heard
    sheet: Sheet
    style_x: float | None
    mean_x: float | None
    fit_x: float | None
    close_x: float | None


@require_safe
@owner
def ear(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """The page, its takes in one of ORDERS (`by`). While the reader compares takes of this cue it shows no places.

    Asked by htmx it says whether a worker still reads: then nothing, else that the page is to be loaded again.
    """
    cue = _cue(slug, number)
    facts = read_ear(cue=cue)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204) if facts.job else HttpResponse(headers={"HX-Refresh": "true"})
    style = style_facts(cue.film)
    blind = listens_blind(cue=cue, rater=request.user)
    by = request.GET.get("by", "")
    by = by if by in ORDERS else ORDERS[0]
    rows = [] if blind else _rows(facts, by)
    encoders = list(Encoder.objects.all())
    context = {
        "cue": cue,
        "film": cue.film,
        "ear": facts,
        "rows": rows,
        "blind": blind,
        "by": by,
        "orders": [("style", _("near the style")), ("brief", _("near the brief")), ("number", _("by number"))],
        "style": style,
        "encoders": encoders,
        "form": StyleForm(initial={"composers": style.composers, "tags": style.tags}),
        "ticks_style": [row.style_x for row in rows if row.style_x is not None],
        "ticks_fit": [row.fit_x for row in rows if row.fit_x is not None],
        "limit_x": _x(copy_limit(facts.encoder)) if facts.encoder else None,
        "takes": cue.takes.exists(),
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
def use(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Use another encoder, for every cue."""
    row = Encoder.objects.filter(public_id=request.POST.get("encoder", "")).first()
    if row is None:
        messages.error(request, _("This choice does not exist."))
    else:
        choose_encoder(encoder=row)
        said = _("%(name)s is in use. Its places are worked out when you ask for them.")
        messages.success(request, said % {"name": row.name})
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


def _rows(facts: Ear, by: str) -> list[Row]:
    heard = sorted(facts.heard.values(), key=lambda one: _order(one, by))
    sheets = read_take_sheets(takes=[one.take for one in heard])
    return [
        Row(one, sheets[one.take.pk], _x(one.style_at), _x(one.mean_at), _x(one.fit_at), _x(one.score.closest))
        for one in heard
    ]


def _order(heard: Heard, by: str) -> tuple[int, int]:
    """The place by which a take stands in the table; those without one come last."""
    place = {"style": heard.nearest, "brief": heard.fit}.get(by)
    last = 0 if by == "number" else sys.maxsize
    return (place or last, heard.take.number)


def _x(at: float | None) -> float | None:
    return None if at is None else round(EDGE + min(max(at, 0.0), 1.0) * (WIDTH - 2 * EDGE), 1)

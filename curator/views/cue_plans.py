"""The plan of a film's cues, and of one of them: where it is, its tempo and bars, its hits, what is said of it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from curator.domain.arc import film_facts
from curator.domain.briefs import brief_of_stage, set_wishes, wishes_of
from curator.domain.cue_plan import CuePlan, Search, read_cue_plan, search_of
from curator.domain.errors import DomainError
from curator.domain.hits import add_hit, change_hit, delete_hit, make_hits, markers_of
from curator.domain.plans import Edge, clock_of, is_fitted, move_border, set_tempo, shot_borders
from curator.domain.spotting import (
    add_cue,
    bring_back,
    default_plan,
    describe_cue,
    merge_cues,
    remove_cue,
    renumber_cue,
    renumber_film,
    split_cue,
)
from curator.models.film import IN_PLAN, Cue, Film
from curator.plan_forms import (
    KEYS,
    METRES,
    BorderForm,
    HitForm,
    NewCueForm,
    SearchForm,
    TempoForm,
    WishesForm,
    WordsForm,
)
from curator.views.access import owner


@require_safe
@owner
def film_plan(request: HttpRequest, slug: str) -> HttpResponse:
    """All cues of a film with their plans; those that were set aside; a form for a new one."""
    film = _film(slug)
    return render(request, "curator/film_plan.html", _film_context(film, NewCueForm(clock=clock_of(film))))


@require_POST
@owner
def add_to_plan(request: HttpRequest, slug: str) -> HttpResponse:
    """Mark a new cue; without times, the default plan: a cue for each stage."""
    film = _film(slug)
    if "default" in request.POST:
        if not default_plan(film=film):
            messages.error(request, _("The default plan needs shots, and a film without cues."))
        return redirect("film_plan", slug)
    form = NewCueForm(request.POST, clock=clock_of(film))
    if form.is_valid():
        given = form.cleaned_data
        try:
            cue = add_cue(film=film, in_frame=given["begin"], out_frame=given["end"], title=given["title"])
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("cue_plan", slug, cue.number)
    return render(request, "curator/film_plan.html", _film_context(film, form), status=400)


@require_POST
@owner
def renumber_plan(request: HttpRequest, slug: str) -> HttpResponse:
    """Number all cues anew, as they follow each other."""
    renumber_film(film=_film(slug))
    messages.success(request, _("The cues are numbered as they follow each other."))
    return redirect("film_plan", slug)


@require_safe
@owner
def cue_plan(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """The plan of a cue, and the tempi that would fit it. A GET with `low` says what to look for."""
    cue = _cue(slug, number)
    form = SearchForm(request.GET) if "low" in request.GET else None
    search = form.search() if form is not None and form.is_valid() else None
    return _page(request, cue, search=search, forms={"search_form": form} if form and form.errors else {})


@require_POST
@owner
def move_cue_border(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Move the in or the out; JSON for a script that asks for it, else the page of the cue.

    edge: in or out. To `frame` (of the film, from 0), to `at` (timecode) or `by` so many frames. snap: frames within
    which the border of a shot draws. together: the neighbour's border moves with it. JSON: number, in_frame,
    out_frame, in, out (timecodes), seconds, bars, version, fitted; or error, with status 400.
    """
    cue = _cue(slug, number)
    form = BorderForm(request.POST, clock=clock_of(cue.film))
    wants_json = "application/json" in request.headers.get("Accept", "")
    sentence = _("Write a timecode, or choose a shot.")
    if form.is_valid():
        given = form.cleaned_data
        try:
            move_border(
                cue=cue,
                edge=Edge(given["edge"]),
                frame=form.frame_from(cue),
                snap=given["snap"] or 0,
                together=given["together"],
            )
        except DomainError as error:
            sentence = str(error)
        else:
            return JsonResponse(_told(cue)) if wants_json else redirect("cue_plan", slug, number)
    else:
        sentence = next((str(error) for errors in form.errors.values() for error in errors), sentence)
    if wants_json:
        return JsonResponse({"error": sentence}, status=400)
    messages.error(request, sentence)
    return redirect("cue_plan", slug, number)


@require_POST
@owner
def choose_tempo(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Write tempi, metre, bars, key and tail, from an option of the fitter or by hand."""
    cue = _cue(slug, number)
    form = TempoForm(request.POST, clock=clock_of(cue.film))
    if form.is_valid():
        given = form.cleaned_data
        try:
            set_tempo(
                cue=cue,
                tempo_map=given["tempi"],
                metre=given["metre"],
                bars=given["bars"],
                key=given["key"] or None,
                tail=given["tail"],
                tail_frame=given["tail_end"],
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            if is_fitted(cue):
                messages.success(request, _("The music ends with the picture."))
            else:
                messages.warning(request, _("Written, but these bars do not end with the picture."))
            return redirect("cue_plan", slug, number)
    return _page(request, cue, forms={"tempo_form": form}, status=400)


@require_POST
@owner
def describe(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Number, title, stage, brief, question, notes."""
    cue = _cue(slug, number)
    form = WordsForm(request.POST, cue=cue)
    if form.is_valid():
        given = dict(form.cleaned_data)
        try:
            wanted = given.pop("number")
            if wanted != cue.number:
                renumber_cue(cue=cue, number=wanted)
            describe_cue(cue=cue, **given)
        except DomainError as error:
            form.add_error("number", str(error))
        else:
            return redirect("cue_plan", slug, cue.number)
    cue = _cue(slug, number)
    return _page(request, cue, forms={"words_form": form}, status=400)


@require_POST
@owner
def wish(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """What this cue asks for other than its stage."""
    cue = _cue(slug, number)
    form = WishesForm(request.POST, inherited=brief_of_stage(stage=cue.stage))
    if form.is_valid():
        try:
            set_wishes(of=cue, wishes=form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("cue_plan", slug, number)
    return _page(request, cue, forms={"wishes_form": form}, status=400)


@require_POST
@owner
def hit(request: HttpRequest, slug: str, number: str, hit: int = 0) -> HttpResponse:
    """Add a hit, change one, or take one away (`do=delete`)."""
    cue = _cue(slug, number)
    row = get_object_or_404(cue.hits, pk=hit) if hit else None
    if row is not None and request.POST.get("do") == "delete":
        delete_hit(hit=row)
        return redirect("cue_plan", slug, number)
    form = HitForm(request.POST, clock=clock_of(cue.film), prefix=f"hit{hit}" if hit else None)
    if form.is_valid():
        given = form.cleaned_data
        said = {"label": given["label"], "hard": given["hard"], "weight": given["weight"], "frame": given["at"]}
        try:
            if row is None:
                add_hit(cue=cue, **said)
            else:
                row.cue = cue
                change_hit(hit=row, **said)
        except DomainError as error:
            form.add_error("at", str(error))
        else:
            return redirect("cue_plan", slug, number)
    return _page(request, cue, forms={f"hit_form_{hit}": form}, status=400)


@require_POST
@owner
def take_markers(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Make hits of the markers that were chosen (`frame`): hard ones, or soft ones with `do=soft`."""
    frames = {int(frame) for frame in request.POST.getlist("frame") if frame.isdecimal() and len(frame) < 10}
    made = make_hits(cue=_cue(slug, number), frames=frames, hard=request.POST.get("do") != "soft")
    if made:
        words = ngettext("%(n)d marker is a hit now.", "%(n)d markers are hits now.", len(made))
        messages.success(request, words % {"n": len(made)})
    else:
        messages.error(request, _("Choose at least one marker."))
    return redirect("cue_plan", slug, number)


@require_POST
@owner
def split(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """End the cue at a frame and begin a new one there."""
    cue = _cue(slug, number)
    form = BorderForm({"edge": "in", "at": request.POST.get("at", "")}, clock=clock_of(cue.film))
    return _done(
        request, cue, lambda: split_cue(cue=cue, frame=form.frame_from(cue) if form.is_valid() else cue.in_frame)
    )


@require_POST
@owner
def merge(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Make one cue of this one and another."""
    cue = _cue(slug, number)
    other = get_object_or_404(_cues(slug), number=request.POST.get("with", ""))
    return _done(request, cue, lambda: merge_cues(first=cue, second=other), to_result=True)


@require_POST
@owner
def remove(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Delete a cue nothing was written for; set another aside."""
    cue = _cue(slug, number)
    if remove_cue(cue=cue):
        messages.success(request, _("%(number)s is deleted.") % {"number": number})
    else:
        messages.success(request, _("%(number)s is set aside with its takes.") % {"number": number})
    return redirect("film_plan", slug)


@require_POST
@owner
def back(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Bring a cue back that was set aside."""
    cue = bring_back(cue=_cue(slug, number))
    messages.success(request, _("%(number)s is back in the plan.") % {"number": cue.number})
    return redirect("cue_plan", slug, cue.number)


def _done(request: HttpRequest, cue: Cue, act: Callable[[], Cue], *, to_result: bool = False) -> HttpResponse:
    slug, number = cue.film.slug, cue.number
    try:
        result = act()
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("cue_plan", slug, number)
    return redirect("cue_plan", slug, result.number if to_result else number)


def _told(cue: Cue) -> dict[str, Any]:
    clock = clock_of(cue.film)
    return {
        "number": cue.number,
        "in_frame": cue.in_frame,
        "out_frame": cue.out_frame,
        "in": clock.label(cue.in_frame),
        "out": clock.label(cue.out_frame),
        "seconds": cue.seconds,
        "bars": cue.bars,
        "version": cue.version,
        "fitted": is_fitted(cue),
    }


def _page(
    request: HttpRequest, cue: Cue, *, search: Search | None = None, forms: dict[str, Any], status: int = 200
) -> HttpResponse:
    plan = read_cue_plan(cue=cue, search=search)
    context = {**_context(plan), **{name: form for name, form in forms.items() if not name.startswith("hit_form")}}
    context["hit_rows"] = [
        (facts, forms.get(f"hit_form_{facts.hit.pk}") or _hit_form(plan, facts.hit.pk)) for facts in plan.hits
    ]
    context["new_hit"] = forms.get("hit_form_0") or HitForm(clock=clock_of(cue.film))
    return render(request, "curator/cue_plan.html", context, status=status)


def _hit_form(plan: CuePlan, pk: int) -> HitForm:
    facts = next(facts for facts in plan.hits if facts.hit.pk == pk)
    said = {
        "at": facts.timecode,
        "label": facts.hit.label,
        "hard": "hard" if facts.hit.hard else "soft",
        "weight": f"{facts.hit.weight:g}",
    }
    return HitForm(clock=clock_of(plan.cue.film), prefix=f"hit{pk}", initial=said)


def _context(plan: CuePlan) -> dict[str, Any]:
    cue, film = plan.cue, plan.cue.film
    clock, search = clock_of(film), plan.search
    others = list(film.cues.filter(IN_PLAN).exclude(pk=cue.pk).order_by("in_frame"))
    tempi = " ".join(f"{bar}:{tempo:g}" for bar, tempo in cue.tempo_map)
    written = f"{cue.tempo_map[0][1]:g}" if len(cue.tempo_map) == 1 else tempi
    borders = shot_borders(film=film)
    return {
        "plan": plan,
        "cue": cue,
        "film": film,
        "edges": [
            {
                "edge": edge.value,
                "at": clock.label(frame),
                "before": max((border for border in borders if border < frame), default=None),
                "after": min((border for border in borders if border > frame), default=None),
                "neighbour": next((other.number for other in others if getattr(other, meets) == frame), ""),
            }
            for edge, frame, meets in (
                (Edge.IN, cue.in_frame, "out_frame"),
                (Edge.OUT, cue.out_frame, "in_frame"),
            )
        ],
        "borders": [(clock.label(border), border) for border in borders],
        "search_form": SearchForm(
            initial={
                "low": f"{search.low:g}",
                "high": f"{search.high:g}",
                "metres": search.metres,
                "tail": f"{search.tail:g}" if search.tail else "",
            }
        ),
        "tempo_form": TempoForm(
            clock=clock,
            initial={
                **{"tempi": written, "metre": cue.metre, "bars": cue.bars, "key": cue.key, "tail": cue.tail},
                "tail_end": plan.tail_end,
            },
        ),
        "words_form": WordsForm(cue=cue),
        "wishes_form": WishesForm(inherited=brief_of_stage(stage=cue.stage), initial=wishes_of(of=cue)),
        "splits": [clock.label(border) for border in borders if cue.in_frame < border < cue.out_frame],
        "others": others,
        "metres": METRES,
        "keys": KEYS,
        "options": [
            (option, "" if option.tail_frame is None else clock.label(option.tail_frame))
            for option in (*plan.steady, *plan.maps)
        ],
        "default_search": search == search_of(plan.brief),
        "markers": [(clock.label(marker.frame), marker) for marker in markers_of(cue=cue)],
    }


def _film_context(film: Film, form: NewCueForm) -> dict[str, Any]:
    facts = film_facts(film=film)
    whole = facts.seconds or 1.0
    counts = {cue.pk: cue.hits.all() for cue in (each.cue for each in facts.cues)}
    clock = clock_of(film)
    return {
        "film": film,
        "facts": facts,
        "form": form,
        "rows": [(each, clock.label(each.cue.out_frame), len(counts[each.cue.pk])) for each in facts.cues],
        "blocks": [
            (each, round(100 * each.start / whole, 2), round(100 * (each.end - each.start) / whole, 2))
            for each in facts.cues
        ],
        "shots": [round(100 * shot.start / whole, 2) for shot in facts.shots],
        "aside": film.cues.filter(practice=False, set_aside_at__isnull=False),
        "stages_url": reverse("stage_briefs", args=[film.slug]),
    }


def _film(slug: str) -> Film:
    return get_object_or_404(Film, slug=slug, practice=False)


def _cues(slug: str) -> Any:
    return Cue.objects.filter(film__slug=slug, practice=False).select_related("film", "stage__wishes", "wishes")


def _cue(slug: str, number: str) -> Cue:
    row: Cue = get_object_or_404(_cues(slug), number=number)
    return row

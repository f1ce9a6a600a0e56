"""Files of the film team: put in, looked at, saved into a film."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from curator.domain.errors import DomainError
from curator.domain.storyboard import Saved, counts_of, keep_file, read_file, remarks_of, save_import
from curator.domain.storyboard_fates import Fate, ImportPlan, SceneFate, ShotFate
from curator.domain.storyboard_plan import plan_import
from curator.film.breakdown import people
from curator.film_forms import StoryboardForm
from curator.models.film import Film
from curator.models.storyboard import StoryboardImport
from curator.views.access import SignedInRequest, owner

MOST_SHOWN = 300
"""Shots in the preview; the rest is counted."""


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def film_import(request: SignedInRequest, slug: str) -> HttpResponse:
    """The form for a file, and the files that came before; POST keeps a file and goes to the look at it."""
    film = get_object_or_404(Film.objects.real(), slug=slug)
    form = StoryboardForm(request.POST, request.FILES) if request.method == "POST" else StoryboardForm()
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            row = keep_file(film=film, name=file.name or "", data=file.read(), by=request.user)
        except DomainError as error:
            form.add_error("file", str(error))
        else:
            return redirect("film_import_look", slug, row.public_id)
    context = {"film": film, "form": form, "imports": film.imports.defer("data")[:50], "shots": film.shots.exists()}
    return render(request, "curator/film_import.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def film_import_look(request: SignedInRequest, slug: str, public_id: str) -> HttpResponse:
    """What saving a file would do; POST saves it. Of a saved one, what was told of it."""
    row = get_object_or_404(StoryboardImport.objects.select_related("film"), film__slug=slug, public_id=public_id)
    film, remove = row.film, (request.POST or request.GET).get("remove") == "1"
    context: dict[str, Any] = {"film": film, "row": row, "remove": remove}
    if request.method == "POST":
        try:
            saved = save_import(row=row, remove_gone=remove)
        except DomainError as error:
            messages.error(request, str(error))
            return redirect("film_import_look", slug, public_id)
        for sentence in _sentences(saved):
            messages.success(request, sentence)
        return redirect("film_shots", slug)
    if row.saved_at:
        return render(request, "curator/film_import_saved.html", {**context, "remarks": remarks_of(row)})
    try:
        board = read_file(film=film, data=bytes(row.data))
    except DomainError as error:  # the film's frame rate has changed since
        return render(request, "curator/film_import_look.html", {**context, "trouble": str(error)}, status=400)
    plan = plan_import(film=film, board=board, remove_gone=remove)
    groups, more = _by_scene(plan)
    context |= {
        "plan": plan,
        "counts": counts_of(board),
        "fates": [(fate, plan.count(fate)) for fate in Fate if plan.count(fate)],
        "groups": groups,
        "more": more,
        "people": _people(plan),
        "droppable": bool({Fate.GONE, Fate.REMOVED} & plan.fates),
        "seconds": float(plan.frames / film.fps),
    }
    return render(request, "curator/film_import_look.html", context)


@require_POST
@owner
def film_import_drop(_request: SignedInRequest, slug: str, public_id: str) -> HttpResponse:
    """Leave a file that was not saved."""
    get_object_or_404(Film.objects.real(), slug=slug)
    StoryboardImport.objects.filter(film__slug=slug, public_id=public_id, saved_at=None).delete()
    return redirect("film_import", slug)


def _by_scene(plan: ImportPlan) -> tuple[list[tuple[SceneFate, list[ShotFate]]], int]:
    """The shots to be shown, by scenes in the order of the film, and how many more there are."""
    fates = {id(told.scene): told for told in plan.scenes}
    shown = [one for one in plan.shots if one.fate not in (Fate.SAME, Fate.ASIDE) or one.kept]
    groups: list[tuple[SceneFate, list[ShotFate]]] = []
    for one in shown[:MOST_SHOWN]:
        scene = one.shot.scene
        if not groups or groups[-1][0].scene is not scene:
            groups.append((fates.get(id(scene)) or SceneFate(scene, Fate.ASIDE), []))
        groups[-1][1].append(one)
    alone = {id(group[0].scene) for group in groups}
    groups += [(told, []) for told in plan.scenes if told.changes and id(told.scene) not in alone]
    return groups, len(shown[MOST_SHOWN:])


def _people(plan: ImportPlan) -> list[str]:
    """Who is in the file, in the order of their coming, without their states."""
    parts = [*(scene.fields for scene in plan.board.scenes), *(shot.fields for shot in plan.board.shots)]
    names = dict.fromkeys(name for fields in parts for name in people(dict(fields)))
    speakers = dict.fromkeys(speech.character for scene in plan.board.scenes for speech in scene.speeches)
    return list(speakers or names)[:40]


def _sentences(saved: Saved) -> Iterable[str]:
    plan = saved.plan
    words = _("Saved: %(new)d shots are new, %(changed)d changed, %(same)d as before, %(removed)d removed.")
    yield words % {
        "new": plan.count(Fate.NEW),
        "changed": plan.count(Fate.CHANGED),
        "same": plan.count(Fate.SAME),
        "removed": plan.count(Fate.REMOVED),
    }
    if plan.board.markers:
        count = len(plan.board.markers)
        yield ngettext(
            "%(n)d marker can be made a hit in the plan of its cue.",
            "%(n)d markers can be made hits in the plans of their cues.",
            count,
        ) % {"n": count}
    if saved.new_cues:
        count = len(saved.new_cues)
        yield ngettext(
            "%(n)d cue was marked, for the arc's one stage.", "%(n)d cues were marked, one for each stage.", count
        ) % {"n": count}
    if saved.moved_cues:
        yield _("Cues that moved with their shots: %(numbers)s.") % {"numbers": ", ".join(saved.moved_cues)}

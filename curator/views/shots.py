"""The scenes and shots of a film: to look through, to type lengths and words."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from curator.domain.errors import DomainError
from curator.domain.plans import ShotSpan, shot_spans
from curator.domain.shots import edit_shot, read_length, set_lengths, spread_runtime
from curator.film.lengths import runtime_frames
from curator.film_forms import ShotForm
from curator.models.film import Cue, Film, Scene, Shot
from curator.templatetags.film import seconds_of
from curator.views.access import SignedInRequest, owner

MOST_SHOTS = 400
"""On one page; a longer film shows one scene at a time."""


@dataclass
class Row:
    """A shot in the list; `text` is the length as it was typed, `error` what is wrong with it."""

    span: ShotSpan
    text: str
    error: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def film_shots(request: SignedInRequest, slug: str) -> HttpResponse:
    """All scenes and shots, each with its length in a field; POST keeps the lengths that were typed."""
    film = get_object_or_404(Film.objects.real(), slug=slug)
    spans = shot_spans(film=film)
    scenes = {scene.pk: scene for scene in film.scenes.all()}
    for span in spans:
        span.shot.scene = scenes[span.shot.scene_id]
    chosen = request.GET.get("scene", "")
    if not chosen and len(spans) > MOST_SHOTS:
        chosen = str(spans[0].shot.scene.number)
    rows = [
        Row(span, seconds_of(film, span.shot.length_frames))
        for span in spans
        if not chosen or str(span.shot.scene.number) == chosen
    ]
    wrong = False
    if request.method == "POST":
        lengths = _typed(request, film, rows)
        wrong = any(row.error for row in rows)
        if not wrong:
            try:
                _tell(request, set_lengths(film=film, lengths=lengths), len(lengths))
            except DomainError as error:
                messages.error(request, str(error))
            return redirect(request.get_full_path())
    context = {
        "film": film,
        "groups": _groups(rows),
        "scenes": sorted(scenes.values(), key=lambda scene: scene.number),
        "chosen": chosen,
        "shots": len(spans),
        "frames": spans[-1].end if spans else 0,
        "estimated": sum(span.shot.estimated for span in spans),
        "off": _off(film, spans),
    }
    return render(request, "curator/film_shots.html", context, status=400 if wrong else 200)


def _typed(request: SignedInRequest, film: Film, rows: list[Row]) -> dict[str, int]:
    """The lengths that differ from what stood in the fields; wrong ones are noted in their rows."""
    lengths = {}
    for row in rows:
        text = request.POST.get(f"length-{row.span.shot.pk}", row.text).strip()
        if text == row.text:
            continue
        row.text = text
        try:
            lengths[row.span.shot.code] = read_length(text=text, film=film)
        except DomainError as error:
            row.error = str(error)
    return lengths


def _groups(rows: list[Row]) -> list[tuple[Scene, list[Row]]]:
    """Rows in the order of the film, a group whenever the scene changes."""
    groups: list[tuple[Scene, list[Row]]] = []
    for row in rows:
        if not groups or groups[-1][0] != row.span.shot.scene:
            groups.append((row.span.shot.scene, []))
        groups[-1][1].append(row)
    return groups


def _off(film: Film, spans: list[ShotSpan]) -> int:
    """Frames that the film is longer (or, below zero, shorter) than its runtime allows; 0 where it fits."""
    if film.runtime_low is None or film.runtime_high is None or not spans:
        return 0
    low, high = (runtime_frames(end, end, film.fps) for end in (film.runtime_low, film.runtime_high))
    return min(0, spans[-1].end - low) + max(0, spans[-1].end - high)


def _tell(request: SignedInRequest, cues: list[Cue], lengths: int) -> None:
    if lengths:
        messages.success(request, _("The lengths are kept; no import changes them."))
    if cues:
        numbers = ", ".join(cue.number for cue in cues)
        messages.success(request, _("Cues that moved with their shots: %(numbers)s.") % {"numbers": numbers})


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def film_shot(request: SignedInRequest, slug: str, code: str) -> HttpResponse:
    """A shot with all that is said of it; POST keeps its words and its length."""
    film = get_object_or_404(Film.objects.real(), slug=slug)
    shot = get_object_or_404(Shot.objects.select_related("scene"), film=film, code=code)
    told = {
        "description": shot.description,
        "dialogue": shot.dialogue,
        "length": seconds_of(film, shot.length_frames),
        "estimated": shot.estimated,
    }
    form = ShotForm(request.POST) if request.method == "POST" else ShotForm(initial=told)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            same = said["length"] == told["length"]
            cues = edit_shot(
                shot=shot,
                description=_lines(said["description"]),
                dialogue=_lines(said["dialogue"]),
                frames=shot.length_frames if same else read_length(text=said["length"], film=film),
                estimated=said["estimated"],
            )
        except DomainError as error:
            form.add_error("length", str(error))
        else:
            messages.success(request, _("%(code)s is kept as you wrote it.") % {"code": shot.code})
            _tell(request, cues, 0)
            return redirect("film_shot", slug, code)
    spans = shot_spans(film=film)
    at = next(place for place, span in enumerate(spans) if span.shot.pk == shot.pk)
    context = {
        "film": film,
        "shot": shot,
        "form": form,
        "span": spans[at],
        "before": spans[at - 1].shot if at else None,
        "after": spans[at + 1].shot if at + 1 < len(spans) else None,
    }
    return render(request, "curator/film_shot.html", context, status=400 if form.errors else 200)


def _lines(text: str) -> str:
    """Text of a browser's field, whose lines end with \\r\\n, as it is stored."""
    return text.replace("\r\n", "\n")


@require_POST
@owner
def spread_lengths(request: SignedInRequest, slug: str) -> HttpResponse:
    """Spread the runtime over the lengths that are estimates."""
    film = get_object_or_404(Film.objects.real(), slug=slug)
    try:
        cues = spread_runtime(film=film)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The runtime is spread over the estimated shots anew."))
        _tell(request, cues, 0)
    return redirect("film_shots", slug)

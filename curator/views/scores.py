"""A score on its page: engraved, playable, with where it comes from. For a piece of the library or a take of a cue."""

import asyncio

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import aget_object_or_404, get_object_or_404, redirect, render
from django.utils.formats import number_format
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from curator.domain.corpus import read_axes
from curator.domain.rendering import SOUND, request_mp3, request_rendering
from curator.domain.sheets import read_sheet
from curator.domain.strips import read_strip, request_strip
from curator.models.film import Cue, Film
from curator.models.library import MediaFile, PieceVersion, Rendering, RenderingState
from curator.models.ranking import Take
from curator.views.access import SignedInRequest, owner, the_owner
from curator.views.media import send_media
from curator.views.score_facts import history_of, score_facts
from curator.views.steps import step_of
from curator.views.versions import version_of

# What of the sampling a reader is told; the rest belongs to the machine.
SAMPLING = {"top_k": "top-k", "top_p": "top-p", "temperature": "t"}

VIEWS = ("page", "continuous", "abc")
SIZES = (50, 65, 80, 100, 125, 150, 200)
"""Sizes of the score in percent, as js/score_view.js has them."""

MP3_WAIT_SECONDS = 45.0
MP3_POLL_SECONDS = 0.3


@require_safe
@owner
def score(request: SignedInRequest, public_id: str) -> HttpResponse:
    """A version of a piece at its written tempo; with the id of a piece, its newest version."""
    return _page(request, version_of(public_id), take=None)


@require_safe
@owner
def take(request: SignedInRequest, slug: str, number: str, take: int) -> HttpResponse:
    """A take of a cue at the cue's tempo."""
    found = _take(slug, number, take)
    return _page(request, found.version, take=found)


@require_POST
@owner
def render_again(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Ask once more for what failed; with `cue` (the id of a cue) at that cue's tempo."""
    version = version_of(public_id)
    cue = Cue.objects.filter(public_id=request.POST.get("cue", "")).first()
    tempo_map = cue.tempo_map if cue else ()
    request_rendering(version=version, tempo_map=tempo_map, again=True, created_by=request.user, priority=5)
    if request.POST.get("strip"):
        request_strip(version=version, tempo_map=tempo_map, again=True, created_by=request.user)
    messages.success(request, _("The score is being engraved again."))
    if cue and (put_up := cue.takes.filter(version=version).first()):
        return redirect("take", cue.film.slug, cue.number, put_up.number)
    return redirect("score", version.public_id)


@require_safe
@owner
def score_musicxml(_request: SignedInRequest, public_id: str) -> HttpResponse:
    """The MusicXML of a version as a file."""
    version = version_of(public_id)
    if not version.musicxml:
        raise Http404
    name = f"{slugify(version.piece.title) or 'score'}.musicxml"
    return HttpResponse(
        version.musicxml,
        content_type="application/vnd.recordare.musicxml+xml",
        headers={"Content-Disposition": content_disposition_header(True, name)},
    )


@require_safe
async def sound_mp3(request: HttpRequest, key: str) -> HttpResponseBase:
    """The MP3 of a sound, for players without Ogg. The first request waits until a worker has made it."""
    await the_owner(request)
    sound = await aget_object_or_404(Rendering, key=key, target=SOUND, state=RenderingState.READY)
    made = MediaFile.objects.filter(
        rendering_files__rendering=sound, rendering_files__role="mp3", rendering_files__number=1
    )
    asked = False
    for _turn in range(1 + round(MP3_WAIT_SECONDS / MP3_POLL_SECONDS)):
        if media := await made.afirst():
            return await send_media(request, media)
        if not asked:
            await sync_to_async(request_mp3)(sound=sound)
            asked = True
        await asyncio.sleep(MP3_POLL_SECONDS)
    return HttpResponse(status=503, headers={"Retry-After": "10"})


def _take(slug: str, number: str, take_number: int) -> Take:
    takes = Take.objects.select_related("cue__film", "cue__stage", "version__piece__source")
    return get_object_or_404(takes, cue__film__slug=slug, cue__number=number, number=take_number)


def _page(request: SignedInRequest, version: PieceVersion, *, take: Take | None) -> HttpResponse:
    tempo_map = take.cue.tempo_map if take else ()
    view = request.GET.get("view", "")
    view = view if view in VIEWS else VIEWS[0]
    sheet = read_sheet(version=version, tempo_map=tempo_map)
    if sheet.engraving is None or sheet.sound is None:
        # Never drawn at this tempo, or restored from a backup, which holds no files.
        request_rendering(version=version, tempo_map=tempo_map, created_by=request.user, priority=5)
        sheet = read_sheet(version=version, tempo_map=tempo_map)
    strip = None
    if view == "continuous" and sheet.drawn:
        strip = request_strip(version=version, tempo_map=tempo_map, created_by=request.user)
    made = (sheet.engraving, sheet.sound, strip)
    waiting = any(row is not None and row.state == RenderingState.PENDING for row in made)
    if request.headers.get("HX-Request"):
        # The waiting page asks every two seconds; when nothing is to be made any more it is loaded anew.
        return HttpResponse(status=204) if waiting else HttpResponse(headers={"HX-Refresh": "true"})
    size = step_of(request, "size", SIZES, usual=100)
    context = {
        "version": version,
        "piece": version.piece,
        "take": take,
        "cue": take.cue if take else None,
        "film": take.cue.film if take else None,
        "sheet": sheet,
        "waiting": waiting,
        "view": view,
        "strip": read_strip(strip) if strip else "",
        "strip_trouble": _(strip.error) if strip and strip.state == RenderingState.FAILED else "",
        "size": size.now,
        "smaller": size.smaller,
        "larger": size.larger,
        "facts": score_facts(version, sheet, take),
        "axes": read_axes(piece=version.piece),
        "making": _making(version),
        "theme_films": [take.cue.film] if take else list(Film.objects.real().order_by("pk")),
        "named": version.themes.select_related("film").order_by("first_bar"),
        "versions": history_of(version),
        "place": "desk" if take else "library",
    }
    return render(request, "curator/score.html", context)


def _making(version: PieceVersion) -> list[tuple[str, str]]:
    """How a generated piece was made, in the order a reader asks for it."""
    making = version.piece.making
    labels = {
        "checkpoint": _("Checkpoint"),
        "seed": _("Seed"),
        "prompt": _("Prompt"),
        "sampling": _("Sampling"),
        "engine": _("Engine"),
    }
    rows = []
    for key, label in labels.items():
        value = making.get(key)
        if key == "checkpoint" and value:
            # The whole hash stands in the files; here its beginning tells two checkpoints of one name apart.
            value = ", ".join(filter(None, (making.get("checkpoint_name"), str(value)[:8])))
        elif isinstance(value, dict):
            value = ", ".join(
                f"{SAMPLING[name]} {number_format(part)}" for name, part in value.items() if name in SAMPLING
            )
        elif isinstance(value, list):
            value = ", ".join(str(part).lstrip("%") for part in value)
        if value not in (None, ""):
            rows.append((label, str(value)))
    return rows

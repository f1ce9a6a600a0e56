"""The film's picture: the video under which cues are heard, stills of shots, and what is seen under one cue."""

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curator.domain.errors import DomainError
from curator.domain.listening import picture_of
from curator.domain.pictures import PartMisplaced, add_part, picture_file, remove_picture, set_picture
from curator.domain.stills import add_stills, remove_still
from curator.forms import PartForm, PictureForm, StillsForm
from curator.models.film import Cue, Film
from curator.models.stills import Still
from curator.views.access import SignedInRequest, owner
from curator.views.media import media_url
from curator.views.stills import stills_url


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def picture(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the picture and the stills; POST puts another video in its place, or takes it away."""
    film = get_object_or_404(Film.objects.real(), slug=slug)
    form = PictureForm(request.POST, request.FILES) if request.method == "POST" else PictureForm()
    if request.method == "POST" and "remove" in request.POST:
        remove_picture(film=film)
        return redirect("film_picture", slug)
    if request.method == "POST" and form.is_valid():
        try:
            set_picture(film=film, file=form.cleaned_data["video"].file)
        except DomainError as error:
            form.add_error("video", str(error))
        else:
            messages.success(request, _("Cues of this film are heard under the picture now."))
            return redirect("film_picture", slug)
    return _page(request, film, form, StillsForm())


def _page(request: SignedInRequest, film: Film, form: PictureForm, stills: StillsForm) -> HttpResponse:
    found = picture_file(film=film)
    context = {
        "film": film,
        "form": form,
        "stills": stills,
        "video": found,
        "video_url": media_url(found, request.user) if found else "",
        "shots": film.shots.select_related("still").defer("fields", "edited"),
        "stills_url": stills_url(film),
    }
    status = 400 if form.errors or stills.errors else 200
    return render(request, "curator/film_picture.html", context, status=status)


@require_POST
@owner
def picture_part(request: SignedInRequest, slug: str) -> HttpResponse:
    """Take a part of a video; JSON says how much is there. The last part makes it the film's picture.

    A part that does not follow what is there is refused with 409 and the place to go on from; without a part it
    only tells that place.
    """
    film = get_object_or_404(Film.objects.real(), slug=slug)
    form = PartForm(request.POST, request.FILES)
    if not form.is_valid():
        return JsonResponse({"error": _("This is no part of a video.")}, status=400)
    told = form.cleaned_data
    part = told["part"]
    try:
        there, kept = add_part(
            film=film,
            upload=told["upload"],
            offset=told["offset"],
            total=told["total"],
            part=part.file if part else None,
        )
    except PartMisplaced as error:
        return JsonResponse({"offset": error.there}, status=409)
    except DomainError as error:
        return JsonResponse({"error": str(error)}, status=400)
    if kept is None:
        return JsonResponse({"offset": there})
    messages.success(request, _("Cues of this film are heard under the picture now."))
    return JsonResponse({"offset": there, "done": reverse("film_picture", args=[slug])})


@require_POST
@owner
def stills(request: SignedInRequest, slug: str) -> HttpResponse:
    """Add stills; with `remove` (a shot's code) take that shot's away. With a part of a page asked for, JSON."""
    film = get_object_or_404(Film.objects.real(), slug=slug)
    if "remove" in request.POST:
        still = get_object_or_404(Still, shot__film=film, shot__code=request.POST["remove"])
        remove_still(still=still)
        return redirect("film_picture", slug)
    form = StillsForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, film, PictureForm(), form)
    code = form.cleaned_data["shot"]
    shot = get_object_or_404(film.shots, code=code) if code else None
    files = form.cleaned_data["stills"]
    added = add_stills(film=film, pictures=((file.name or "", file.read()) for file in files), shot=shot)
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"kept": len(added.kept), "refused": added.refused})
    if added.kept:
        words = ngettext("%(n)d shot has a still now.", "%(n)d shots have a still now.", len(added.kept))
        messages.success(request, words % {"n": len(added.kept)})
    for name, sentence in added.refused[:20]:
        messages.warning(request, f"{name}: {sentence}")
    return redirect("film_picture", slug)


@require_safe
@owner
def cue_picture(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """What is seen under a cue, a part of a page: the video, or the stills and words of its shots."""
    cue = get_object_or_404(Cue.objects.select_related("film"), film__slug=slug, number=number)
    seen = picture_of(cue=cue)
    context = {
        "cue": cue,
        "film": cue.film,
        "picture": seen,
        "video_url": media_url(seen.video, request.user) if seen.video else "",
        "stills_url": stills_url(cue.film),
    }
    return render(request, "curator/cue_picture.html", context)

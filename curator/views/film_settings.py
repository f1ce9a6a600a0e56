"""A new film, and what is said of one: title, frame rate, timecode, runtime."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from curator.domain.errors import DomainError
from curator.domain.films import change_film, create_film, create_film_of
from curator.domain.plans import clock_of
from curator.film.timecode import RATES, frame_rate
from curator.film_forms import FilmForm, NewFilmForm
from curator.models.film import Film
from curator.templatetags.look import clock
from curator.views.access import SignedInRequest, owner


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def new_film(request: SignedInRequest) -> HttpResponse:
    """The form for a film; with a file one comes to the look at it, without to where a file is put in."""
    form = NewFilmForm(request.POST, request.FILES) if request.method == "POST" else NewFilmForm()
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        told = {"title": said["title"], "fps": said["fps"], "language": said["language"]}
        file = said["file"]
        try:
            if file:
                row = create_film_of(name=file.name or "", data=file.read(), by=request.user, **told)
                return redirect("film_import_look", row.film.slug, row.public_id)
            return redirect("film_import", create_film(**told).slug)
        except DomainError as error:
            form.add_error("file" if file else "title", str(error))
    return render(request, "curator/new_film.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def film_settings(request: SignedInRequest, slug: str) -> HttpResponse:
    """What is said of a film; POST changes it."""
    film = get_object_or_404(Film.objects.real(), slug=slug)
    told = {
        "title": film.title,
        "logline": film.logline,
        "language": film.language,
        "fps": rate_name(film),
        "drop_frame": film.drop_frame,
        "start": clock_of(film).label(0),
        "runtime": _runtime(film),
    }
    form = FilmForm(request.POST, initial=told) if request.method == "POST" else FilmForm(initial=told)
    if request.method == "POST" and form.is_valid():
        try:
            change_film(film=film, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The film is kept as you said."))
            return redirect("film_settings", slug)
    return render(
        request, "curator/film_settings.html", {"film": film, "form": form}, status=400 if form.errors else 200
    )


def rate_name(film: Film) -> str:
    """The name of a film's frame rate: 24, 29.97; of an unusual one the fraction."""
    return next((name for name in RATES if frame_rate(name) == film.fps), str(film.fps))


def _runtime(film: Film) -> str:
    ends = [clock(end) for end in dict.fromkeys((film.runtime_low, film.runtime_high)) if end is not None]
    return "–".join(ends)

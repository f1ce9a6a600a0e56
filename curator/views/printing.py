"""Pages to be printed or saved as PDF by the browser: a cue's score, the film as a book, the cue sheet."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from curator.domain.book import read_book
from curator.models.film import Film
from curator.views.access import SignedInRequest, owner


@never_cache
@require_safe
@owner
def print_film(request: SignedInRequest, slug: str) -> HttpResponse:
    """The film as a book."""
    film = get_object_or_404(Film.objects.real(), slug=slug)
    book = read_book(film=film, by=request.user)
    context = {"film": film, "book": book, "waiting": book.waiting, "back": reverse("delivery", args=[slug])}
    return render(request, "curator/print_film.html", context)


@never_cache
@require_safe
@owner
def print_sheet(request: SignedInRequest, slug: str) -> HttpResponse:
    """The cue sheet."""
    film = get_object_or_404(Film.objects.real(), slug=slug)
    book = read_book(film=film, by=request.user, drawn=False)
    context = {"film": film, "book": book, "back": reverse("delivery", args=[slug])}
    return render(request, "curator/print_sheet.html", context)


@never_cache
@require_safe
@owner
def print_cue(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """A clean score of one approved cue; 404 while none is."""
    film = get_object_or_404(Film.objects.real(), slug=slug)
    book = read_book(film=film, by=request.user, numbers=[number])
    if not book.pages:
        raise Http404
    context = {"film": film, "page": book.pages[0], "waiting": book.waiting}
    return render(request, "curator/print_cue.html", context | {"back": reverse("delivery", args=[slug])})

"""Stills of shots: served to the owner at addresses that never change, so that a browser keeps them."""

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import aget_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from curator.domain.stills import still_file
from curator.models.film import Film
from curator.views.access import the_owner
from curator.views.media import send_media

_ANY = "0" * 64


@require_safe
async def still(request: HttpRequest, slug: str, sha256: str) -> HttpResponseBase:
    """The picture of a shot of this film, large or small, by its content."""
    await the_owner(request)
    film = await aget_object_or_404(Film, slug=slug)
    found = await sync_to_async(still_file)(film=film, sha256=sha256)
    if found is None:
        raise Http404
    return await send_media(request, found)


def stills_url(film: Film) -> str:
    """What the addresses of a film's stills begin with; "<sha256>.webp" follows."""
    return reverse("still", args=[film.slug, _ANY]).removesuffix(f"{_ANY}.webp")

"""The wall of a film: its music so far, cue by cue."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from curator.domain.arc import LIT
from curator.domain.wall import read_wall
from curator.models.film import CueState, Film
from curator.views.access import SignedInRequest, owner


@never_cache
@require_safe
@owner
def wall(request: SignedInRequest, slug: str) -> HttpResponse:
    """Every cue with its approved or leading take, and the owner's word on it."""
    film = get_object_or_404(Film, slug=slug)
    panels = read_wall(film=film)
    decided = next((panel.cue for panel in panels if panel.cue.state == CueState.DECIDED), None)
    return render(
        request,
        "curator/wall.html",
        {
            "film": film,
            "panels": panels,
            "lit": sum(panel.cue.state in LIT for panel in panels),
            "decided": decided,
        },
    )

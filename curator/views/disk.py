"""What takes the room on the disk."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from curator.domain.disk import disk_facts
from curator.views.access import owner


@require_safe
@owner
def disk(request: HttpRequest) -> HttpResponse:
    """Each kind of thing and what it takes, and what is left."""
    try:
        facts = disk_facts()
    except OSError:
        facts = None
    return render(request, "curator/disk.html", {"facts": facts})

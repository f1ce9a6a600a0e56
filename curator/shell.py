"""What every page's frame needs: the films to choose from and the work that is going on."""

from typing import Any

from django.http import HttpRequest

from curator.models.accounts import User
from curator.models.film import Film
from curator.models.jobs import Job


def context(request: HttpRequest) -> dict[str, Any]:
    """Lazily: nothing is read unless the template asks for it."""
    if not isinstance(getattr(request, "user", None), User):
        return {}
    return {
        "shell_films": lambda: Film.objects.order_by("title"),
        "shell_jobs": lambda: Job.objects.open().order_by("-priority", "created_at")[:5],
    }

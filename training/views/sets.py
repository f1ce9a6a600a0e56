"""The training room: frozen sets of training files."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from curator.views.access import owner
from training.models.sets import TrainingSet


@require_safe
@owner
def training(request: HttpRequest) -> HttpResponse:
    """All sets, the newest first."""
    sets = TrainingSet.objects.order_by("-created_at", "-pk").defer("manifest")
    return render(request, "training/training.html", {"sets": sets})

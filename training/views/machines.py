"""Rented machines: what RunPod has of ours now, what there was, and the month's money; else how renting is set up."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from curator.domain.errors import DomainError
from curator.views.access import owner
from training.domain.pods import there_now
from training.domain.renting import account, missing, spent_this_month
from training.executors.runpod import RunPodError
from training.models.rounds import RemotePod

SHOWN = 50


@require_safe
@owner
def machines(request: HttpRequest) -> HttpResponse:
    """RunPod is asked each time, so that the page can say that nothing runs."""
    rows = RemotePod.objects.select_related("round").order_by("-pk")
    context: dict[str, Any] = {"pods": rows[:SHOWN], "lacking": missing(), "total": rows.count(), "shown": SHOWN}
    if not context["lacking"]:
        context |= {"spent": spent_this_month(), "bound": settings.RENT_MONTH_EUR, **_there()}
    return render(request, "training/rented.html", context)


def _there() -> dict[str, Any]:
    try:
        with account(timeout=10.0) as client:
            return {"there": there_now(client)}
    except (RunPodError, DomainError) as error:
        return {"unknown": _("RunPod does not answer, so nobody knows what runs: %(reason)s") % {"reason": error}}

"""Workers and what waits for them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from curator import jobs
from curator.domain.workers import workers_facts
from curator.models.jobs import Job
from curator.shell import open_jobs
from curator.views.access import owner


@require_safe
@owner
def workers(request: HttpRequest) -> HttpResponse:
    """Who is there, what each does, what waits."""
    facts = workers_facts()
    template = "curator/workers_live.html" if request.headers.get("HX-Request") else "curator/workers.html"
    return render(request, template, {"facts": facts})


@require_safe
@owner
def job_chip(request: HttpRequest) -> HttpResponse:
    """The chip of the top bar, asked for again while something is open."""
    return render(request, "components/job_chip.html", {"jobs": open_jobs()})


@require_POST
@owner
def cancel_job(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask for the end of a job."""
    jobs.cancel(get_object_or_404(Job, public_id=public_id))
    messages.success(request, _("The job ends at its next step."))
    return redirect("workers")

"""Workers and what waits for them."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from curator import jobs
from curator.domain import turns
from curator.domain.joining import keeps_others_out
from curator.domain.workers import workers_facts
from curator.models.film import Cue
from curator.models.jobs import Job, Worker
from curator.shell import open_jobs
from curator.views.access import SignedInRequest, owner


@require_safe
@owner
def workers(request: HttpRequest) -> HttpResponse:
    """Who is there, what each does, what waits."""
    facts = workers_facts()
    if request.headers.get("HX-Request"):
        return render(request, "curator/workers_live.html", {"facts": facts})
    return render(request, "curator/workers.html", {"facts": facts, "keeps_out": keeps_others_out()})


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


@require_POST
@owner
def free_gpu(request: SignedInRequest) -> HttpResponse:
    """Give a machine's GPU to other programs, or take it again; back to the desk that the form names, or here."""
    machine = request.POST.get("machine", "")
    if not Worker.objects.filter(machine=machine).exists():
        raise Http404
    if request.POST.get("do") == "again":
        turns.take_gpu_again(machine=machine)
        messages.success(request, _("%(machine)s works again.") % {"machine": machine})
    else:
        turns.free_gpu(machine=machine, by=request.user)
        messages.success(
            request, _("%(machine)s is being freed. What it did goes back and waits.") % {"machine": machine}
        )
    cue = Cue.objects.filter(public_id=request.POST.get("cue", "")).select_related("film").first()
    return redirect("desk", cue.film.slug, cue.number) if cue else redirect("workers")

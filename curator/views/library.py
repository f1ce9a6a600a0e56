"""The library: what there is, and how more comes in."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curator.domain import saved_views
from curator.domain.catalogue import read_catalogue
from curator.domain.errors import DomainError
from curator.domain.library import (
    IMPORT_JOBS,
    About,
    count_imports,
    forget_import,
    recent_imports,
    retry_import,
)
from curator.domain.parcels import upload_file
from curator.filters import address_of, wanted_from
from curator.forms import ScoresForm
from curator.models.jobs import Job, JobState
from curator.models.library import SavedView
from curator.notation.intake import MOST_UPLOAD
from curator.views.access import SignedInRequest, owner
from curator.views.chips import chips, sorts

MOST_REFUSED = 3
"""So many refused uploads stand on the shelf before the pieces; all of them stand where they were added."""


@require_safe
@owner
def library(request: SignedInRequest) -> HttpResponse:
    """The pieces as cards or rows, found by words and narrowed by what they are; uploads on their way first."""
    wanted = wanted_from(request.GET)
    catalogue = read_catalogue(wanted=wanted)
    imports = [] if wanted.narrowed or catalogue.page > 1 else _unfinished()
    refused = [job for job in imports if not job.is_open]
    hidden = refused[MOST_REFUSED:]
    imports = [job for job in imports if job not in hidden]
    partial = request.headers.get("HX-Target") == "shelf"
    context = {
        "wanted": wanted,
        "catalogue": catalogue,
        "imports": imports,
        "hidden": len(hidden),
        "live": catalogue.pending or any(job.is_open for job in imports),
        "chips": chips(wanted),
        "sorts": [(value, label, address_of(wanted, sort=value)) for value, label in sorts()],
        "views": list(SavedView.objects.filter(created_by=request.user)),
        "address": address_of(wanted),
        "as_grid": address_of(wanted, view=""),
        "as_list": address_of(wanted, view="list"),
        "again": address_of(wanted, page=catalogue.page if catalogue.page > 1 else ""),
        "before": address_of(wanted, page=catalogue.page - 1) if catalogue.page > 1 else "",
        "after": address_of(wanted, page=catalogue.page + 1) if catalogue.page < catalogue.pages else "",
        "partial": partial,
    }
    return render(request, "curator/library_shelf.html" if partial else "curator/library.html", context)


@require_POST
@owner
def keep_view(request: SignedInRequest) -> HttpResponse:
    """Keep what the library shows under a name."""
    address = _address(request)
    try:
        saved_views.keep_view(name=request.POST.get("name", ""), address=address.removeprefix("?"), by=request.user)
        messages.success(request, _("The view is kept."))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect(reverse("library") + address)


@require_POST
@owner
def forget_view(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Take a kept view off the list."""
    view = get_object_or_404(SavedView, public_id=public_id, created_by=request.user)
    saved_views.forget_view(view=view)
    messages.success(request, _("The view %(name)s is gone; its pieces stay.") % {"name": view.name})
    return redirect("library")


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def add_scores(request: SignedInRequest) -> HttpResponse:
    """The form for files, and what became of the last ones."""
    posted = request.method == "POST"
    form = ScoresForm(request.POST, request.FILES) if posted else ScoresForm()
    refused: list[tuple[str, str]] = []
    if posted and form.is_valid():
        taken = 0
        for file in form.cleaned_data["scores"]:
            try:
                data = file.read(MOST_UPLOAD + 1)  # one byte too many is enough to be refused
                upload_file(name=file.name, data=data, about=_about(form), created_by=request.user)
                taken += 1
            except DomainError as error:
                refused.append((file.name, str(error)))
        if taken:
            words = ngettext("%(n)d file is being read.", "%(n)d files are being read.", taken) % {"n": taken}
            messages.success(request, words)
        if not refused:
            return redirect("add_scores")
    context = {"form": form, "refused": refused, **_imports()}
    return render(request, "curator/add_scores.html", context, status=400 if posted else 200)


@require_safe
@owner
def imports(request: HttpRequest) -> HttpResponse:
    """The list of uploads alone, asked for again while one is being read."""
    return render(request, "curator/imports.html", _imports())


@require_POST
@owner
def retry(request: HttpRequest, public_id: str) -> HttpResponse:
    """Read a refused upload again, or do what is left of a list."""
    try:
        retry_import(job=_import(public_id))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("add_scores")


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def forget(request: HttpRequest, public_id: str) -> HttpResponse:
    """GET asks, POST takes a refused upload off the list."""
    job = _import(public_id)
    if request.method != "POST":
        return render(request, "curator/forget_import.html", {"job": job})
    try:
        forget_import(job=job)
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("library")


def _import(public_id: str) -> Job:
    return get_object_or_404(Job, kind__in=IMPORT_JOBS, public_id=public_id)


def _imports() -> dict[str, Any]:
    """The last uploads, and how many there are in all that wait or were refused."""
    waiting, refused = count_imports()
    return {"imports": recent_imports(), "waiting": waiting, "refused_in_all": refused}


def _unfinished() -> list[Job]:
    """Uploads that are being read or were refused."""
    return [job for job in recent_imports() if job.state != JobState.DONE]


def _about(form: ScoresForm) -> About:
    several = len(form.cleaned_data["scores"]) > 1
    return About(
        title="" if several else form.cleaned_data["title"],
        composer=form.cleaned_data["composer"],
        period=form.cleaned_data["period"],
        instrumentation=form.cleaned_data["instrumentation"],
        tags=form.cleaned_data["tags"],
    )


def _address(request: HttpRequest) -> str:
    """The address of the library that a form was sent from, read as any other address."""
    return address_of(wanted_from(QueryDict(request.POST.get("query", "").removeprefix("?")[:4000])))

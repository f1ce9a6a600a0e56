"""Practice briefs: made here, written on the desk, heard and ranked as cues are."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from curator.domain.errors import DomainError
from curator.domain.practice import add_brief, practice_film, read_briefs, remove_brief
from curator.forms import BriefForm
from curator.models.film import Cue
from curator.views.access import SignedInRequest, owner


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def practice(request: SignedInRequest) -> HttpResponse:
    """All practice briefs; POST adds one and goes to its desk."""
    form = BriefForm(request.POST) if request.method == "POST" else BriefForm()
    if request.method == "POST" and form.is_valid():
        try:
            cue = add_brief(**form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("desk", cue.film.slug, cue.number)
    context = {"form": form, "briefs": read_briefs(), "film": practice_film()}
    return render(request, "curator/practice.html", context, status=400 if form.errors else 200)


@require_POST
@owner
def forget_brief(request: SignedInRequest, number: str) -> HttpResponse:
    """Remove a brief without takes."""
    cue = get_object_or_404(Cue, film__practice=True, number=number)
    try:
        remove_brief(cue=cue)
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("practice")

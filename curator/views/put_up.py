"""Putting up music that is there: pieces of the library, files of old outputs, an edited version."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from curator.domain.errors import DomainError
from curator.domain.library import About, PutUp
from curator.domain.parcels import upload_file
from curator.domain.takes import pieces_to_put_up, put_up_pieces, put_up_take
from curator.forms import PutUpForm
from curator.models.film import Cue
from curator.notation.intake import MOST_UPLOAD
from curator.views.access import SignedInRequest, owner
from curator.views.versions import version_of


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def put_up(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """Pieces of the library and files that are put up for a cue as takes."""
    cue = get_object_or_404(Cue.objects.select_related("film"), film__slug=slug, number=number)
    words = request.GET.get("q", "").replace("\0", " ")[:200]
    chosen = request.POST.getlist("piece") or request.GET.getlist("piece")
    posted = request.method == "POST"
    form = PutUpForm(request.POST, request.FILES) if posted else PutUpForm()
    refused: list[tuple[str, str]] = []
    if posted and form.is_valid():
        cohort = form.cleaned_data["cohort"]
        takes = put_up_pieces(cue=cue, pieces=form.cleaned_data["piece"], cohort=cohort)
        reading = 0
        for file in form.cleaned_data["scores"]:
            try:
                data = file.read(MOST_UPLOAD + 1)
                upload_file(
                    name=file.name,
                    data=data,
                    about=About(tags=(cohort,) if cohort else ()),
                    put_up=PutUp(cue, cohort),
                    created_by=request.user,
                )
                reading += 1
            except DomainError as error:
                refused.append((file.name, str(error)))
        if takes:
            said = ngettext("%(n)d piece is put up.", "%(n)d pieces are put up.", len(takes))
            messages.success(request, said % {"n": len(takes)})
        if reading:
            said = ngettext("%(n)d file is being read.", "%(n)d files are being read.", reading)
            messages.success(request, f"{said % {'n': reading}} {_('It is put up as soon as it is in the library.')}")
        if not refused:
            return redirect("desk", slug, number)
    context = {
        "cue": cue,
        "film": cue.film,
        "form": form,
        "refused": refused,
        "words": words,
        "found": pieces_to_put_up(cue=cue, words=words, chosen=chosen[:100]),
        "chosen": chosen,
        "place": "desk",
    }
    partial = request.headers.get("HX-Request") == "true"
    template = "curator/put_up_list.html" if partial else "curator/put_up.html"
    return render(request, template, context, status=400 if posted else 200)


@require_POST
@owner
def put_up_version(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Put the version that is looked at up for a cue."""
    version = version_of(public_id)
    cue = get_object_or_404(Cue.objects.select_related("film"), public_id=request.POST.get("cue", ""))
    take = put_up_take(cue=cue, version=version)
    messages.success(request, _("It is put up as take %(number)d.") % {"number": take.number})
    return redirect("desk", cue.film.slug, cue.number)

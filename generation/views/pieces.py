"""What stands on a piece: the form of its page, whose words come from what models were trained with."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from curator.domain.errors import DomainError
from curator.domain.metadata import PieceFacts, describe_piece
from curator.domain.tags import STAGE
from curator.models.library import Piece, PieceVersion
from curator.views.access import SignedInRequest, owner
from generation.domain.words import read_vocabulary
from generation.forms import PieceForm


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def about(request: SignedInRequest, public_id: str) -> HttpResponse:
    """The words, source, rights, tags and stages of a piece; words that no model knows are kept with a warning."""
    piece = _piece(public_id)
    words = read_vocabulary()
    posted = request.method == "POST"
    form = PieceForm(request.POST) if posted else PieceForm(initial=_initial(piece))
    if posted and form.is_valid():
        try:
            describe_piece(piece=piece, facts=PieceFacts(**form.facts()))
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("What stands on the piece is kept."))
            said = {name: form.cleaned_data[name] for name in ("period", "composer", "instrumentation")}
            if warning := words.never_seen(**said):
                messages.warning(request, warning)
            return redirect("score", piece.public_id)
    warning = words.never_seen(period=piece.period, composer=piece.composer, instrumentation=piece.instrumentation)
    context = {"form": form, "piece": piece, "words": words, "warning": "" if posted else warning}
    partial = request.headers.get("HX-Request") == "true"
    template = "generation/piece_form.html" if partial else "generation/piece_about.html"
    return render(request, template, context, status=400 if posted else 200)


def _piece(public_id: str) -> Piece:
    """The piece of this id, or that of the version with it, as on the page of a score."""
    found = Piece.objects.filter(public_id=public_id).select_related("source").first()
    if found is None:
        version = PieceVersion.objects.filter(public_id=public_id).select_related("piece__source").first()
        if version is None:
            raise Http404
        found = version.piece
    return found


def _initial(piece: Piece) -> dict[str, object]:
    tags = list(piece.tags.order_by("name"))
    return {
        "title": piece.title,
        "composer": piece.composer,
        "period": piece.period,
        "instrumentation": piece.instrumentation,
        "source": piece.source,
        "tags": ", ".join(tag.name for tag in tags if tag.kind == ""),
        "stages": [tag.name for tag in tags if tag.kind == STAGE],
    }

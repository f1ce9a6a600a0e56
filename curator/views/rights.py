"""Rights: who may train, what is in copyright and was confirmed for what, and the sources with their terms."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from curator.domain.errors import DomainError
from curator.domain.metadata import SourceFacts, describe_source
from curator.domain.rights import (
    AllowedComposer,
    confirm_rights,
    in_copyright,
    set_training_composers,
    training_composers,
    unconfirmed,
)
from curator.forms import ComposersFormSet, SourceForm
from curator.models.library import Piece, Source
from curator.models.rights import Purpose, RightsConfirmation
from curator.views.access import SignedInRequest, owner


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def rights(request: SignedInRequest) -> HttpResponse:
    """The page; POST puts another list of composers in force."""
    posted = request.method == "POST"
    there = [{"name": entry.name, "rights": entry.rights} for entry in training_composers()]
    composers = ComposersFormSet(request.POST) if posted else ComposersFormSet(initial=there)
    if posted and composers.is_valid():
        rows = [form.cleaned_data for form in composers if form.cleaned_data.get("name")]
        try:
            set_training_composers(
                composers=[AllowedComposer(row["name"], row["rights"]) for row in rows], by=request.user
            )
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The list of composers is kept."))
            return redirect("rights")
    bound = in_copyright(_library())
    context = {
        "composers": composers,
        "bound": len(bound),
        "waiting": [(purpose, len(unconfirmed(pieces=bound, purpose=purpose))) for purpose in Purpose],
        "confirmations": RightsConfirmation.objects.select_related("by").order_by("-pk")[:20],
        "sources": Source.objects.annotate(count=Count("pieces", filter=Q(pieces__archived_at__isnull=True))).order_by(
            "name", "pk"
        ),
    }
    return render(request, "curator/rights.html", context, status=400 if posted else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def confirm(request: SignedInRequest, purpose: str) -> HttpResponse:
    """Names the pieces in copyright; POST confirms the chosen ones for this purpose, or takes that back."""
    if purpose not in Purpose.values:
        raise Http404
    wanted = Purpose(purpose)
    bound = in_copyright(_library())
    waiting = unconfirmed(pieces=bound, purpose=wanted)
    if request.method == "POST":
        granted = request.POST.get("answer") != "back"
        named = [piece for piece in bound if piece.public_id in request.POST.getlist("piece")]
        try:
            confirm_rights(pieces=named, purpose=wanted, by=request.user, granted=granted)
        except DomainError as error:
            messages.error(request, str(error))
        else:
            done = (
                ngettext("%(n)d piece is confirmed.", "%(n)d pieces are confirmed.", len(named))
                if granted
                else ngettext("%(n)d piece is held back again.", "%(n)d pieces are held back again.", len(named))
            )
            messages.success(request, done % {"n": len(named)})
        return redirect(reverse("confirm_rights", args=[wanted]))
    still = {piece.pk for piece in waiting}
    context = {
        "purpose": wanted,
        "waiting": waiting,
        "granted": [piece for piece in bound if piece.pk not in still],
    }
    return render(request, "curator/confirm_rights.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def source(request: SignedInRequest, source: int) -> HttpResponse:
    """The terms of one source, for all of its pieces."""
    row = get_object_or_404(Source, pk=source)
    posted = request.method == "POST"
    form = SourceForm(request.POST) if posted else SourceForm(initial=vars(row))
    if posted and form.is_valid():
        try:
            describe_source(source=row, facts=SourceFacts(**form.cleaned_data))
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The source is kept."))
            return redirect("rights")
    context = {"form": form, "source": row, "count": row.pieces.filter(archived_at__isnull=True).count()}
    return render(request, "curator/source.html", context, status=400 if posted else 200)


def _library() -> list[Piece]:
    rows = Piece.objects.filter(archived_at__isnull=True).select_related("source").order_by("composer", "title", "pk")
    return list(rows.only("public_id", "title", "composer", "archived_at", "merged_into", "source"))

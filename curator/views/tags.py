"""Words on many pieces at a stroke, and the page on which words are written another way."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from curator.domain import tags as words_of
from curator.domain.errors import DomainError
from curator.domain.wanted import shelf, wanted_pieces
from curator.filters import address_of, wanted_from
from curator.forms import TagForm
from curator.models.library import Tag
from curator.views.access import owner


@require_POST
@owner
def tag_pieces(request: HttpRequest) -> HttpResponse:
    """Put words on the chosen pieces, or on all that the shelf has found; and back to it."""
    wanted = wanted_from(QueryDict(request.POST.get("query", "").removeprefix("?")[:4000]))
    form = TagForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect(reverse("library") + address_of(wanted, page=wanted.page if wanted.page > 1 else ""))
    told = form.cleaned_data
    pieces = list(wanted_pieces(wanted) if told["all"] else shelf().filter(public_id__in=told["piece"]))
    adding = told["do"] == "add"
    try:
        count = words_of.tag_pieces(
            pieces=pieces, add=told["words"] if adding else (), remove=() if adding else told["words"]
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        words = ", ".join(told["words"])
        if not count:
            messages.error(request, _("Choose the pieces first."))
        elif adding:
            text = ngettext("%(words)s is on %(n)d piece.", "%(words)s is on %(n)d pieces.", count)
            messages.success(request, text % {"words": words, "n": count})
        else:
            text = ngettext("%(words)s is off %(n)d piece.", "%(words)s is off %(n)d pieces.", count)
            messages.success(request, text % {"words": words, "n": count})
    return redirect(reverse("library") + address_of(wanted, page=wanted.page if wanted.page > 1 else ""))


@require_safe
@owner
def tags(request: HttpRequest) -> HttpResponse:
    """Every word of the library with how many pieces have it."""
    on_shelf = Count("pieces", filter=Q(pieces__archived_at__isnull=True))
    rows = Tag.objects.exclude(kind=words_of.STAGE).annotate(n=on_shelf).order_by("name")
    return render(request, "curator/tags.html", {"tags": rows})


@require_POST
@owner
def rename_tag(request: HttpRequest, tag: int) -> HttpResponse:
    """Write a word another way; two that are then the same become one."""
    row = get_object_or_404(Tag, pk=tag)
    before = row.name
    try:
        after = words_of.rename_tag(tag=row, name=request.POST.get("name", ""))
        messages.success(request, _("%(before)s is now %(after)s.") % {"before": before, "after": after.name})
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("tags")

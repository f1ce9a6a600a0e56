"""The delivery page, and the files that go to Digital Director."""

from django.contrib import messages
from django.forms.models import model_to_dict
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from curator.domain.arc import film_facts
from curator.domain.deliveries import read_film_delivery
from curator.domain.delivery import deliver_cue, deliver_film
from curator.domain.errors import DomainError
from curator.domain.media import CONTENT_TYPES, read_media
from curator.domain.preparing import change_settings
from curator.film.spans import CueSpan, StageSpan
from curator.film.strip import draw_strip
from curator.forms import DeliverySettingsForm
from curator.models.delivery import Delivery, DeliverySettings
from curator.models.film import Cue, Film
from curator.views.access import SignedInRequest, owner


@never_cache
@require_safe
@owner
def delivery(request: SignedInRequest, slug: str) -> HttpResponse:
    """What can go: every cue with its checks, the package, what went out before."""
    film = get_object_or_404(Film, slug=slug)
    facts = film_facts(film=film)
    strip = draw_strip(
        seconds=facts.seconds,
        stages=[StageSpan(t.stage.name, t.stage.colour, t.start, t.end, t.stage.curve) for t in facts.stages],
        cues=[CueSpan(each.cue.number, each.cue.title, (), each.start, each.end) for each in facts.cues],
    )
    now = read_film_delivery(film=film, cues=[each.cue for each in facts.cues])
    context = {
        "film": film,
        "now": now,
        "rows": list(zip(now.lines, facts.cues, strict=True)),
        "strip": strip,
        "spans": list(zip(strip.spans, facts.cues, strict=True)),
        "form": DeliverySettingsForm(initial=_settings(film, now.settings)),
        "folders": list(dict.fromkeys(file.folder for file in now.files if file.folder)),
    }
    return render(request, "curator/delivery.html", context)


@require_POST
@owner
def deliver_one(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """Hand over one file of an approved cue, its score unless `kind` names another: the answer is the file."""
    cue = get_object_or_404(Cue.objects.select_related("film"), film__slug=slug, number=number)
    try:
        suffix = f".{request.POST.get('kind', 'musicxml')}"
        handed = deliver_cue(cue=cue, by=request.user, suffix=suffix)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("delivery", slug)
    return _download(handed.delivery.filename, handed.data)


@require_POST
@owner
def deliver_package(request: SignedInRequest, slug: str) -> HttpResponse:
    """Hand over the approved cues of the film, or those that are ticked: the answer is the package."""
    film = get_object_or_404(Film, slug=slug)
    chosen = request.POST.getlist("cue") if "chosen" in request.POST else None
    try:
        if chosen == []:
            raise DomainError(_("Tick at least one cue."))
        handed = deliver_film(film=film, by=request.user, numbers=chosen)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("delivery", slug)
    for problem in handed.problems:
        messages.warning(request, f"{problem.cue.number}: {problem.sentence}")
    return _download(handed.delivery.filename, handed.data)


@require_POST
@owner
def delivery_settings(request: SignedInRequest, slug: str) -> HttpResponse:
    """Say what stands in the film's files, and how its tables are written."""
    film = get_object_or_404(Film.objects.real(), slug=slug)
    form = DeliverySettingsForm(request.POST)
    if form.is_valid():
        change_settings(film=film, **form.cleaned_data)
        messages.success(request, _("From now on the files say so."))
    else:
        messages.error(request, str(next(iter(form.errors.values()))[0]))
    return redirect("delivery", slug)


@require_safe
@owner
def delivered_file(request: SignedInRequest, public_id: str) -> HttpResponse:  # noqa: ARG001 (every view has it)
    """A file as it was handed over once."""
    row = get_object_or_404(Delivery.objects.select_related("media"), public_id=public_id)
    if row.media is None:
        raise Http404
    try:
        data = read_media(row.media)
    except FileNotFoundError as error:
        raise Http404 from error
    return _download(row.filename, data)


def _settings(film: Film, wanted: DeliverySettings) -> dict[str, object]:
    return {"composer_line": film.composer_line, **model_to_dict(wanted)}


def _download(filename: str, data: bytes) -> HttpResponse:
    suffix = filename[filename.rindex(".") :]
    return HttpResponse(
        data,
        content_type=CONTENT_TYPES[suffix],
        headers={
            "Content-Disposition": f'attachment; filename="{filename}"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )

"""The blind A/B page: one question, two sounds, five answers. Nothing on it tells the two takes apart."""

from fractions import Fraction

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from curator.domain.errors import DomainError
from curator.domain.listening import Picture, picture_of
from curator.domain.ranking import (
    SoundPending,
    last_judgement,
    next_pair,
    read_sitting,
    record_judgement,
    sound_file,
    undo_judgement,
)
from curator.domain.standings import read_standings
from curator.film.tempo import Metre, Section, TempoMap
from curator.forms import JudgementForm
from curator.models.accounts import User
from curator.models.film import Cue, CueState
from curator.models.ranking import Answer, Pair
from curator.preference.stop import ENOUGH_P_BEST
from curator.views.access import SignedInRequest, rater
from curator.views.media import media_url, send_media


@never_cache
@require_safe
@rater
def listen(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """The pair that this listener is to hear now, or what is missing for one."""
    cue = _cue(slug, number)
    pair = next_pair(cue=cue, rater=request.user, audible=True)
    if request.headers.get("HX-Request"):  # the waiting page asks whether it may go on
        return HttpResponse(headers={"HX-Refresh": "true"}) if pair else HttpResponse(status=204)
    if pair is None:
        takes = cue.takes.in_the_running().count()
        return render(request, "curator/listen_wait.html", {"cue": cue, "film": cue.film, "takes": takes})
    return _page(request, cue, pair)


@require_POST
@rater
def judge(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """Write one answer down and go on to the next pair."""
    cue = _cue(slug, number)
    form = JudgementForm(request.POST)
    pair = get_object_or_404(Pair, cue=cue, public_id=form.data.get("pair", ""))
    if not form.is_valid():
        trouble = " ".join(str(error) for errors in form.errors.values() for error in errors)
        messages.error(request, trouble)
        own = pair.rater_id == request.user.pk and pair.closed_at is None
        return _page(request, cue, pair, status=400) if own else redirect("listen", slug, number)
    try:
        record_judgement(
            pair=pair,
            rater=request.user,
            answer=form.cleaned_data["answer"],
            listening=form.cleaned_data["report"],
        )
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("listen", slug, number)


@require_POST
@rater
def undo(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """Take the last answer back; the same pair comes again."""
    try:
        undo_judgement(cue=_cue(slug, number), rater=request.user)
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("listen", slug, number)


@require_safe
async def sound(request: HttpRequest, token: str) -> HttpResponseBase:
    """The sound of one side of an open pair, for the listener it was handed to, as long as it is open."""
    user = await request.auser()
    if not isinstance(user, User):
        raise Http404
    try:
        media = await sync_to_async(sound_file)(token=token, rater=user, mp3=request.GET.get("as") == "mp3")
    except SoundPending as pending:
        return HttpResponse(str(pending), status=503, headers={"Retry-After": "1"}, content_type="text/plain")
    if media is None:
        raise Http404
    # the hash of the content would tell whether a take was heard before
    return await send_media(request, media, version=token)


def _cue(slug: str, number: str) -> Cue:
    return get_object_or_404(
        Cue.objects.select_related("film", "stage", "first_shot", "last_shot"), film__slug=slug, number=number
    )


def _page(request: SignedInRequest, cue: Cue, pair: Pair, status: int = 200) -> HttpResponse:
    last = last_judgement(cue=cue, rater=request.user)
    standings = read_standings(cue=cue)
    picture = picture_of(cue=cue)
    return render(
        request,
        "curator/listen.html",
        {
            "cue": cue,
            "film": cue.film,
            "pair": pair,
            "question": cue.question or _("Which one serves this scene better?"),
            "sides": [
                {"letter": "A", "side": "left", "token": pair.left_token, "keys": "1 a"},
                {"letter": "B", "side": "right", "token": pair.right_token, "keys": "2 b"},
            ],
            "waiting": _waiting(cue),
            "picture": picture,
            "video_url": _video_url(picture, request.user),
            "bars": bar_starts(cue),
            "standings": standings,
            "sure": round(100 * standings.certainty.p_best) if standings.votes and standings.certainty else 0,
            "enough": round(100 * ENOUGH_P_BEST),
            "last": last,
            "neither": last is not None and last.answer == Answer.BAD,
            "sitting": read_sitting(rater=request.user),
            "min_listen": settings.MIN_LISTEN_SECONDS,
        },
        status=status,
    )


def _waiting(cue: Cue) -> Cue | None:
    """The next cue of the film that wants ears."""
    others = cue.film.cues.filter(state=CueState.TO_RANK, practice=False).exclude(pk=cue.pk).order_by("position")
    return others.filter(position__gt=cue.position).first() or others.first()


def _video_url(picture: Picture, user: User) -> str:
    return media_url(picture.video, user) if picture.video else ""


def bar_starts(cue: Cue) -> list[float]:
    """Seconds at which the bars of the cue's plan begin, and where the last one ends; the same for every take."""
    beats, unit = (int(part) for part in cue.metre.split("/"))
    plan = cue.tempo_map or [[1, 60]]
    tempo = TempoMap(tuple(Section(int(bar), Metre(beats, unit), Fraction(str(quarters))) for bar, quarters in plan))
    return [round(float(tempo.length(bar)), 3) for bar in range(cue.bars + 1)]

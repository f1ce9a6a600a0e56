"""The blind A/B page: one question, two sounds, five answers. Nothing on it tells the two takes apart."""

from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from curator.domain.errors import DomainError
from curator.domain.listening import Picture, picture_of
from curator.domain.matches import heard_out
from curator.domain.pair_sounds import SoundPending, sound_of
from curator.domain.ranking import last_judgement, next_pair, prepare_pair, record_judgement, undo_judgement
from curator.domain.reasons import SPEAKING, reasons_of
from curator.domain.sittings import next_cue, read_sitting
from curator.domain.standings import read_sureness
from curator.film.tempo import tempo_map_of
from curator.forms import JudgementForm
from curator.models.accounts import User
from curator.models.film import Cue, CueState
from curator.models.ranking import Answer, Judgement, Pair, ReasonTag
from curator.preference.stop import ENOUGH_P_BEST
from curator.views.access import SignedInRequest, rater
from curator.views.media import media_url, send_bytes

FIRST_REASON_KEY = 3
"""1 and 2 are the sides; the reasons have the digits after them."""


def words_of(answer: str) -> str:
    """An answer as its button says it."""
    return {
        Answer.LEFT: _("A serves it better"),
        Answer.RIGHT: _("B serves it better"),
        Answer.TIE: _("Equal"),
        Answer.BAD: _("Neither"),
        Answer.SKIP: _("Skipped"),
    }[Answer(answer)]


def listen_url(name: str, cue: Cue, request: SignedInRequest, *, whole: bool = False) -> str:
    """A page of listening to a cue; a sitting through all cues stays one, and becomes one with `whole`."""
    return _within(reverse(name, args=[cue.film.slug, cue.number]), request, whole)


def whole_sitting(request: SignedInRequest) -> bool:
    """Whether one goes from cue to cue: listeners always, the owner when he asked for it."""
    return not request.user.is_owner or "sitting" in request.GET


@never_cache
@require_safe
@rater
def listen(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """The pair that this listener is to hear now, or what is missing for one."""
    cue = _cue(slug, number)
    if request.user.warmed_up_at is None:
        return HttpResponseRedirect(f"{reverse('warm_up')}?{urlencode({'next': request.get_full_path()})}")
    pair = next_pair(cue=cue, rater=request.user, audible=True)
    if request.headers.get("HX-Request"):  # the waiting page asks whether it may go on
        return HttpResponse(headers={"HX-Refresh": "true"}) if pair else HttpResponse(status=204)
    if pair is None:
        if whole_sitting(request) and (other := next_cue(rater=request.user, here=cue)) and other != cue:
            return HttpResponseRedirect(listen_url("listen", other, request))
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
        here = listen_url("listen", cue, request)
        return _page(request, cue, pair, status=400) if own else HttpResponseRedirect(here)
    try:
        record_judgement(
            pair=pair,
            rater=request.user,
            answer=form.cleaned_data["answer"],
            listening=form.cleaned_data["report"],
        )
    except DomainError as error:
        messages.error(request, str(error))
    if not whole_sitting(request):
        return redirect("listen", slug, number)
    other = next_cue(rater=request.user, here=cue)
    return HttpResponseRedirect(listen_url("listen", other, request)) if other else redirect("sitting")


@require_POST
@rater
def prepare(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """The sounds that will follow, so that the page fetches them while this pair is heard; 204 where none do."""
    cue = _cue(slug, number)
    place = next_cue(rater=request.user, here=cue, hearing=True) if whole_sitting(request) else cue
    pair = prepare_pair(cue=place, rater=request.user) if place else None
    if pair is None:
        return HttpResponse(status=204)
    return JsonResponse({"sounds": [reverse("sound", args=[token]) for token in (pair.left_token, pair.right_token)]})


@require_POST
@rater
def undo(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """Take the last answer on this cue back; the same pair comes again."""
    cue = _cue(slug, number)
    try:
        undo_judgement(cue=cue, rater=request.user)
    except DomainError as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(listen_url("listen", cue, request))


@require_safe
async def sound(request: HttpRequest, token: str) -> HttpResponseBase:
    """The sound of one side of an open pair, for the listener it was handed to, as long as it is open."""
    user = await request.auser()
    if not isinstance(user, User):
        raise Http404
    try:
        found = await sync_to_async(sound_of)(token=token, rater=user, mp3=request.GET.get("as") == "mp3")
    except SoundPending as pending:
        return HttpResponse(str(pending), status=503, headers={"Retry-After": "1"}, content_type="text/plain")
    except FileNotFoundError as error:
        raise Http404 from error
    if found is None:
        raise Http404
    return send_bytes(request, found.content, content_type=found.content_type, version=token)


def _cue(slug: str, number: str) -> Cue:
    return get_object_or_404(
        Cue.objects.select_related("film", "stage", "first_shot", "last_shot"), film__slug=slug, number=number
    )


def _page(request: SignedInRequest, cue: Cue, pair: Pair, status: int = 200) -> HttpResponse:
    whole = whole_sitting(request)
    last = last_judgement(rater=request.user, cue=None if whole else cue)
    standings = read_sureness(cue=cue)
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
            "judge_url": listen_url("judge", cue, request),
            "prepare_url": listen_url("prepare_pair", cue, request),
            "undo_url": listen_url("undo_judgement", last.cue, request) if last else "",
            "why_url": _within(reverse("say_reason", args=[last.public_id]), request) if last else "",
            "whole": whole,
            "waiting": _waiting(cue),
            "picture": picture,
            "video_url": _video_url(picture, request.user),
            "bars": bar_starts(cue),
            "standings": standings,
            "sure": round(100 * standings.p_best) if standings.votes else 0,
            "enough": round(100 * ENOUGH_P_BEST),
            "last": last,
            "said": words_of(last.answer) if last else "",
            "reasons": _reasons(last),
            "neither": last is not None and last.answer == Answer.BAD,
            "heard_out": heard_out(last=last) if request.user.is_owner else None,
            "sitting": read_sitting(rater=request.user),
            "min_listen": settings.MIN_LISTEN_SECONDS,
        },
        status=status,
    )


def _reasons(last: Judgement | None) -> list[dict[str, object]]:
    """What may be said of the last answer, each word with its key and whether it holds."""
    if last is None or last.answer not in SPEAKING:
        return []
    held = reasons_of(last)
    return [
        {"tag": tag, "label": label, "on": tag in held, "key": key}
        for key, (tag, label) in enumerate(ReasonTag.choices, start=FIRST_REASON_KEY)
    ]


def _within(address: str, request: SignedInRequest, whole: bool = False) -> str:
    # a listener's sitting always goes through all cues, which needs no saying
    return f"{address}?sitting=1" if request.user.is_owner and (whole or whole_sitting(request)) else address


def _waiting(cue: Cue) -> Cue | None:
    """The next cue of the film that wants ears."""
    rows = cue.film.cues.filter(state=CueState.TO_RANK, practice=cue.practice, set_aside_at__isnull=True)
    others = rows.exclude(pk=cue.pk).order_by("position")
    return others.filter(position__gt=cue.position).first() or others.first()


def _video_url(picture: Picture, user: User) -> str:
    return media_url(picture.video, user) if picture.video else ""


def bar_starts(cue: Cue) -> list[float]:
    """Seconds at which the bars of the cue's plan begin, and where the last one ends; the same for every take."""
    tempo = tempo_map_of(cue.tempo_map, cue.metre)
    return [round(float(tempo.length(bar)), 3) for bar in range(cue.bars + 1)]

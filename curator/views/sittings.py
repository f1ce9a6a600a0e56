"""Around the A/B page: the way into a sitting, the first listening, one's own answers, reasons."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curator.domain.errors import DomainError
from curator.domain.first_listening import TRIALS, judge_trial, notes_text
from curator.domain.ranking import change_judgement, undo_judgement
from curator.domain.reasons import SPEAKING, reasons_of, say_reason
from curator.domain.sittings import next_cue, read_sitting, set_heard_on, warm_up
from curator.forms import ChangeForm
from curator.models.accounts import HeardOn
from curator.models.ranking import Answer, Judgement, ReasonTag
from curator.views.access import SignedInRequest, rater
from curator.views.listen import listen_url, words_of

WAY_ON = "listen-next"
"""Where the session keeps the page that the first listening interrupted."""
SHOWN = 50
"""So many of one's own answers can be changed."""


@never_cache
@require_safe
@rater
def sitting(request: SignedInRequest) -> HttpResponse:
    """To the cue that wants ears most; from there on, from cue to cue."""
    return to_the_first_cue(request)


def to_the_first_cue(request: SignedInRequest) -> HttpResponse:
    """Where a sitting begins; a page that waits where no cue wants ears."""
    cue = next_cue(rater=request.user)
    url = listen_url("listen", cue, request, whole=True) if cue else ""
    if request.headers.get("HX-Request"):  # the waiting page asks whether it may go on
        return HttpResponse(headers={"HX-Redirect": url}) if url else HttpResponse(status=204)
    return HttpResponseRedirect(url) if url else render(request, "curator/nothing_to_hear.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rater
def first_listening(request: SignedInRequest) -> HttpResponse:
    """Volume, headphones or loudspeakers, what is kept; POST goes on to two pairs to try, or to the music."""
    if request.method != "POST":
        way_on = request.GET.get("next", "")
        request.session[WAY_ON] = way_on if url_has_allowed_host_and_scheme(way_on, allowed_hosts=None) else ""
        context = {"devices": HeardOn.choices, "device": request.user.heard_on}
        return render(request, "curator/warm_up.html", context)
    set_heard_on(rater=request.user, heard_on=request.POST.get("heard_on", ""))
    return redirect("trial_pair", 1) if request.POST.get("way") == "trial" else _to_the_music(request)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rater
def trial_pair(request: SignedInRequest, step: int) -> HttpResponse:
    """A pair to try the keys on; POST answers it and goes on."""
    if not 1 <= step <= len(TRIALS):
        raise Http404
    if request.method == "POST":
        answer = request.POST.get("answer", "")
        if answer == Answer.SKIP:
            return _to_the_music(request)
        messages.info(request, judge_trial(step=step, answer=answer))
        return redirect("trial_pair", step + 1) if step < len(TRIALS) else _to_the_music(request)
    trial = TRIALS[step - 1]
    sides = [
        {"letter": "A", "side": "left", "notes": notes_text(trial.left), "keys": "1 a"},
        {"letter": "B", "side": "right", "notes": notes_text(trial.right), "keys": "2 b"},
    ]
    context = {
        "step": step,
        "steps": len(TRIALS),
        "question": trial.question,
        "hint": trial.hint,
        "sides": sides,
        "bars": [0.0, round(trial.seconds, 2)],
        "min_listen": settings.MIN_LISTEN_SECONDS,
    }
    return render(request, "curator/listen_trial.html", context)


def _to_the_music(request: SignedInRequest) -> HttpResponse:
    warm_up(rater=request.user)
    way_on = request.session.pop(WAY_ON, "")
    return HttpResponseRedirect(way_on) if way_on else redirect("sitting")


@never_cache
@require_safe
@rater
def own_answers(request: SignedInRequest) -> HttpResponse:
    """What this listener has answered, the newest first; each can be changed or taken back. Still blind."""
    rows = (
        Judgement.objects.standing()
        .filter(rater=request.user)
        .select_related("cue__film")
        .prefetch_related("reasons")
        .defer("events", "positions")
        .order_by("-pk")[:SHOWN]
    )
    labels = dict(ReasonTag.choices)
    answers = [
        {
            "row": row,
            "said": words_of(row.answer),
            "reasons": [labels[tag] for tag in reasons_of(row)],
            "others": [(one.value, words_of(one)) for one in SPEAKING if one != row.answer],
        }
        for row in rows
    ]
    context = {"answers": answers, "sitting": read_sitting(rater=request.user), "shown": SHOWN}
    return render(request, "curator/own_answers.html", context)


@require_POST
@rater
def change_answer(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Another answer in place of one's own, or the pair once more."""
    judgement = _own(request, public_id)
    form = ChangeForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("own_answers")
    answer, why = form.cleaned_data["answer"], form.cleaned_data["why"]
    try:
        if answer == "again":
            undo_judgement(cue=judgement.cue, rater=request.user, judgement=judgement, reason=why)
            return HttpResponseRedirect(listen_url("listen", judgement.cue, request))
        change_judgement(judgement=judgement, rater=request.user, answer=answer, reason=why)
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("own_answers")


@require_POST
@rater
def reason(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Say why, in a word, after the answer; a word with a minus is taken back. The page's script wants no page."""
    judgement = _own(request, public_id)
    word = request.POST.get("tag", "")
    quiet = request.headers.get("Accept") == "application/json"
    try:
        say_reason(judgement=judgement, rater=request.user, tag=word.removeprefix("-"), given=not word.startswith("-"))
    except DomainError as error:
        if quiet:
            return HttpResponse(str(error), status=400, content_type="text/plain")
        messages.error(request, str(error))
    return HttpResponse(status=204) if quiet else HttpResponseRedirect(listen_url("listen", judgement.cue, request))


def _own(request: SignedInRequest, public_id: str) -> Judgement:
    own = Judgement.objects.filter(rater=request.user).select_related("cue__film")
    return get_object_or_404(own, public_id=public_id)

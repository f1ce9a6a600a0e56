"""The first page, and the film as an arc."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from curator.domain.arc import CueFacts, FilmFacts, film_facts
from curator.film.arc import Arc, CueSpan, ShotSpan, StageSpan, draw
from curator.models.film import CueState, Film
from curator.shell import Shell
from curator.templatetags.look import plain
from curator.views.access import SignedInRequest, owner, rater
from curator.views.sittings import to_the_first_cue


@require_safe
@rater
def home(request: SignedInRequest) -> HttpResponse:
    """The owner comes to the film last looked at, a listener to the cue that wants ears most."""
    if request.user.is_owner:
        film = Shell(request, request.user).film
        return redirect("film", film.slug) if film else render(request, "curator/no_film.html")
    return to_the_first_cue(request)


@require_safe
@owner
def film(request: HttpRequest, slug: str) -> HttpResponse:
    """The film: title, next step, arc timeline, cues."""
    row = get_object_or_404(Film, slug=slug)
    if row.practice:  # it has briefs, no arc
        return redirect("practice")
    facts = film_facts(film=row)
    arc = film_arc(facts)
    return render(
        request,
        "curator/film.html",
        {
            "facts": facts,
            "film": facts.film,
            "arc": arc,
            "cues": list(zip(arc.cues, facts.cues, strict=True)),
            # without a cue the rows of the narrow arc are the stages
            "rows": list(zip(arc.cues, arc.rows, facts.cues, strict=True)) if facts.cues else [],
            "states": CueState.choices,
        },
    )


def film_arc(facts: FilmFacts) -> Arc:
    """The drawing of a film's facts."""
    return draw(
        seconds=facts.seconds,
        stages=[
            StageSpan(time.stage.name, time.stage.colour, time.start, time.end, time.stage.curve)
            for time in facts.stages
        ],
        cues=[_cue_span(cue, facts.film) for cue in facts.cues],
        shots=[
            ShotSpan(time.shot.code, time.start, time.end, bool(time.shot.dialogue.strip()), time.shot.estimated)
            for time in facts.shots
        ],
    )


def _cue_span(facts: CueFacts, film: Film) -> CueSpan:
    cue = facts.cue
    bars = ngettext("%(n)d bar", "%(n)d bars", cue.bars) % {"n": cue.bars}
    return CueSpan(
        key=cue.number,
        title=cue.title,
        plans=[f"{cue.metre} · {plain(cue.tempo)} · {bars}", bars],
        start=facts.start,
        end=facts.end,
        hits=[(float(hit.frame / film.fps), hit.hard, hit.label) for hit in cue.hits.all()],
    )

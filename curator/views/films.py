"""The first page, and the film as an arc."""

from collections.abc import Mapping
from urllib.parse import quote

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_safe

from curator.domain.arc import CueFacts, FilmFacts, ShotTime, film_facts
from curator.domain.courses import request_courses
from curator.domain.sheets import read_take_sheets
from curator.film.arc import ZOOMS, Arc, draw
from curator.film.spans import CueSpan, MusicSpan, ShotSpan, StageSpan, ThemeSpan
from curator.models.film import CueState, Film
from curator.shell import Shell, url_of
from curator.templatetags.look import clock, duration, plain
from curator.views.access import SignedInRequest, owner, rater
from curator.views.sittings import to_the_first_cue
from curator.views.steps import step_of
from curator.views.stills import stills_url
from curator.views.themes import theme_cards


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
def film(request: SignedInRequest, slug: str) -> HttpResponse:
    """The film: title, next step, arc timeline, cues, themes. `zoom` draws the arc wider; `view=time` on phones too."""
    row = get_object_or_404(Film, slug=slug)
    if row.practice:  # it has briefs, no arc
        return redirect("practice")
    facts = film_facts(film=row)
    if facts.uncomputed:
        request_courses(versions=facts.uncomputed)
    zoom = step_of(request, "zoom", ZOOMS, usual=1)
    arc = film_arc(facts, zoom=zoom.now)
    names = {value: str(label) for value, label in CueState.choices}
    addresses = {name: url_of(name, row.slug, _NUMBER).rpartition(_NUMBER) for name in LINKED}
    links = [{**_links(cue, addresses), "state": names[cue.cue.state]} for cue in facts.cues]
    sheets = read_take_sheets(takes=[cue.chosen.take for cue in facts.cues if cue.chosen])
    return render(
        request,
        "curator/film.html",
        {
            "facts": facts,
            "film": facts.film,
            "arc": arc,
            "cues": list(zip(arc.cues, facts.cues, links, strict=True)),
            # without a cue the rows of the narrow arc are the stages
            "rows": list(zip(arc.cues, arc.rows, facts.cues, links, strict=True)) if facts.cues else [],
            "table": [
                (cue, link, sheets.get(cue.chosen.take.pk) if cue.chosen else None)
                for cue, link in zip(facts.cues, links, strict=True)
            ],
            "themes": theme_cards(facts),
            "states": CueState.choices,
            "stills_url": stills_url(row),
            "cuts": " ".join(str(frame) for frame in facts.cuts),
            "zoom": zoom.now,
            "larger": zoom.larger,
            "smaller": zoom.smaller,
            "lying": request.GET.get("view") == "time",
        },
    )


LINKED = ("desk", "listen", "standings", "cue_picture", "move_border", "cue_plan")
_NUMBER = "NUMBER"
"""Stands for a cue's number in an address that is made once for all cues."""


def _links(facts: CueFacts, addresses: Mapping[str, tuple[str, str, str]]) -> dict[str, str]:
    """Where a cue leads: its pages, "" for one that is not there. addresses: parted at the cue's number."""
    number = quote(facts.cue.number, safe="!$&'()*+,;=/~:@")  # as django.urls.reverse does
    return {name: f"{head}{number}{tail}" if place else "" for name, (head, place, tail) in addresses.items()}


def film_arc(facts: FilmFacts, *, zoom: int = 1) -> Arc:
    """The drawing of a film's facts."""
    point = number_format(0.5, 1)[1:2]  # once, not for each of many shots
    return draw(
        seconds=facts.seconds,
        stages=[
            StageSpan(time.stage.name, time.stage.colour, time.start, time.end, time.stage.curve)
            for time in facts.stages
        ],
        cues=[_cue_span(cue, facts.film) for cue in facts.cues],
        shots=[_shot_span(time, point) for time in facts.shots],
        themes=[
            ThemeSpan(str(theme.theme.pk), theme.theme.name, [(heard.second, heard.use.how) for heard in theme.heard])
            for theme in facts.themes
        ],
        music=[MusicSpan(cue.moments, cue.chosen.approved) for cue in facts.cues if cue.chosen],
        zoom=zoom,
    )


def _shot_span(time: ShotTime, point: str) -> ShotSpan:
    tenths = round(10 * (time.end - time.start))
    label = f"{time.code}, {clock(tenths // 10)}{point}{tenths % 10}"
    if time.estimated:
        label = f"{label}, {gettext('length estimated')}"
    return ShotSpan(time.code, time.start, time.end, time.spoken, label, time.still)


def _cue_span(facts: CueFacts, film: Film) -> CueSpan:
    cue = facts.cue
    bars = ngettext("%(n)d bar", "%(n)d bars", cue.bars) % {"n": cue.bars}
    length, tempo = duration(facts.seconds), plain(cue.tempo)
    fps = float(film.fps)
    return CueSpan(
        key=cue.number,
        title=cue.title,
        plans=[
            f"{length} · {cue.metre} · {tempo} · {bars}",
            f"{length} · {cue.metre} · {tempo}",
            f"{length} · {tempo}",
            length,
        ],
        start=facts.start,
        end=facts.end,
        hits=[(hit.frame / fps, hit.hard, hit.label) for hit in cue.hits.all()],
    )

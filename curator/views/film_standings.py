"""How a whole film stands: stages, cohorts, listeners, and the pairs they differ about."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from curator.domain.film_standings import StageStandings, read_film_standings
from curator.domain.listeners import Dispute, Listener, Together
from curator.domain.sheets import Sheet, read_take_sheets
from curator.domain.standings import Row, Standings
from curator.models.accounts import User
from curator.models.film import ArcStage, Cue, Film
from curator.models.ranking import Take
from curator.preference.listeners import wilson
from curator.templatetags.look import number, percent, plain
from curator.views.access import SignedInRequest, owner
from curator.views.drawing import Interval, Share, draw_gap, draw_intervals, draw_share


@dataclass(frozen=True)
class CueLine:
    """One cue of a stage: its leader (None before the first vote), drawn among the leaders of the film."""

    standings: Standings
    leader: Row | None
    interval: Interval | None


@dataclass(frozen=True)
class StageShown:
    """A stage with its cues and its cohorts."""

    stage: ArcStage | None
    votes: int
    cues: list[CueLine]
    gaps: list[Share]


@dataclass(frozen=True)
class ListenerShown:
    """A listener with what is drawn of them."""

    name: str
    answers: int
    lines: list[Share]


@dataclass(frozen=True)
class Preferred:
    """One side of a disputed pair: the take, its sound, and who preferred it."""

    take: Take
    sheet: Sheet | None
    by: str


@dataclass(frozen=True)
class DisputeShown:
    """A pair that listeners answered the other way round."""

    cue: Cue
    sides: tuple[Preferred, Preferred]


@never_cache
@require_safe
@owner
def film_standings(request: SignedInRequest, slug: str) -> HttpResponse:
    """Stage by stage, cohort against cohort, listener by listener."""
    film = get_object_or_404(Film, slug=slug)
    now = read_film_standings(film=film)
    heard = now.listeners
    sheets = read_take_sheets(takes=[take for one in heard.disputes for take in (one.one, one.other)])
    return render(
        request,
        "curator/film_standings.html",
        {
            "film": film,
            "now": now,
            "stages": _stages(now.stages),
            "gaps": [draw_gap(gap) for gap in now.gaps],
            "listeners": [_listener(one, request.user) for one in heard.everyone],
            "together": [_together(one, request.user) for one in heard.together if one.agreement.pairs],
            "agreement": heard.agreement,
            "disputes": [_dispute(one, sheets, request.user) for one in heard.disputes],
            "disputed": heard.disputed,
        },
    )


def name_of(user: User, me: User) -> str:
    """What a listener is called on the page."""
    return _("You") if user == me else user.get_short_name() or user.username


def _stages(stages: Iterable[StageStandings]) -> list[StageShown]:
    stages = list(stages)
    leaders = [cue.leader for stage in stages for cue in stage.cues if cue.leader]
    drawn = {row.take.pk: at for row, at in zip(leaders, draw_intervals(leaders), strict=True)}
    return [
        StageShown(
            stage=stage.stage,
            votes=stage.votes,
            cues=[CueLine(cue, cue.leader, drawn[cue.leader.take.pk] if cue.leader else None) for cue in stage.cues],
            gaps=[draw_gap(gap) for gap in stage.gaps],
        )
        for stage in stages
    ]


def _listener(one: Listener, me: User) -> ListenerShown:
    lines = []
    again = one.consistency
    if again.repeats:
        lines.append(
            draw_share(
                _("Same answer on repeats"),
                _("%(same)s of %(count)d") % {"same": plain(again.same), "count": again.repeats},
                low=again.low,
                at=again.share,
                high=again.high,
            )
        )
    if one.side is not None:
        share = one.side.left / one.side.sided
        low, high = wilson(one.side.left, one.side.sided)
        lines.append(
            draw_share(_("Chose the left side"), percent(share), low=low, at=share, high=high, warn=one.side.alarm)
        )
    return ListenerShown(name_of(one.user, me), one.answers, lines)


def _together(one: Together, me: User) -> Share:
    found = one.agreement
    low, high = wilson(found.same * found.pairs, found.pairs)
    # nan: the same answer throughout, which no chance can be told from
    alpha = "–" if found.alpha != found.alpha else number(found.alpha, 2)
    return draw_share(
        _("%(one)s and %(other)s") % {"one": name_of(one.one, me), "other": name_of(one.other, me)},
        _("α %(alpha)s; alike on %(same)s of %(count)d")
        % {"alpha": alpha, "same": plain(found.same * found.pairs), "count": found.pairs},
        low=low,
        at=found.same,
        high=high,
    )


def _dispute(one: Dispute, sheets: dict[int, Sheet], me: User) -> DisputeShown:
    def side(take: Take, users: Iterable[User]) -> Preferred:
        return Preferred(take, sheets.get(take.pk), ", ".join(name_of(user, me) for user in users))

    return DisputeShown(one.cue, (side(one.one, one.for_one), side(one.other, one.for_other)))

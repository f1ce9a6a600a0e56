"""How the takes of a cue stand, and the owner's word on it."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from curator.domain.approvals import approval_in_force, approve_cue, read_approvals, revoke_approval
from curator.domain.cohorts import cohort_gaps, read_cohorts
from curator.domain.errors import DomainError
from curator.domain.sheets import Sheet, read_sheets
from curator.domain.standings import Row, Standings, read_field, standings_of
from curator.forms import ApprovalForm, RevocationForm
from curator.models.film import Cue
from curator.models.ranking import Approval
from curator.preference.stop import ENOUGH_P_BEST, ENOUGH_REGRET
from curator.views.access import SignedInRequest, owner
from curator.views.drawing import Interval, draw_gap, draw_intervals, draw_matrix

CLOSE_BEHIND = 0.1
"""A take whose chance to be the best is at least this is still worth a word."""


@dataclass(frozen=True)
class Drawn:
    """One row with its interval, and what its chance says in words and as a bar of 90 units."""

    row: Row
    interval: Interval
    percent: str
    bar: float
    approved: bool
    sheet: Sheet | None

    @property
    def leads(self) -> bool:
        """Whether the row is drawn in ember."""
        return self.row.rank == 1 and self.row.met > 0


@never_cache
@require_safe
@owner
def standings(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """The takes of a cue, the strongest first, with the doubt drawn."""
    cue = _cue(slug, number)
    field = read_field(cue=cue)
    now = standings_of(field)
    approval = approval_in_force(cue=cue)
    # listeners stay blind: only the owner sees and hears which take is which
    versions = [row.take.version for row in now.rows] if request.user.is_owner else []
    sheets = read_sheets(versions=versions, tempo_map=cue.tempo_map) if versions else {}
    return render(
        request,
        "curator/standings.html",
        {
            "cue": cue,
            "film": cue.film,
            "standings": now,
            "rows": draw(now, approval, sheets),
            "lede": lede(now, approval),
            "leader": now.leader,
            "approval": approval,
            "sure": round(100 * now.rows[0].p_best) if now.leader else 0,
            "enough": round(100 * ENOUGH_P_BEST),
            "enough_regret": ENOUGH_REGRET,
            "owner": request.user.is_owner,
            "matrix": draw_matrix(now.wins, [row.take.number for row in now.rows]) if now.votes else None,
            "gaps": [draw_gap(gap) for gap in cohort_gaps(fields=[field], cohorts=read_cohorts(cues=[cue]))],
            "history": read_approvals(cues=[cue]).get(cue.pk, []) if request.user.is_owner else [],
        },
    )


@require_POST
@owner
def approve(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """The owner's word that a take is the music of the cue."""
    cue = _cue(slug, number)
    form = ApprovalForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a take to approve."))
        return _back(form, cue)
    take = get_object_or_404(cue.takes, public_id=form.cleaned_data["take"])
    try:
        approve_cue(cue=cue, take=take, by=request.user, why=form.cleaned_data["why"])
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("Take %(number)d is approved. %(cue)s is lit.") % {"number": take.number, "cue": cue.number}
        )
    return _back(form, cue)


@require_POST
@owner
def revoke(request: SignedInRequest, slug: str, number: str) -> HttpResponse:
    """End the approval of the cue."""
    cue = _cue(slug, number)
    form = RevocationForm(request.POST)
    why = form.cleaned_data["why"] if form.is_valid() else ""
    try:
        revoke_approval(cue=cue, by=request.user, why=why)
    except DomainError as error:
        messages.error(request, str(error))
    return _back(form, cue)


def _back(form: Form, cue: Cue) -> HttpResponse:
    """To the page that the form was on: the wall, at this cue, or the standings."""
    if form.cleaned_data.get("back") == "wall":
        return redirect(f"{reverse('wall', args=[cue.film.slug])}#cue-{cue.public_id}")
    return redirect("standings", cue.film.slug, cue.number)


def draw(now: Standings, approval: Approval | None, sheets: Mapping[int, Sheet]) -> list[Drawn]:
    """All rows on one axis."""
    return [
        Drawn(
            row=row,
            interval=interval,
            percent=percent(row.p_best),
            bar=round(90 * row.p_best, 1),
            approved=approval is not None and approval.take_id == row.take.pk,
            sheet=sheets.get(row.take.version_id),
        )
        for row, interval in zip(now.rows, draw_intervals(now.rows), strict=True)
    ]


def percent(share: float) -> str:
    """A share in whole percent; what rounds to nothing is said to be less than one."""
    if share < 0.005:
        return "<1\u00a0%"
    return f"{round(100 * share)}\u00a0%"


def lede(now: Standings, approval: Approval | None) -> str:
    """The standings in one or two sentences."""
    if approval:
        return _("Take %(number)d is the music of this cue.") % {"number": approval.take.number}
    if not now.leader:
        return _("No pair has been decided yet.") if now.rows else _("There are no takes yet.")
    first, *others = now.rows
    close = [row for row in others if row.p_best >= CLOSE_BEHIND]
    if now.sure_enough:
        return _("Take %(number)d leads clearly.") % {"number": first.take.number}
    leads = _("Take %(number)d leads.") % {"number": first.take.number}
    if not close:
        return leads
    if len(close) == 1:
        return f"{leads} " + _("Take %(number)d is close behind.") % {"number": close[0].take.number}
    return f"{leads} " + _("%(count)d others may still be better.") % {"count": len(close)}


def _cue(slug: str, number: str) -> Cue:
    return get_object_or_404(Cue.objects.select_related("film", "stage"), film__slug=slug, number=number)

"""The wall: every cue of a film with its approved take, or the one that leads."""

from collections.abc import Sequence
from dataclasses import dataclass

from curator.domain.approvals import Version, read_approvals
from curator.domain.sheets import Sheet, read_take_sheets
from curator.domain.standings import Standings, read_fields, standings_of
from curator.models.film import IN_PLAN, Cue, Film
from curator.models.ranking import Take


@dataclass(frozen=True)
class Panel:
    """One cue on the wall.

    `take` is the approved one, else the one that leads, None before anything was judged or approved;
    `history` holds every approval, the newest first.
    """

    cue: Cue
    take: Take | None
    sheet: Sheet | None
    standings: Standings
    history: tuple[Version, ...]

    @property
    def approved(self) -> Version | None:
        """The approval in force."""
        return next((version for version in self.history if version.holds), None)

    @property
    def past(self) -> tuple[Version, ...]:
        """Approvals that were taken back, the newest first."""
        return tuple(version for version in self.history if not version.holds)

    @property
    def sure(self) -> float | None:
        """P(best) of the take that is shown, where it is the one that leads."""
        leader = self.standings.leader
        return leader.p_best if leader and leader.take == self.take else None


def read_wall(*, film: Film) -> list[Panel]:
    """The cues of the film in order, in a number of queries that does not depend on how many there are."""
    cues = list(film.cues.filter(IN_PLAN).select_related("stage"))
    fields = read_fields(cues=cues)
    history = read_approvals(cues=cues)
    standings = {cue.pk: standings_of(fields[cue.pk]) for cue in cues}
    shown = {cue.pk: _shown(history.get(cue.pk, ()), standings[cue.pk]) for cue in cues}
    named = Take.objects.filter(pk__in=[take.pk for take in shown.values() if take]).select_related("version")
    takes = list(named.defer("version__abc", "version__musicxml"))
    by_key = {cue.pk: cue for cue in cues}
    for each in takes:
        each.cue = by_key[each.cue_id]
    sheets = read_take_sheets(takes=takes)
    return [
        Panel(
            cue=cue,
            take=shown[cue.pk],
            sheet=sheets[take.pk] if (take := shown[cue.pk]) else None,
            standings=standings[cue.pk],
            history=tuple(history.get(cue.pk, ())),
        )
        for cue in cues
    ]


def _shown(history: Sequence[Version], standings: Standings) -> Take | None:
    approved = next((version.approval.take for version in history if version.holds), None)
    if approved is not None:
        return approved
    return standings.leader.take if standings.leader else None

"""How the takes of a whole film stand: stage by stage, cohort against cohort, and who said so."""

from collections.abc import Sequence
from dataclasses import dataclass

from curator.domain.cohorts import Cohort, CohortGap, cohort_gaps, read_cohorts
from curator.domain.listeners import Listeners, read_listeners
from curator.domain.standings import Field, Standings, read_fields, standings_of
from curator.models.film import IN_PLAN, ArcStage, Cue, Film


@dataclass(frozen=True)
class StageStandings:
    """The cues of one stage of the arc, in order, and its cohorts against each other; stage None: cues without one."""

    stage: ArcStage | None
    cues: tuple[Standings, ...]
    gaps: tuple[CohortGap, ...]

    @property
    def votes(self) -> int:
        """The judgements about order in all its cues."""
        return sum(cue.votes for cue in self.cues)


@dataclass(frozen=True)
class FilmStandings:
    """The standings of a film."""

    film: Film
    stages: tuple[StageStandings, ...]
    cohorts: tuple[Cohort, ...]
    gaps: tuple[CohortGap, ...]
    listeners: Listeners

    @property
    def votes(self) -> int:
        """The judgements about order in the whole film."""
        return sum(stage.votes for stage in self.stages)


def read_film_standings(*, film: Film) -> FilmStandings:
    """Everything at once, in a number of queries that does not depend on how much was judged.

    Takes of different cues never meet, so a stage has no ranking of its own takes: it has its cues, and the cohorts
    that were put up for them.
    """
    cues = list(film.cues.filter(IN_PLAN).select_related("stage"))
    fields = read_fields(cues=cues)
    cohorts = read_cohorts(cues=cues)
    stages: list[ArcStage | None] = [*film.stages.all(), None]
    return FilmStandings(
        film=film,
        stages=tuple(
            _stage(stage, here, fields, cohorts)
            for stage in stages
            if (here := [cue for cue in cues if cue.stage_id == (stage.pk if stage else None)])
        ),
        cohorts=tuple(cohorts),
        gaps=tuple(cohort_gaps(fields=fields.values(), cohorts=cohorts)),
        listeners=read_listeners(fields=list(fields.values())),
    )


def _stage(
    stage: ArcStage | None, cues: Sequence[Cue], fields: dict[int, Field], cohorts: Sequence[Cohort]
) -> StageStandings:
    here = [fields[cue.pk] for cue in cues]
    return StageStandings(
        stage=stage,
        cues=tuple(standings_of(field) for field in here),
        gaps=tuple(cohort_gaps(fields=here, cohorts=cohorts)),
    )

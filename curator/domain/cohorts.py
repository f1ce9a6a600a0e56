"""Whether the takes of one cohort are better than those of another: of a later round than of an earlier one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from django.utils.translation import gettext as _

from curator.domain.standings import Field
from curator.models.film import Cue
from curator.models.ranking import Take
from curator.preference.cohorts import Comparison, compare, pool

BY_HAND = "by hand"
"""The cohort of takes whose text somebody changed."""


@dataclass(frozen=True)
class Cohort:
    """Takes that were made alike. `key` is what stands in Take.cohort, `name` what it is called."""

    key: str
    name: str


@dataclass(frozen=True)
class CohortGap:
    """How much better the takes of `newer` are than those of `older`, over the cues where both were judged."""

    newer: Cohort
    older: Cohort
    comparison: Comparison
    cues: int


def read_cohorts(*, cues: Sequence[Cue]) -> list[Cohort]:
    """The cohorts of these cues, the oldest first, in one query.

    A cohort is called as its pieces say in `making`; where they say nothing, by what stands in the take. What was
    edited by hand is no checkpoint's work, though its piece was.
    """
    rows = Take.objects.filter(cue__in=cues).exclude(cohort="").order_by("created_at", "pk")
    names: dict[str, str] = {}
    for key, making in rows.values_list("cohort", "version__piece__making"):
        told = str((making or {}).get("checkpoint_name", ""))
        names[key] = _("Edited by hand") if key == BY_HAND else names.get(key) or told
    return [Cohort(key, name or key) for key, name in names.items()]


def cohort_gaps(*, fields: Iterable[Field], cohorts: Sequence[Cohort]) -> list[CohortGap]:
    """Each two cohorts that were judged in the same cues, the newest first; discarded takes count too.

    Without them a cohort would look better for every poor take that was thrown away.
    """
    fields = list(fields)
    found = []
    for older, newer in combinations(cohorts, 2):
        shared = [
            compare(field.listeners.posterior, new, old)
            for field in fields
            if (new := _heard(field, newer)) and (old := _heard(field, older))
        ]
        if shared:
            found.append(CohortGap(newer, older, pool(shared), len(shared)))
    rank = {cohort.key: place for place, cohort in enumerate(cohorts)}
    return sorted(found, key=lambda gap: (-rank[gap.newer.key], -rank[gap.older.key]))


def _heard(field: Field, cohort: Cohort) -> list[int]:
    """The places of the cohort's takes that somebody compared with another."""
    heard = {clip for vote in field.said if vote.orders for clip in vote.pair}
    return [place for place, take in enumerate(field.everyone) if place in heard and take.cohort == cohort.key]

"""How the takes of a cue stand after the judgements so far: strengths, doubt, and whether that is enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from django.db.models import QuerySet

from curator.models.accounts import User
from curator.models.film import Cue
from curator.models.ranking import Judgement, JudgementQuerySet, Standing, Take, TakeState
from curator.preference import votes as preference
from curator.preference.best import intervals, odds
from curator.preference.fit import LAPSE, PRIOR_SD, Posterior, tally
from curator.preference.raters import SCALE_SD, SIDE_SD, RaterFit, fit_raters
from curator.preference.stop import Certainty, certainty, votes_needed

ESTIMATOR = f"bradley-terry map, sd {PRIOR_SD} side {SIDE_SD} scale {SCALE_SD}, lapse {LAPSE}"


@dataclass(frozen=True)
class Field:
    """The takes of a cue that are in the running, the judgements that hold, and the fitted belief.

    `posterior` is about `takes`, in their order. `votes` are the judgements between any two of `takes`, by
    their index there; `judgements` are the same as rows, in order of time. `listeners` is the belief about all
    takes of the cue (`everyone`) and about everybody who judged them, named by their keys as text; `said` are the
    judgements among these.
    """

    cue: Cue
    takes: tuple[Take, ...]
    everyone: tuple[Take, ...]
    said: tuple[preference.Vote, ...]
    judgements: tuple[Judgement, ...]
    votes: tuple[preference.Vote, ...]
    posterior: Posterior
    listeners: RaterFit

    @property
    def informed(self) -> int:
        """How many judgements say something about order."""
        return sum(vote.orders for vote in self.votes)


@dataclass(frozen=True)
class Row:
    """One take: strength in log-odds against the average take, its 95 % and 50 % intervals, P(best), pairs met."""

    rank: int
    take: Take
    strength: float
    low: float
    high: float
    low50: float
    high50: float
    p_best: float
    met: int


@dataclass(frozen=True)
class Standings:
    """All takes in the running, the strongest first. `certainty` is None without any take.

    `wins[i][j]`: how often the take of row i was preferred to that of row j; a tie is half a win for both.
    `needed`: about how many more judgements make the choice sure enough, 0 when it is.
    """

    cue: Cue
    rows: tuple[Row, ...]
    votes: int
    certainty: Certainty | None
    wins: tuple[tuple[float, ...], ...] = ()
    needed: int = 0

    @property
    def sure_enough(self) -> bool:
        """Whether listening on is no longer worth it: at least one judgement, and a clear or harmless choice."""
        return self.votes > 0 and self.certainty is not None and self.certainty.sure

    @property
    def leader(self) -> Row | None:
        """The take that leads, once anything was judged."""
        return self.rows[0] if self.rows and self.votes else None


def read_field(*, cue: Cue, rater: User | None = None, takes: Sequence[Take] | None = None) -> Field:
    """The belief about a cue's takes from everybody's judgements, or from one rater's.

    `takes` narrows the field, e.g. to those that sound already. A discarded take is not in the field, but what
    was said about it still informs the others.
    """
    everyone = list(_takes([cue]))
    held = list(_judgements([cue], rater))
    return _field(cue, everyone, held, takes)


def read_fields(*, cues: Sequence[Cue], rater: User | None = None) -> dict[int, Field]:
    """The belief about each cue's takes, by the cue's key, in two queries whatever the number of cues."""
    everyone: dict[int, list[Take]] = {cue.pk: [] for cue in cues}
    held: dict[int, list[Judgement]] = {cue.pk: [] for cue in cues}
    for take in _takes(cues):
        everyone[take.cue_id].append(take)
    for row in _judgements(cues, rater):
        held[row.cue_id].append(row)
    return {cue.pk: _field(cue, everyone[cue.pk], held[cue.pk]) for cue in cues}


def _field(cue: Cue, everyone: list[Take], held: list[Judgement], takes: Sequence[Take] | None = None) -> Field:
    index = {take.pk: position for position, take in enumerate(everyone)}
    for take in everyone:
        take.cue = cue
    said = tuple(_vote(row, index) for row in held)
    listeners = fit_raters(
        len(everyone),
        said,
        prior_mean=[take.prior_mean for take in everyone],
    )
    whole = listeners.posterior
    wanted = None if takes is None else {take.pk for take in takes}
    inside = [
        position
        for position, take in enumerate(everyone)
        if take.state != TakeState.DISCARDED and (wanted is None or take.pk in wanted)
    ]
    running = tuple(everyone[position] for position in inside)
    place = {take.pk: position for position, take in enumerate(running)}
    between = tuple(row for row in held if row.left_id in place and row.right_id in place)
    return Field(
        cue=cue,
        takes=running,
        everyone=tuple(everyone),
        said=said,
        judgements=between,
        votes=tuple(_vote(row, place) for row in between),
        posterior=Posterior(mean=whole.mean[inside], cov=whole.cov[np.ix_(inside, inside)]),
        listeners=listeners,
    )


def read_standings(*, cue: Cue, rater: User | None = None) -> Standings:
    """The standings as the facts have them now; two queries whatever the number of takes and judgements."""
    return standings_of(read_field(cue=cue, rater=rater))


@dataclass(frozen=True)
class Sureness:
    """How sure the winner of a cue is: judgements that say something of order, P(best) of the leader, enough or not."""

    votes: int
    p_best: float
    sure_enough: bool


def read_sureness(*, cue: Cue) -> Sureness:
    """The same as the standings say, from the row that the last judgement wrote, where the takes are still those."""
    running = set(cue.takes.in_the_running().values_list("public_id", flat=True))
    row = Standing.objects.filter(cue=cue, rater__isnull=True).order_by("-pk").first()
    if row and row.estimator == ESTIMATOR and {one["take"] for one in row.strengths} == running and row.strengths:
        return Sureness(row.votes, row.strengths[0]["p_best"], row.sure_enough)
    now = read_standings(cue=cue)
    return Sureness(now.votes, now.certainty.p_best if now.certainty else 0.0, now.sure_enough)


def record_standing(*, cue: Cue) -> Standings:
    """Fit everybody's judgements and write the result down as the newest row of the cue's history."""
    now = read_standings(cue=cue)
    last = _judgements([cue], None).order_by("-pk").first()
    Standing.objects.create(
        cue=cue,
        last_judgement=last,
        votes=now.votes,
        strengths=[
            {
                "take": row.take.public_id,
                "mean": round(row.strength, 6),
                "low": round(row.low, 6),
                "high": round(row.high, 6),
                "low50": round(row.low50, 6),
                "high50": round(row.high50, 6),
                "p_best": round(row.p_best, 6),
                "votes": row.met,
            }
            for row in now.rows
        ],
        expected_regret=now.certainty.regret if now.certainty else None,
        sure_enough=now.sure_enough,
        estimator=ESTIMATOR,
    )
    return now


def standings_of(field: Field) -> Standings:
    """The standings that a belief comes to."""
    if not field.takes:
        return Standings(cue=field.cue, rows=(), votes=0, certainty=None)
    wide, narrow = intervals(field.posterior, level=0.95), intervals(field.posterior, level=0.5)
    now = odds(field.posterior)
    met = [0] * len(field.takes)
    for vote in field.votes:
        if vote.orders:
            met[vote.left] += 1
            met[vote.right] += 1
    # equal strengths keep the order of their numbers
    order = sorted(range(len(field.takes)), key=lambda place: (-float(field.posterior.mean[place]), place))
    rows = tuple(
        Row(
            rank=rank,
            take=field.takes[place],
            strength=float(wide[place].mean()),
            low=float(wide[place, 0]),
            high=float(wide[place, 1]),
            low50=float(narrow[place, 0]),
            high50=float(narrow[place, 1]),
            p_best=float(now.p_best[place]),
            met=met[place],
        )
        for rank, place in enumerate(order, start=1)
    )
    wins = tally(len(field.takes), field.votes)[np.ix_(order, order)]
    how = certainty(field.posterior, now=now)
    return Standings(
        cue=field.cue,
        rows=rows,
        votes=field.informed,
        certainty=how,
        needed=votes_needed(how, clips=len(rows), votes=field.informed),
        wins=tuple(tuple(row) for row in wins.tolist()),
    )


def _takes(cues: Sequence[Cue]) -> QuerySet[Take]:
    # the texts are long, and nobody reads them here
    takes = Take.objects.filter(cue__in=cues).select_related("version").order_by("number")
    return takes.defer("version__abc", "version__musicxml")


def _judgements(cues: Sequence[Cue], rater: User | None) -> JudgementQuerySet:
    # the listening logs are long and say nothing of order
    held = Judgement.objects.filter(cue__in=cues).standing().defer("events", "positions").order_by("pk")
    return held if rater is None else held.filter(rater=rater)


def _vote(row: Judgement, place: dict[int, int]) -> preference.Vote:
    # the model's answers that hold are exactly those of the mathematics
    return preference.Vote(
        place[row.left_id], place[row.right_id], cast(preference.Answer, row.answer), str(row.rater_id)
    )

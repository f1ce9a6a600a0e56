"""The gate of a round: everything that tells whether its result is better than its parent, each with its limit.

Held-out accuracy never decides alone: a model that collapses scores highest (measured on the demo checkpoint). Nothing
here promotes; training.domain.promotions does, when the owner says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf, nan, sqrt
from typing import Any

from curator.domain.matches import MatchResult
from curator.domain.standings import read_fields
from curator.models.film import Cue
from curator.preference.listeners import Consistency, consistency, wilson
from training.domain.matching import match_of
from training.models.gate import Measurement
from training.models.rounds import Recipe, Round
from training.recipes.variety import LEAST_DISTINCT, LEAST_GUARDED, LEAST_KEYS, MOST_COPIES, MOST_LOST, Range


class Verdict(StrEnum):
    """What a figure says. DOUBT: it is within the limit, but its interval is not."""

    GOOD = "good"
    DOUBT = "doubt"
    BAD = "bad"
    MISSING = "missing"


@dataclass(frozen=True)
class Figure:
    """One figure of the gate. `name` tells which; `limit`: where good ends; `above`: good lies above it, else below.

    `reference`: another value to be drawn beside it, such as the ceiling of the accuracy.
    """

    name: str
    verdict: Verdict
    range: Range | None = None
    limit: float = nan
    above: bool = True
    reference: Range | None = None
    count: int = 0


@dataclass(frozen=True)
class Gate:
    """Everything in view. `measurement`: the newest one, finished or not; `match`: the newest one."""

    figures: tuple[Figure, ...]
    measurement: Measurement | None
    match: MatchResult | None
    consistency: Consistency | None

    @property
    def measured(self) -> bool:
        """Whether the texts of both sides were looked at."""
        return self.measurement is not None and bool(self.measurement.figures)

    @property
    def heard(self) -> bool:
        """Whether a match was heard to its end, with at least one decided pair."""
        return self.match is not None and self.match.over and self.match.won.answers > 0

    @property
    def full(self) -> bool:
        """Whether nothing is missing that a decision needs."""
        return self.measured and self.heard

    @property
    def worse(self) -> tuple[Figure, ...]:
        """What is worse than allowed."""
        return tuple(figure for figure in self.figures if figure.verdict == Verdict.BAD)

    def named(self, name: str) -> Figure:
        """The figure of this name."""
        return next(figure for figure in self.figures if figure.name == name)


def read_gate(*, row: Round) -> Gate:
    """All that is known of a round's result against its parent."""
    finished = row.measurements.exclude(figures={}).select_related("job").first()
    newest = row.measurements.select_related("job").first()
    running = newest is not None and newest.job is not None and newest.job.is_open
    measurement = newest if running or finished is None else finished
    found = (finished.figures if finished else {}) if not running else {}
    match = match_of(row)
    own = consistency_of(row)
    preferences = [chosen_of(row), accuracy_of(row, own)] if row.recipe == Recipe.DPO else []
    return Gate((*preferences, *_measured(found), _match(match)), measurement, match, own)


def chosen_of(row: Round) -> Figure:
    """Mean change of the log-probability of chosen held-out pieces, nats a piece: they may not become less likely.

    The reference is the change of the rejected ones: the parent wrote both, so a model that moves away from it by so
    much KL makes both less likely by so much on average.
    """
    measured = row.metrics.get("measured", {})
    value, other = measured.get("eval_chosen"), measured.get("eval_rejected")
    if value is None:
        return Figure("chosen", Verdict.MISSING, limit=0.0)
    at = float(value)
    verdict = Verdict.GOOD if at >= 0 else Verdict.BAD
    reference = None if other is None else Range(float(other), float(other), float(other))
    return Figure("chosen", verdict, Range(at, at, at), limit=0.0, reference=reference)


def accuracy_of(row: Round, own: Consistency | None) -> Figure:
    """The share of held-out pairs that the result puts the right way round, as the recipe scored it.

    Pairs of one cue share their takes, so a cue counts as no more than its takes but one. The reference is the best
    that any model could reach with this listener: the share of his answers that follow his taste.
    """
    reference = ceiling(own) if own else None
    data, value = row.preference_set, row.metrics.get("measured", {}).get("eval_accuracy")
    pairs = list(data.pairs.filter(held_out=True).values_list("chosen__cue", "chosen", "rejected")) if data else []
    if value is None or not pairs:
        return Figure("accuracy", Verdict.MISSING, limit=0.5, reference=reference)
    takes: dict[int, set[int]] = {}
    of_cue: dict[int, int] = {}
    for cue, chosen, rejected in pairs:
        takes.setdefault(cue, set()).update((chosen, rejected))
        of_cue[cue] = of_cue.get(cue, 0) + 1
    count = sum(min(of_cue[cue], len(found) - 1) for cue, found in takes.items())
    low, high = wilson(float(value) * count, count)
    verdict = Verdict.GOOD if low > 0.5 else Verdict.DOUBT if value > 0.5 else Verdict.BAD
    return Figure("accuracy", verdict, Range(float(value), low, high), 0.5, reference=reference, count=len(pairs))


def ceiling(own: Consistency) -> Range | None:
    """The share of answers that follow the listener's taste, with its interval; None without any repeat.

    A pair said again the same way with probability a means that each answer follows him with (1 + sqrt(2a - 1)) / 2.
    """
    if not own.repeats:
        return None
    at, low, high = (0.5 * (1 + sqrt(max(0.0, 2 * share - 1))) for share in (own.share, own.low, own.high))
    return Range(at, low, high)


def consistency_of(row: Round) -> Consistency | None:
    """How often those who judged the round's cues said the same again; None for a round without judgements."""
    if row.preference_set is None:
        return None
    names = [entry["cue"] for entry in row.preference_set.manifest.get("cues", ())]
    fields = read_fields(cues=list(Cue.objects.filter(public_id__in=names)))
    return consistency(
        [vote for vote in field.said if vote.rater == rater]
        for field in fields.values()
        for rater in sorted({vote.rater for vote in field.said})
    )


def summary(gate: Gate) -> dict[str, Any]:
    """What the gate shows, as it is kept with a promotion."""
    return {
        figure.name: {
            "verdict": figure.verdict.value,
            **({"at": figure.range.at, "low": figure.range.low, "high": figure.range.high} if figure.range else {}),
        }
        for figure in gate.figures
    }


def _measured(found: Mapping[str, Any]) -> list[Figure]:
    against, guard = found.get("against", {}), found.get("guard", {})
    return [
        _limited("bars", against.get("adding"), -MOST_LOST),
        _limited("distinct", against.get("distinct"), LEAST_DISTINCT),
        _limited("keys", against.get("keys"), LEAST_KEYS),
        _limited("copies", against.get("copies"), MOST_COPIES, above=False),
        _limited("guard", guard.get("result"), LEAST_GUARDED),
    ]


def _limited(name: str, told: Mapping[str, float | None] | None, limit: float, *, above: bool = True) -> Figure:
    if not told:
        return Figure(name, Verdict.MISSING, limit=limit, above=above)
    at, low, high = (told[end] for end in ("at", "low", "high"))
    if at is None:
        return Figure(name, Verdict.MISSING, limit=limit, above=above)
    found = Range(at, -inf if low is None else low, inf if high is None else high)
    sign = 1 if above else -1
    worst = found.low if above else found.high
    verdict = Verdict.BAD if sign * (at - limit) < 0 else Verdict.DOUBT if sign * (worst - limit) < 0 else Verdict.GOOD
    return Figure(name, verdict, found, limit, above)


def _match(match: MatchResult | None) -> Figure:
    """Whether the new one was preferred: one that is clearly not is worse than its parent, whatever was measured."""
    if match is None or not match.won.answers:
        return Figure("match", Verdict.MISSING, limit=0.5)
    won = match.won
    verdict = Verdict.GOOD if won.low > 0.5 else Verdict.BAD if won.high < 0.5 else Verdict.DOUBT
    return Figure("match", verdict, Range(won.share, won.low, won.high), 0.5, count=won.answers)

"""Matches of two cohorts on some cues: opened, heard through the ordinary pairs, ended, and how they stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.pair_sounds import sounds_of
from curator.domain.standings import read_fields
from curator.models.accounts import User
from curator.models.film import Cue
from curator.models.matches import Match
from curator.models.ranking import Answer, Judgement, Take, TakeState
from curator.preference.cohorts import Comparison, compare, pool
from curator.preference.match import POLICY, Duel, Won, won_by_newer

ORDERED = (Answer.LEFT, Answer.RIGHT, Answer.TIE)
_POINTS = {Answer.LEFT: 1.0, Answer.TIE: 0.5, Answer.RIGHT: 0.0}


@dataclass(frozen=True)
class OneCue:
    """How far a match is on one cue. older, newer: takes that play; audible: of both; answers: about order."""

    match: Match
    older: int
    newer: int
    audible: tuple[int, int]
    answers: int

    @property
    def wanted(self) -> int:
        """How many answers it is to have: never more than there are pairs once all takes are there."""
        return self.match.wanted

    @property
    def over(self) -> bool:
        """Whether it was heard or ended."""
        return self.match.ended_at is not None or self.answers >= self.wanted

    @property
    def whole(self) -> bool:
        """Whether it is over, or all takes that are there sound and both sides have some."""
        return self.over or (min(self.audible) > 0 and self.audible == (self.older, self.newer))

    @property
    def ready(self) -> bool:
        """Whether a pair can be heard now."""
        return not self.over and min(self.audible) > 0


@dataclass(frozen=True)
class MatchResult:
    """All cues of a match. `neither`: pairs of which neither take would do. `comparison`: the cohorts by the strengths
    of their takes (curator.preference.cohorts); None before any pair was decided."""

    cues: tuple[OneCue, ...]
    won: Won
    neither: int
    comparison: Comparison | None

    @property
    def wanted(self) -> int:
        """Answers wanted on all cues; on one that was ended before, those it has."""
        return sum(one.answers if one.match.ended_at else one.wanted for one in self.cues)

    @property
    def over(self) -> bool:
        """Whether every cue was heard or ended."""
        return all(one.over for one in self.cues)


def open_match(
    *, key: str, cues: Sequence[Cue], older: str, newer: str, wanted: int, by: User | None = None
) -> list[Match]:
    """Let only pairs across two cohorts be heard on these cues from now on, among takes that are put up from now on.

    A match that is still open on one of them ends. Raises DomainError for one cohort alone, and for no cue.
    """
    if older == newer:
        raise DomainError(_("A match needs two different checkpoints."))
    if not cues or wanted < 1:
        raise DomainError(_("Choose at least one cue for the match."))
    with transaction.atomic():
        list(Cue.objects.select_for_update().filter(pk__in=[cue.pk for cue in cues]))
        Match.objects.filter(cue__in=cues, ended_at__isnull=True).update(ended_at=timezone.now())
        return [
            Match.objects.create(key=key, cue=cue, older=older, newer=newer, wanted=wanted, created_by=by)
            for cue in cues
        ]


def end_match(*, key: str) -> None:
    """End a match before it was heard to its end. What was said stays."""
    Match.objects.filter(key=key, ended_at__isnull=True).update(ended_at=timezone.now())


def match_in_force(*, cue: Cue) -> Match | None:
    """The match that decides which pairs of this cue are handed out; None when there is none or it was heard."""
    match = Match.objects.filter(cue=cue, ended_at__isnull=True).first()
    if match is None or answers_of(matches=[match]).filter(answer__in=ORDERED).count() >= match.wanted:
        return None
    return match


@dataclass(frozen=True)
class HeardOut:
    """A match that was heard to its end on a cue. key: the match's; following: the cue on which it goes on, if any."""

    key: str
    following: Cue | None


def heard_out(*, last: Judgement | None) -> HeardOut | None:
    """The match that an answer brought to its end on its cue; None where it belongs to none, or to one that goes on."""
    if last is None or last.policy != POLICY or match_in_force(cue=last.cue) is not None:
        return None
    match = Match.objects.filter(cue=last.cue).order_by("-pk").first()
    if match is None:
        return None
    others = Match.objects.filter(key=match.key, ended_at__isnull=True).select_related("cue__film").order_by("pk")
    open_ones = (one.cue for one in others if match_in_force(cue=one.cue) == one)
    return HeardOut(match.key, next(open_ones, None))


def players(*, match: Match, takes: Iterable[Take]) -> tuple[list[int], list[int]]:
    """The keys of those takes that play on the older and on the newer side."""
    since = [take for take in takes if take.created_at >= match.created_at]
    return (
        [take.pk for take in since if take.cohort == match.older],
        [take.pk for take in since if take.cohort == match.newer],
    )


def answers_of(*, matches: Sequence[Match]) -> QuerySet[Judgement]:
    """The answers that hold to pairs of these matches, which are of different cues, in order of time."""
    cues = [match.cue_id for match in matches]
    since = min((match.created_at for match in matches), default=timezone.now())
    held = Judgement.objects.filter(cue__in=cues, policy=POLICY, left__created_at__gte=since).standing()
    return held.defer("events", "positions").order_by("pk")


def newest_key(*, prefix: str) -> str:
    """The key of the match that was opened last among those whose key begins so; empty without one."""
    found = Match.objects.filter(key__startswith=prefix).order_by("-pk").values_list("key", flat=True).first()
    return found or ""


def read_match(*, key: str) -> MatchResult | None:
    """How a match stands; None when there is none of this key."""
    matches = list(Match.objects.filter(key=key).select_related("cue__film").order_by("pk"))
    if not matches:
        return None
    sides: dict[int, bool] = {}
    cues = []
    said = list(answers_of(matches=matches))
    for match in matches:
        takes = list(match.cue.takes.order_by("number"))
        older, newer = players(match=match, takes=takes)
        sides |= dict.fromkeys(older, False) | dict.fromkeys(newer, True)
        sounding = sounds_of(cue=match.cue, takes=[take for take in takes if take.state != TakeState.DISCARDED])
        audible = (sum(key in sounding for key in older), sum(key in sounding for key in newer))
        answers = sum(row.cue_id == match.cue_id and row.answer in ORDERED for row in said)
        cues.append(OneCue(match, len(older), len(newer), audible, answers))
    said = [row for row in said if row.left_id in sides and row.right_id in sides]
    duels = [_duel(row, newer_left=sides[row.left_id]) for row in said if row.answer in ORDERED]
    neither = sum(row.answer == Answer.BAD for row in said)
    return MatchResult(tuple(cues), won_by_newer(duels), neither, _compared(matches, duels, sides))


def read_wins(*, prefix: str) -> dict[str, Won]:
    """How every match stands whose key begins so, by its key, in three queries whatever their number."""
    matches = list(Match.objects.filter(key__startswith=prefix).order_by("pk"))
    by_cue: dict[int, list[Take]] = {}
    for take in Take.objects.filter(cue__in={match.cue_id for match in matches}):
        by_cue.setdefault(take.cue_id, []).append(take)
    said = list(answers_of(matches=matches).filter(answer__in=ORDERED))
    duels: dict[str, list[Duel]] = {}
    for match in matches:
        older, newer = players(match=match, takes=by_cue.get(match.cue_id, ()))
        sides = dict.fromkeys(older, False) | dict.fromkeys(newer, True)
        duels.setdefault(match.key, []).extend(
            _duel(row, newer_left=sides[row.left_id]) for row in said if row.left_id in sides and row.right_id in sides
        )
    return {key: won_by_newer(of_key) for key, of_key in duels.items()}


def _duel(row: Judgement, *, newer_left: bool) -> Duel:
    left = _POINTS[Answer(row.answer)]
    older, newer = (row.right_id, row.left_id) if newer_left else (row.left_id, row.right_id)
    return Duel(older, newer, left if newer_left else 1.0 - left)


def _compared(matches: Sequence[Match], duels: Sequence[Duel], sides: dict[int, bool]) -> Comparison | None:
    heard = {key for duel in duels for key in (duel.older, duel.newer)}
    found = []
    for field in read_fields(cues=[match.cue for match in matches]).values():
        places = {take.pk: place for place, take in enumerate(field.everyone) if take.pk in heard}
        new = [place for key, place in places.items() if sides[key]]
        old = [place for key, place in places.items() if not sides[key]]
        if new and old:
            found.append(compare(field.listeners.posterior, new, old))
    return pool(found) if found else None

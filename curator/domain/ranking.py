"""Blind pairs: handing them out, writing the answers down, taking one back. Facts are only ever added."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from curator.domain.cues import refresh_cue_state
from curator.domain.errors import DomainError
from curator.domain.matches import match_in_force, players
from curator.domain.pair_sounds import sounds_of
from curator.domain.standings import Field, read_field, record_standing
from curator.models.accounts import User
from curator.models.film import Cue
from curator.models.identity import new_public_id
from curator.models.library import Rendering
from curator.models.ranking import Answer, Judgement, Pair, Reason, Take
from curator.preference.best import odds
from curator.preference.choose import Aim, Choice, choose
from curator.preference.match import choose_across
from curator.preference.stop import certainty
from curator.preference.votes import Vote

Side = Literal["left", "right"]
Span = tuple[float, float]

ANSWERS = (Answer.LEFT, Answer.RIGHT, Answer.TIE, Answer.BAD, Answer.SKIP)
"""What a listener may say to a pair."""

BUSY = timedelta(minutes=5)
"""So long a pair counts as being heard by somebody else, and others get another one meanwhile."""


@dataclass(frozen=True)
class Listening:
    """How a pair was heard, as the page reports it. All of it may be missing (scripts, pages without script).

    positions: the spans (from, to) in seconds that sounded on each side; events: [milliseconds, event, side,
    position]; decision_ms: from the first sound to the answer.
    """

    first_played: Side | Literal[""] = ""
    left: Sequence[Span] = ()
    right: Sequence[Span] = ()
    events: Sequence[Sequence[object]] = ()
    decision_ms: int | None = None
    device_class: str = ""
    tags: Sequence[str] = field(default=())


def next_pair(*, cue: Cue, rater: User | None, audible: bool = False, aim: Aim | None = None) -> Pair | None:
    """The pair this listener is to hear now, or None while the cue has fewer than two takes for it.

    An open pair is handed out again, the same takes on the same sides, until it is answered; then the one that was
    prepared ahead. With `audible` only takes whose sound is ready count. Without a rater (scripts) each call makes a
    new pair. Without an `aim` pairs look for the winner until he is sure enough, and teach the model from there on.
    While a match is in force on the cue, pairs across its two cohorts come first.
    """
    with transaction.atomic():
        Cue.objects.select_for_update().get(pk=cue.pk)
        field = _Running.read(cue, audible)
        if rater is not None:
            for pair in _open_pairs(cue, rater).order_by("ahead"):
                if field.holds(pair):
                    if pair.ahead:
                        Pair.objects.filter(pk=pair.pk).update(ahead=False)
                        pair.ahead = False
                    return pair
                _close(pair)
        return field.hand_out(rater, None, aim=aim)


def prepare_pair(*, cue: Cue, rater: User) -> Pair | None:
    """The pair of this cue that will follow, so that its sounds can be fetched while another one is heard.

    It is chosen as if the open pair of the cue said nothing of order: one answer behind. None where there is nothing
    to follow: without an open pair of this cue its next pair may be asked for at once, and with two takes it is the
    same pair again.
    """
    with transaction.atomic():
        Cue.objects.select_for_update().get(pk=cue.pk)
        field = _Running.read(cue, True)
        now: Pair | None = None
        for pair in Pair.objects.filter(rater=rater, closed_at__isnull=True).order_by("ahead"):
            if pair.cue_id == cue.pk and not pair.ahead:
                now = pair
            elif pair.ahead and pair.cue_id == cue.pk and field.holds(pair):
                return pair
            elif pair.ahead:
                _close(pair)
        return field.hand_out(rater, now, ahead=True)


@dataclass(frozen=True)
class _Running:
    """The takes of a cue that may be put into pairs, and the sounds of those that have one."""

    cue: Cue
    takes: list[Take]
    sounds: dict[int, Rendering]
    audible: bool

    @classmethod
    def read(cls, cue: Cue, audible: bool) -> "_Running":
        running = list(cue.takes.in_the_running().order_by("number"))
        sounds = sounds_of(cue=cue, takes=running)
        return cls(cue, [take for take in running if take.pk in sounds] if audible else running, sounds, audible)

    def holds(self, pair: Pair) -> bool:
        """Whether both takes of a pair are still in the running, and sound where they must."""
        silent = self.audible and None in (pair.left_rendering_id, pair.right_rendering_id)
        return {pair.left_id, pair.right_id} <= {take.pk for take in self.takes} and not silent

    def hand_out(
        self, rater: User | None, before: Pair | None, *, ahead: bool = False, aim: Aim | None = None
    ) -> Pair | None:
        """A new pair for this listener; `before`: the one that is still being heard."""
        now = read_field(cue=self.cue, takes=self.takes)
        own = [
            (row, vote)
            for row, vote in zip(now.judgements, now.votes, strict=True)
            if rater is None or row.rater_id == rater.pk
        ]
        place = {take.pk: index for index, take in enumerate(now.takes)}
        heard = [] if before is None else [before]
        unsaid = [
            Vote(place[pair.left_id], place[pair.right_id], "skip")
            for pair in heard
            if pair.left_id in place and pair.right_id in place
        ]
        history = [vote for _row, vote in own] + unsaid
        choice = self._across(now, history, rater, place) or self._choose(now, history, rater, place, aim)
        if choice is None or (choice.repeat_of is not None and choice.repeat_of >= len(own)):
            return None
        left, right = now.takes[choice.left], now.takes[choice.right]
        return Pair.objects.create(
            cue=self.cue,
            rater=rater,
            left=left,
            right=right,
            left_rendering=self.sounds.get(left.pk),
            right_rendering=self.sounds.get(right.pk),
            side_seed=f"{self.cue.public_id}:{choice.occurrence}",
            policy=choice.policy,
            probability=choice.probability,
            repeat_of=None if choice.repeat_of is None else own[choice.repeat_of][0],
            ahead=ahead,
        )

    def _across(self, now: Field, history: list[Vote], rater: User | None, place: dict[int, int]) -> Choice | None:
        """A pair of the match that is in force on this cue, if any."""
        match = match_in_force(cue=self.cue)
        if match is None:
            return None
        older, newer = players(match=match, takes=now.takes)
        return choose_across(
            [place[key] for key in older],
            [place[key] for key in newer],
            history,
            seed=match.public_id,
            rater=rater.public_id if rater else "",
            names=[take.number for take in now.takes],
            busy=self._busy(rater, place),
        )

    def _choose(
        self, now: Field, history: list[Vote], rater: User | None, place: dict[int, int], aim: Aim | None
    ) -> Choice | None:
        if len(now.takes) < 2:
            return None
        belief = odds(now.posterior)
        sure = now.informed > 0 and certainty(now.posterior, now=belief).sure
        by_others = {
            vote.pair
            for row, vote in zip(now.judgements, now.votes, strict=True)
            if rater is not None and row.rater_id != rater.pk and vote.orders
        }
        return choose(
            now.posterior,
            history,
            seed=self.cue.public_id,
            rater=rater.public_id if rater else "",
            names=[take.number for take in now.takes],
            informed=now.informed,
            aim=aim or ("teach" if sure else "winner"),
            others=by_others,
            busy=self._busy(rater, place),
            now=belief,
        )

    def _busy(self, rater: User | None, place: dict[int, int]) -> set[tuple[int, int]]:
        """The pairs that others are hearing now, by the index of their takes."""
        if rater is None:
            return set()
        others = Pair.objects.filter(
            cue=self.cue, closed_at__isnull=True, rater__isnull=False, created_at__gt=timezone.now() - BUSY
        ).exclude(rater=rater)
        return {
            (min(place[left], place[right]), max(place[left], place[right]))
            for left, right in others.values_list("left_id", "right_id")
            if left in place and right in place
        }


def record_judgement(*, pair: Pair, rater: User, answer: str, listening: Listening | None = None) -> Judgement:
    """Write one answer to an open pair down, then fit the standings and the state of the cue again.

    The same answer sent twice is written once. Raises DomainError for an answer that is none, for somebody
    else's pair, and for a pair that is answered or no longer open.
    """
    if answer not in ANSWERS:
        raise DomainError(_("The answer is one of left, right, tie, bad and skip."))
    if pair.rater_id not in (None, rater.pk):
        raise DomainError(_("This pair was handed to somebody else."))
    heard = listening or Listening()
    left, right = merged(heard.left), merged(heard.right)
    with transaction.atomic():
        Cue.objects.select_for_update().get(pk=pair.cue_id)
        if not _close(pair):
            return _answered_before(pair, rater, answer)
        judgement = Judgement.objects.create(
            cue_id=pair.cue_id,
            rater=rater,
            pair=pair.public_id,
            left_id=pair.left_id,
            right_id=pair.right_id,
            answer=answer,
            side_seed=pair.side_seed,
            first_played=heard.first_played,
            heard_left=_length(left),
            heard_right=_length(right),
            positions={"left": left, "right": right} if left or right else {},
            events=[list(event) for event in heard.events],
            decision_ms=heard.decision_ms,
            device_class=heard.device_class,
            heard_on=rater.heard_on,
            policy=pair.policy,
            probability=pair.probability,
            left_rendering_id=pair.left_rendering_id,
            right_rendering_id=pair.right_rendering_id,
            tags=list(heard.tags),
            repeat_of_id=pair.repeat_of_id,
            app_version=_app_version(),
        )
        record_standing(cue=pair.cue)
        refresh_cue_state(cue=pair.cue)
    return judgement


def undo_judgement(*, cue: Cue, rater: User, judgement: Judgement | None = None, reason: str = "") -> Pair | None:
    """Take an answer of this listener back by a row of its own, and hand the same pair out again.

    `judgement`: which one, else the last on this cue. Returns the pair, None when one of its takes has left the
    running since. Raises DomainError when there is nothing to take back.
    """
    with transaction.atomic():
        Cue.objects.select_for_update().get(pk=cue.pk)
        last = last_judgement(cue=cue, rater=rater) if judgement is None else _standing(judgement, rater)
        if last is None:
            raise DomainError(_("There is nothing to take back."))
        Judgement.objects.create(
            cue=cue,
            rater=rater,
            pair=last.pair,
            left_id=last.left_id,
            right_id=last.right_id,
            answer=Answer.RETRACTED,
            supersedes=last,
            reason=reason,
            app_version=_app_version(),
        )
        record_standing(cue=cue)
        refresh_cue_state(cue=cue)
        for open_pair in _open_pairs(cue, rater).filter(ahead=False):
            _close(open_pair)
        running = set(cue.takes.in_the_running().values_list("pk", flat=True))
        if not {last.left_id, last.right_id} <= running:
            return None
        return Pair.objects.create(
            cue=cue,
            rater=rater,
            left_id=last.left_id,
            right_id=last.right_id,
            left_rendering_id=last.left_rendering_id,
            right_rendering_id=last.right_rendering_id,
            side_seed=last.side_seed,
            policy=last.policy,
            probability=1.0 if last.probability is None else last.probability,
            repeat_of_id=last.repeat_of_id,
        )


def change_judgement(*, judgement: Judgement, rater: User, answer: str, reason: str = "") -> Judgement:
    """Replace an answer of this listener by another one: a row of its own with all that was written down then.

    Raises DomainError for an answer that is none, and where there is nothing (any more) to replace.
    """
    if answer not in ANSWERS:
        raise DomainError(_("The answer is one of left, right, tie, bad and skip."))
    with transaction.atomic():
        cue = Cue.objects.select_for_update().get(pk=judgement.cue_id)
        old = _standing(judgement, rater)
        if old is None:
            raise DomainError(_("This answer has been changed already."))
        if old.answer == answer:
            return old
        new = Judgement.objects.get(pk=old.pk)
        new.pk, new.public_id, new._state.adding = None, new_public_id(), True
        new.answer, new.supersedes, new.reason, new.app_version = answer, old, reason, _app_version()
        new.save(force_insert=True)
        Reason.objects.bulk_create(
            Reason(judgement=new, tag=said.tag, given=said.given) for said in old.reasons.order_by("pk")
        )
        record_standing(cue=cue)
        refresh_cue_state(cue=cue)
    return new


def last_judgement(*, rater: User, cue: Cue | None = None) -> Judgement | None:
    """The newest answer of this listener that still holds, on this cue or on any."""
    own = Judgement.objects.standing().filter(rater=rater).select_related("cue__film").defer("events", "positions")
    return (own if cue is None else own.filter(cue=cue)).order_by("-pk").first()


def _standing(judgement: Judgement, rater: User) -> Judgement | None:
    return Judgement.objects.standing().filter(pk=judgement.pk, rater=rater).first()


def merged(spans: Sequence[Span]) -> list[list[float]]:
    """Spans in order without overlap, to the hundredth of a second."""
    joined: list[list[float]] = []
    for start, end in sorted((round(start, 2), round(end, 2)) for start, end in spans):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        elif end > start:
            joined.append([start, end])
    return joined


def _length(spans: Sequence[Sequence[float]]) -> float:
    return round(sum(end - start for start, end in spans), 2)


def _open_pairs(cue: Cue, rater: User) -> QuerySet[Pair]:
    return Pair.objects.filter(cue=cue, rater=rater, closed_at__isnull=True).select_related(
        "left", "right", "left_rendering", "right_rendering"
    )


def _close(pair: Pair) -> bool:
    """Whether this call was the one that closed the pair."""
    now = timezone.now()
    return bool(Pair.objects.filter(pk=pair.pk, closed_at__isnull=True).update(closed_at=now))


def _answered_before(pair: Pair, rater: User, answer: str) -> Judgement:
    found = Judgement.objects.standing().filter(pair=pair.public_id, rater=rater).first()
    if found is None:
        raise DomainError(_("This pair is no longer open; the next one is waiting."))
    if found.answer != answer:
        raise DomainError(_("This pair has its answer already; take it back to change it."))
    return found


def _app_version() -> str:
    try:
        return version("cuewright")
    except PackageNotFoundError:
        # run from a checkout that is not installed
        return ""

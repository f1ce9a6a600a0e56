"""Blind pairs: handing them out, writing the answers down, taking one back. Facts are only ever added."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from curator.domain.cues import refresh_cue_state
from curator.domain.errors import DomainError
from curator.domain.rendering import SOUND, request_mp3
from curator.domain.standings import read_field, record_standing
from curator.models.accounts import User
from curator.models.film import Cue
from curator.models.library import MediaFile, Rendering, RenderingState
from curator.models.ranking import Answer, Judgement, Pair, Take
from curator.preference.choose import choose

Side = Literal["left", "right"]
Span = tuple[float, float]

ANSWERS = (Answer.LEFT, Answer.RIGHT, Answer.TIE, Answer.BAD, Answer.SKIP)
"""What a listener may say to a pair."""

SITTING_GAP = timedelta(minutes=20)
"""A longer silence begins a new sitting."""
LONG_SITTING_MINUTES = 20
LONG_SITTING_PAIRS = 20
"""After this ears get tired (ITU-R BS.1116: sessions of 20 to 30 minutes at most)."""


class SoundPending(DomainError):
    """A file that a worker is making; it can be asked for again in a moment."""


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


@dataclass(frozen=True)
class Sitting:
    """How long this listener has been at it without a real break."""

    minutes: int
    pairs: int

    @property
    def long(self) -> bool:
        """Whether it is time for a pause."""
        return self.minutes >= LONG_SITTING_MINUTES or self.pairs >= LONG_SITTING_PAIRS


def next_pair(*, cue: Cue, rater: User | None, audible: bool = False) -> Pair | None:
    """The pair this listener is to hear now, or None while the cue has fewer than two takes for it.

    An open pair is handed out again, the same takes on the same sides, until it is answered. With `audible`
    only takes whose sound is ready count. Without a rater (scripts) each call makes a new pair.
    """
    with transaction.atomic():
        Cue.objects.select_for_update().get(pk=cue.pk)
        running = list(cue.takes.in_the_running().order_by("number"))
        sounds = sounds_of(cue=cue, takes=running)
        takes = [take for take in running if take.pk in sounds] if audible else running
        if rater is not None and (open_pair := _open_pairs(cue, rater).first()):
            if {open_pair.left_id, open_pair.right_id} <= {take.pk for take in takes} and not (
                audible and (open_pair.left_rendering_id is None or open_pair.right_rendering_id is None)
            ):
                return open_pair
            _close(open_pair)
        now = read_field(cue=cue, takes=takes)
        own = [
            (row, vote)
            for row, vote in zip(now.judgements, now.votes, strict=True)
            if rater is None or row.rater_id == rater.pk
        ]
        choice = choose(
            now.posterior,
            [vote for _row, vote in own],
            seed=cue.public_id,
            rater=rater.public_id if rater else "",
            names=[take.number for take in now.takes],
            informed=now.informed,
        )
        if choice is None:
            return None
        left, right = now.takes[choice.left], now.takes[choice.right]
        return Pair.objects.create(
            cue=cue,
            rater=rater,
            left=left,
            right=right,
            left_rendering=sounds.get(left.pk),
            right_rendering=sounds.get(right.pk),
            side_seed=f"{cue.public_id}:{choice.occurrence}",
            policy=choice.policy,
            probability=choice.probability,
            repeat_of=None if choice.repeat_of is None else own[choice.repeat_of][0],
        )


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


def undo_judgement(*, cue: Cue, rater: User, reason: str = "") -> Pair | None:
    """Take this listener's last answer back by a row of its own, and hand the same pair out again.

    Returns the pair, None when one of its takes has left the running since. Raises DomainError when there is
    nothing to take back.
    """
    with transaction.atomic():
        Cue.objects.select_for_update().get(pk=cue.pk)
        last = last_judgement(cue=cue, rater=rater)
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
        for open_pair in _open_pairs(cue, rater):
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


def last_judgement(*, cue: Cue, rater: User) -> Judgement | None:
    """The newest answer of this listener on this cue that still holds."""
    return Judgement.objects.standing().filter(cue=cue, rater=rater).order_by("-pk").first()


def sounds_of(*, cue: Cue, takes: Iterable[Take]) -> dict[int, Rendering]:
    """The sound of each take that has one, by the take's key: at the cue's tempo map where that exists."""
    takes = list(takes)
    ready = Rendering.objects.filter(
        version_id__in=[take.version_id for take in takes], target=SOUND, state=RenderingState.READY
    )
    by_version: dict[int, Rendering] = {}
    for row in sorted(ready, key=lambda row: (row.tempo_map == cue.tempo_map, row.pk)):
        by_version[row.version_id] = row
    return {take.pk: by_version[take.version_id] for take in takes if take.version_id in by_version}


def sound_file(*, token: str, rater: User, mp3: bool = False) -> MediaFile | None:
    """The file behind a side's token of a pair that is open and was handed to this listener; None for others.

    With `mp3` the MP3 of the same sound. Raises SoundPending while a worker makes it.
    """
    held = Pair.objects.filter(rater=rater, closed_at__isnull=True).select_related("left_rendering", "right_rendering")
    if pair := held.filter(left_token=token).first():
        sound = pair.left_rendering
    elif pair := held.filter(right_token=token).first():
        sound = pair.right_rendering
    else:
        return None
    if sound is None:
        return None
    if mp3 and request_mp3(sound=sound) is not None:
        raise SoundPending(_("The sound is being prepared for this browser."))
    file = sound.files.filter(role="mp3" if mp3 else "opus").select_related("media").first()
    return file.media if file else None


def read_sitting(*, rater: User) -> Sitting:
    """How long and over how many pairs this listener has been judging, over all cues."""
    times = (
        Judgement.objects.filter(rater=rater, supersedes__isnull=True)
        .order_by("-pk")
        .values_list("created_at", flat=True)[:200]
    )
    now = latest = timezone.now()
    earliest: datetime = now
    pairs = 0
    for moment in times:
        if latest - moment > SITTING_GAP:
            break
        earliest = latest = moment
        pairs += 1
    return Sitting(minutes=int((now - earliest).total_seconds() // 60), pairs=pairs)


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

"""A sitting: what somebody hears without a real break, over all cues that want ears."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from curator.domain.rendering import SOUND
from curator.models.accounts import HeardOn, User
from curator.models.film import Cue, CueState
from curator.models.library import RenderingState
from curator.models.ranking import Judgement, Pair, Standing, TakeState

SITTING_GAP = timedelta(minutes=20)
"""A longer silence begins a new sitting."""
LONG_SITTING_MINUTES = 20
LONG_SITTING_PAIRS = 20
"""After this ears get tired (ITU-R BS.1116: sessions of 20 to 30 minutes at most)."""
PAIRS_OF_A_CUE = 5
"""So many pairs in a row are of one cue: enough to have its scene in mind, few enough that no take wears out."""


@dataclass(frozen=True)
class Sitting:
    """How long this listener has been at it without a real break."""

    minutes: int
    pairs: int

    @property
    def long(self) -> bool:
        """Whether it is time for a pause."""
        return self.minutes >= LONG_SITTING_MINUTES or self.pairs >= LONG_SITTING_PAIRS


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


def cues_to_hear() -> QuerySet[Cue]:
    """The cues that are not decided and have two takes that sound, the least sure first; practice comes last."""
    audible = ~Q(takes__state=TakeState.DISCARDED) & Q(
        takes__version__renderings__target=SOUND, takes__version__renderings__state=RenderingState.READY
    )
    newest = Standing.objects.filter(cue=OuterRef("pk"), rater__isnull=True).order_by("-pk")
    return (
        Cue.objects.filter(state=CueState.TO_RANK, set_aside_at__isnull=True)
        .select_related("film")
        .annotate(
            audible=Count("takes", filter=audible, distinct=True),
            # a cue of which nothing was heard yet can lose more than any other
            regret=Coalesce(Subquery(newest.values("expected_regret")[:1]), 1e9),
        )
        .filter(audible__gte=2)
        .order_by("practice", F("regret").desc(), "film", "position", "pk")
    )


def next_cue(*, rater: User, here: Cue | None = None, hearing: bool = False) -> Cue | None:
    """The cue to go on with: the one a pair was prepared of, else this one for a few pairs, else the least sure.

    `hearing`: a pair of this cue is being heard and counts as one of the few.
    """
    places = list(cues_to_hear())
    ahead = Pair.objects.filter(rater=rater, closed_at__isnull=True, ahead=True).values_list("cue", flat=True).first()
    by_key = {cue.pk: cue for cue in places}
    if ahead in by_key:
        return by_key[ahead]
    others = [cue for cue in places if here is None or cue.pk != here.pk]
    if here is None or here.pk not in by_key:
        return others[0] if others else None
    if not others or _run_of(rater, here) + hearing < PAIRS_OF_A_CUE or (others[0].practice and not here.practice):
        return by_key[here.pk]
    return others[0]


def _run_of(rater: User, cue: Cue) -> int:
    """How many pairs in a row, up to now, were of this cue."""
    newest = (
        Judgement.objects.filter(rater=rater, supersedes__isnull=True)
        .order_by("-pk")
        .values_list("cue", flat=True)[:PAIRS_OF_A_CUE]
    )
    run = 0
    for key in newest:
        if key != cue.pk:
            break
        run += 1
    return run


def set_heard_on(*, rater: User, heard_on: str) -> None:
    """Write down on what this listener listens; each later answer says it too."""
    rater.heard_on = heard_on if heard_on in HeardOn.values else ""
    rater.save(update_fields=["heard_on"])


def warm_up(*, rater: User) -> None:
    """Write down that this listener has been through the first listening."""
    rater.warmed_up_at = timezone.now()
    rater.save(update_fields=["warmed_up_at"])

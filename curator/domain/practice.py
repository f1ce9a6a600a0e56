"""Practice briefs: a stage and a prompt without a scene, to judge takes before there is a film."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.db import transaction
from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.film.tempo import Metre, Section, TempoError, TempoMap
from curator.models.film import ArcStage, Cue, Film
from curator.models.ranking import Standing, TakeState

SLUG = "practice"
STAGES = ("Forgotten", "Chosen", "Humiliation", "Transformation", "Salvation", "Peace")
"""The arc's six stages as the checkpoints know them; a film may call its own otherwise."""


@dataclass(frozen=True)
class BriefFacts:
    """A practice brief with what became of it; `sure`: P(best) of the leader, None before the first answer."""

    cue: Cue
    takes: int
    votes: int
    sure: float | None
    sure_enough: bool


def practice_film() -> Film:
    """The one film that is none: it holds the practice briefs. Made when it is first needed."""
    with transaction.atomic():
        film, created = Film.objects.get_or_create(
            practice=True, defaults={"slug": _free_slug(), "title": "Practice", "length_frames": 1}
        )
        if created:
            ArcStage.objects.bulk_create(
                ArcStage(film=film, position=place, name=name, colour=place)
                for place, name in enumerate(STAGES, start=1)
            )
    return film


def add_brief(*, stage: str, words: str, style: str, metre: str, key: str, tempo: float, bars: int) -> Cue:
    """A new practice brief, numbered p1, p2, ...

    words: what the music is for; style: a prompt (`Period / composer / instrumentation`), empty for the checkpoint's
    own. tempo: quarters a minute. Raises DomainError for an unknown stage and for a plan that is no music.
    """
    film = practice_film()
    row = film.stages.filter(name=stage).first()
    if row is None:
        raise DomainError(_("There is no stage %(stage)s.") % {"stage": stage})
    try:
        beats, unit = (int(part) for part in metre.split("/"))
        plan = TempoMap((Section(1, Metre(beats, unit), Fraction(str(tempo))),))
        seconds = plan.length(bars)
        if seconds <= 0:
            raise TempoError(f"{bars} bars are no music.")
    except ValueError as error:  # TempoError is one
        raise DomainError(_("Metre, tempo and bars do not make a plan.")) from error
    with transaction.atomic():
        Film.objects.select_for_update().get(pk=film.pk)
        place = int(film.cues.aggregate(last=Max("position"))["last"] or 0) + 1
        return Cue.objects.create(
            film=film,
            number=f"p{place}",
            position=place,
            title=words.strip()[:120] or row.name,
            stage=row,
            in_frame=0,
            out_frame=max(1, round(seconds * film.fps)),
            brief=words.strip(),
            question=_("Which one is more truly %(stage)s?") % {"stage": row.name},
            texture=style.strip()[:60],
            tempo_map=[[1, tempo]],
            metre=metre,
            key=key,
            bars=bars,
            practice=True,
        )


def remove_brief(*, cue: Cue) -> None:
    """Remove a brief that nothing was written for yet. Raises DomainError where takes or open work need it."""
    with transaction.atomic():
        Cue.objects.select_for_update().get(pk=cue.pk)
        if not cue.practice or cue.state != "spotted" or cue.takes.exists():
            raise DomainError(_("%(number)s has takes; they would go with it.") % {"number": cue.number})
        cue.delete()


def read_briefs() -> Sequence[BriefFacts]:
    """All practice briefs in order; one query."""
    newest = Standing.objects.filter(cue=OuterRef("pk"), rater__isnull=True).order_by("-pk")
    rows = (
        Cue.objects.filter(practice=True, film__practice=True)
        .select_related("film", "stage")
        .annotate(
            running=Count("takes", filter=~Q(takes__state=TakeState.DISCARDED), distinct=True),
            heard=Subquery(newest.values("votes")[:1]),
            strengths=Subquery(newest.values("strengths")[:1]),
            enough=Subquery(newest.values("sure_enough")[:1]),
        )
        .order_by("position")
    )
    return [
        BriefFacts(
            cue=row,
            takes=row.running,
            votes=row.heard or 0,
            sure=max((one["p_best"] for one in row.strengths), default=None) if row.heard else None,
            sure_enough=bool(row.enough),
        )
        for row in rows
    ]


def _free_slug() -> str:
    """The slug of the practice film, which a real film may have taken."""
    slug = SLUG
    while Film.objects.filter(slug=slug).exists():
        slug += "-briefs"
    return slug

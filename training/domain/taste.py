"""The film maker's taste: learned from his judgements in seconds, told with its proof, a start for new takes.

It only writes Take.prior_mean when what it said of cues it had not seen was right more often than chance, and for each
cue from a fit without the answers about that cue.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_noop as _noop

from curator.domain.standings import record_standing
from curator.domain.turns import gpu_turn
from curator.jobs import Run, enqueue
from curator.models.accounts import Role, User
from curator.models.film import Cue
from curator.models.jobs import OPEN_STATES, Job, JobState
from curator.models.ranking import Answer, Judgement, Take
from curator.preference.fit import Floats
from curator.preference.taste import Clips, Heard, Taste, learn
from generation.clamp.space import PIPELINE, music_text
from generation.domain.encoders import encoder_in_use
from generation.domain.vectors import make_vectors, read_vectors
from generation.models.encoders import Encoder, VectorKind
from training.models.taste import TasteModel, TasteSetting

TASTE_JOB = "training.taste"
SOURCE = "taste "
"""What Take.prior_source begins with for strengths from here; the model's public id follows."""
LEAST_JUDGEMENTS = 30
"""Fewer judgements prove nothing: of 30 answers 21 must be right."""
FRESH_JUDGEMENTS = 10
"""So many new judgements have it learned anew by itself."""
CLEAR = 0.3
"""Correlation from which on a trait is told."""
SHOWN = 3

TRAITS = {
    "density": (_noop("fewer notes"), _noop("more notes")),
    "register": (_noop("lower music"), _noop("higher music")),
    "major": (_noop("nearer to minor"), _noop("nearer to major")),
    "repetition": (_noop("less repetition"), _noop("more repetition")),
    "ambitus": (_noop("a narrow range"), _noop("a wide range")),
}
"""What can be told of a taste: facts of a score, and the words for little and much of each."""


@dataclass(frozen=True)
class State:
    """A film maker's taste as the page shows it.

    new: judgements since it was learned; job: the one at work; trouble: why the last one failed, else "".
    """

    setting: TasteSetting
    model: TasteModel | None
    judgements: int
    new: int
    job: Job | None
    encoder: Encoder | None
    trouble: str = ""

    @property
    def missing(self) -> int:
        """How many judgements are missing before it can be learned."""
        return max(0, LEAST_JUDGEMENTS - self.judgements)

    @property
    def helps(self) -> bool:
        """Whether it starts the ranking of new takes now."""
        return self.setting.helps and self.model is not None and self.model.proved


def read_taste(*, rater: User) -> State:
    """What is known of a film maker's taste."""
    judged = _judged(rater)
    model = TasteModel.objects.filter(rater=rater).select_related("encoder").first()
    last = model.last_judgement_id if model else None
    job = Job.objects.filter(key=_key(rater)).order_by("-pk").first()
    return State(
        setting=setting_of(rater),
        model=model,
        judgements=judged.count(),
        new=judged.filter(pk__gt=last).count() if last else 0,
        job=job if job is not None and job.state in OPEN_STATES else None,
        encoder=encoder_in_use(),
        trouble=job.error if job is not None and job.state == JobState.FAILED else "",
    )


def setting_of(rater: User) -> TasteSetting:
    """What the film maker wants of his taste; the first one's helps until somebody switches it off."""
    found = TasteSetting.objects.filter(rater=rater).first()
    if found is not None:
        return found
    free = not TasteSetting.objects.filter(helps=True).exists()
    return TasteSetting.objects.get_or_create(rater=rater, defaults={"helps": free})[0]


def set_taste(*, rater: User, helps: bool, with_facts: bool, by_itself: bool = True) -> None:
    """Say whether the taste helps, whether facts of the score count, and whether it is learned by itself.

    Starts written by it go when it does not help.
    """
    with transaction.atomic():
        setting = setting_of(rater)
        if helps:
            TasteSetting.objects.exclude(pk=setting.pk).update(helps=False)
        setting.helps, setting.with_facts, setting.by_itself = helps, with_facts, by_itself
        setting.save(update_fields=["helps", "with_facts", "by_itself"])
        if not helps:
            _write_starts({}, "")


def request_taste(*, rater: User) -> Job:
    """Have a worker learn the taste anew."""
    return enqueue(kind=TASTE_JOB, queue="gpu", arguments={"rater": rater.pk}, key=_key(rater), created_by=rater)


def learn_due_tastes() -> list[Job]:
    """Have the tastes of film makers learned anew who have judged enough since they were last to be learned.

    Asked every minute: a job that failed or proved nothing is not repeated before there are new judgements.
    """
    if encoder_in_use() is None:
        return []
    off = TasteSetting.objects.filter(by_itself=False).values("rater")
    owners = User.objects.filter(role=Role.OWNER, is_active=True).exclude(pk__in=off)
    return [request_taste(rater=rater) for rater in owners.order_by("pk") if _is_due(rater)]


def _is_due(rater: User) -> bool:
    judged = _judged(rater)
    learned = TasteModel.objects.filter(rater=rater).values_list("created_at", flat=True).first()
    asked = Job.objects.filter(key=_key(rater)).aggregate(last=Max("created_at"))["last"]
    since = max((when for when in (learned, asked) if when is not None), default=None)
    if since is not None and judged.filter(created_at__gt=since).count() < FRESH_JUDGEMENTS:
        return False
    return bool(judged.count() >= LEAST_JUDGEMENTS)


def learn_taste(*, rater_id: int, run: Run) -> dict[str, Any]:
    """Make the vectors that are missing, learn the taste, write it and the starts of takes down."""
    rater = User.objects.filter(pk=rater_id).first()
    encoder = encoder_in_use()
    if rater is None or encoder is None:
        return {}
    judged = list(_judged(rater))
    asked = {row.cue_id for row in judged}
    takes = list(
        Take.objects.select_related("version", "cue__stage")
        .filter(cue__in=Cue.objects.filter(pk__in=asked) | Cue.objects.filter(practice=False))
        .order_by("cue_id", "number")
    )
    texts = {take.pk: music_text(take.version.abc) for take in takes}
    with gpu_turn(run, waiting=run.check):
        make_vectors(encoder=encoder, music=list(texts.values()), texts=[], run=run)
    vectors = read_vectors(encoder=encoder, kind=VectorKind.MUSIC, texts=texts.values())
    setting = setting_of(rater)
    held = [take for take in takes if texts[take.pk] in vectors]
    taste = None
    if len(judged) >= LEAST_JUDGEMENTS:
        clips = clips_of(held, [vectors[texts[take.pk]] for take in held], with_facts=setting.with_facts)
        taste = learn(clips, answers_of(held, judged))
    if taste is None:
        return {"judgements": len(judged), "proved": False}
    with run.commit():
        model = TasteModel.objects.create(
            rater=rater,
            encoder=encoder,
            pipeline=PIPELINE,
            with_facts=setting.with_facts,
            last_judgement=judged[-1],
            proved=taste.proof.proved,
            metrics=_metrics(taste),
            told=tell(held, taste),
        )
        if setting.helps:
            proved = taste.proof.proved
            starts = dict(zip([take.pk for take in held], taste.unheard.tolist(), strict=True)) if proved else {}
            _write_starts(starts, f"{SOURCE}{model.public_id}" if proved else "")
    return {"judgements": len(judged), "proved": model.proved, "accuracy": model.metrics["accuracy"]}


def clips_of(takes: Sequence[Take], vectors: Sequence[Any], *, with_facts: bool) -> Clips:
    """Takes as the pure model reads them; the scene of a take is the name of its cue's stage."""
    facts = np.array([[_fact(take, name) for name in TRAITS] for take in takes]) if with_facts else None
    return Clips(
        vectors=np.stack(vectors) if vectors else np.empty((0, 1)),
        cues=tuple(str(take.cue_id) for take in takes),
        scenes=tuple(_scene(take) for take in takes),
        facts=facts,
    )


def answers_of(takes: Sequence[Take], judged: Sequence[Judgement]) -> list[Heard]:
    """The judgements about these takes; "equal" says nothing here."""
    place = {take.pk: at for at, take in enumerate(takes)}
    found = []
    for row in judged:
        if row.left_id in place and row.right_id in place:
            left, right = place[row.left_id], place[row.right_id]
            found.append(Heard(left, right) if row.answer == Answer.LEFT else Heard(right, left))
    return found


def tell(takes: Sequence[Take], taste: Taste) -> dict[str, Any]:
    """What a taste says of itself: traits that go with it, by scene where it turns with the scene, and takes.

    A trait is told by the correlation, among takes of the same cue, of a fact of the score with the strength.
    """
    scenes = [_scene(take) for take in takes]
    groups = sorted(set(scenes)) if taste.scene_share else [""]
    traits = []
    for scene in groups:
        inside = [at for at, name in enumerate(scenes) if not scene or name == scene]
        for name in TRAITS:
            found = _correlation([takes[at] for at in inside], taste.strengths[inside], name)
            if abs(found) >= CLEAR:
                traits.append({"fact": name, "more": found > 0, "correlation": round(found, 2), "scene": scene})
    traits.sort(key=lambda trait: -abs(float(str(trait["correlation"]))))
    order = np.argsort(-taste.strengths, kind="stable")
    return {
        "traits": traits[: 2 * SHOWN],
        "liked": [takes[at].public_id for at in order[:SHOWN]],
        "disliked": [takes[at].public_id for at in order[::-1][:SHOWN]],
    }


def _key(rater: User) -> str:
    return f"taste:{rater.pk}"


def _judged(rater: User) -> Any:
    return (
        Judgement.objects.filter(rater=rater, answer__in=(Answer.LEFT, Answer.RIGHT))
        .standing()
        .defer("events", "positions")
        .order_by("pk")
    )


def _metrics(taste: Taste) -> dict[str, Any]:
    proof = taste.proof
    return {
        "right": proof.right,
        "answers": proof.answers,
        "accuracy": round(proof.accuracy, 4),
        "low": round(proof.low, 4),
        "high": round(proof.high, 4),
        "ridge": taste.ridge,
        "scene_share": taste.scene_share,
    }


def _scene(take: Take) -> str:
    return take.cue.stage.name if take.cue.stage else ""


def _fact(take: Take, name: str) -> float:
    facts: Mapping[str, Any] = take.version.facts
    if name == "density":
        return float(np.log2(max(facts.get("notes") or 1, 1) / max(facts.get("bars") or 1, 1)))
    if name == "ambitus":
        low, high = facts.get("ambitus") or (0, 0)
        return float(high - low)
    return float(facts.get(name) or 0.0)


def _correlation(takes: Sequence[Take], strengths: Floats, name: str) -> float:
    values = np.array([_fact(take, name) for take in takes])
    for cue in {take.cue_id for take in takes}:
        inside = np.array([take.cue_id == cue for take in takes])
        values[inside] -= values[inside].mean()
    size = float(np.linalg.norm(values) * np.linalg.norm(strengths))
    return float(values @ strengths) / size if size else 0.0


def _write_starts(starts: Mapping[int, float], source: str) -> None:
    """Write the starts of takes and take away older ones; standings that rest on them are made anew."""
    known = Take.objects.filter(prior_source__startswith=SOURCE) | Take.objects.filter(pk__in=list(starts))
    changed = []
    for take in known.distinct():
        mean, said = (starts[take.pk], source) if take.pk in starts else (0.0, "")
        if (take.prior_mean, take.prior_source) != (mean, said):
            take.prior_mean, take.prior_source = mean, said
            changed.append(take)
    Take.objects.bulk_update(changed, ["prior_mean", "prior_source"], batch_size=100)
    judged = Cue.objects.filter(pk__in={take.cue_id for take in changed}, judgements__isnull=False).distinct()
    for cue in judged:
        record_standing(cue=cue)

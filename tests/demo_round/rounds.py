"""One round in an installation, by the functions that the pages call: takes, judgements, pairs, training.

Whatever is done already is not done again, so a round that broke off goes on where it was.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from random import Random
from typing import Any

from curator import jobs
from curator.domain.accounts import ensure_rater
from curator.domain.demo_film import seed_film
from curator.domain.ranking import next_pair, record_judgement
from curator.models.accounts import User
from curator.models.film import Cue, Film
from curator.models.jobs import Job, JobState
from curator.models.ranking import Judgement, Take
from curator.preference.pairs import P_ORDER_STRICT
from generation.domain.checkpoints import seed_demo_checkpoint
from generation.domain.requests import request_takes
from generation.models.checkpoints import Checkpoint
from generation.models.requests import CueRequest
from tests.demo_round.film import film as film_data
from tests.demo_round.listeners import Listener, answer
from training.domain.preferences import Choice, draft_preferences, freeze_preferences
from training.domain.rounds import start_round
from training.models.rounds import Round, RoundState
from training.models.sets import PreferenceSet

TAKES = 12
VOTES = 28
"""Answers about each cue: 448 about sixteen."""

SETTINGS: Mapping[str, Mapping[str, Any]] = {"two stages": {"preset": "small", "rate": 5e-4, "anchor": 0.3}}
"""What is set for the round on a film; where nothing is, the round takes what suits the model's size. A fuller bar is
the harder one to get right, and the anchor keeps bars right."""

DRAW = {"top_p": 0.98, "temperature": 1.0}
"""Takes to choose from are drawn more freely than takes to use."""

CHOICE = Choice(threshold=P_ORDER_STRICT, balanced=False, held_out=frozenset())
"""What is chosen on the page: sure orders only; pairs that teach length too, since all takes of a cue have the same
bars, and how many notes they hold is taste; no cue held out, since fresh takes that nobody judged are the measure."""

Tell = Callable[[str], None]


def make_film(*, name: str, seed: int) -> tuple[Film, Checkpoint]:
    """The film of this name and the demo checkpoint. The coins of the pair policy hang on public ids, which the seed
    gives."""
    base = seed_demo_checkpoint()
    made = seed_film(data=film_data(name))
    for cue in cues_of(made):
        Cue.objects.filter(pk=cue.pk).update(public_id=_name(seed, cue.number))
    return made, base


def cues_of(film: Film) -> list[Cue]:
    """The cues in their order, with film and stage."""
    return list(Cue.objects.filter(film=film).select_related("film", "stage").order_by("position"))


def write_takes(*, film: Film, base: Checkpoint, seed: int, tell: Tell, pool: Executor | None = None) -> int:
    """Twelve takes for every cue, by the processes of `pool` where there is one; how many there are in all."""
    cues = cues_of(film)
    asked = [
        CueRequest.objects.filter(cue=cue).select_related("job").first()
        or request_takes(cue=cue, count=TAKES, checkpoint=base, sampling=DRAW, seed=seed * 1000 + number)
        for number, cue in enumerate(cues, start=1)
    ]
    jobs_of = [request.job_id for request in asked]
    for number, _done in enumerate((pool.map if pool else map)(finish, jobs_of), start=1):
        tell(f"cue {number} of {len(cues)}")
    return Take.objects.filter(cue__film=film).count()


def judge_takes(*, film: Film, listener: Listener, seed: int, tell: Tell) -> int:
    """Let the listener answer pairs as they are handed out to teach; how many answers there are."""
    rater = _rater(listener, seed)
    cues = cues_of(film)
    for number, cue in enumerate(cues, start=1):
        stage = cue.stage.name if cue.stage else ""
        values = {take.pk: listener.likes(take.version.abc, stage) for take in cue.takes.select_related("version")}
        for said in range(Judgement.objects.filter(cue=cue).count(), VOTES):
            pair = next_pair(cue=cue, rater=rater, aim="teach")
            if pair is None:
                break
            coin = Random(f"{seed}/{cue.number}/{said}")
            record_judgement(pair=pair, rater=rater, answer=answer(values[pair.left_id], values[pair.right_id], coin))
        tell(f"cue {number} of {len(cues)}")
    return Judgement.objects.filter(cue__film=film).count()


def train(*, film: Film, name: str, base: Checkpoint, tell: Tell) -> Round:
    """Freeze what the judgements about the film of this name teach and train on it."""
    row = Round.objects.order_by("number").first()
    if row is None:
        draft = draft_preferences(film=film, choice=CHOICE)
        frozen = PreferenceSet.objects.first() or freeze_preferences(draft=draft)
        tell(f"training on {frozen.manifest['pairs']} pairs")
        row = start_round(data=frozen, base=base, settings=SETTINGS.get(name, {}))
    finish(row.job_id)
    row.refresh_from_db()
    if row.state != RoundState.MEASURED:
        raise SystemExit(f"The round is {row.state}: {row.error}")
    return row


def finish(job: int | None) -> None:
    """Do the job of this key, if there is one, in this process. Raises SystemExit when it fails."""
    if job is None:
        return
    done = jobs.wait_for(Job.objects.get(pk=job))
    if done.state != JobState.DONE:
        raise SystemExit(f"{done.kind}: {done.error}")


def _rater(listener: Listener, seed: int) -> User:
    rater = ensure_rater(name=f"Script: {listener.name}")
    User.objects.filter(pk=rater.pk).update(public_id=_name(seed, "rater"))
    rater.refresh_from_db()
    return rater


def _name(seed: int, what: str) -> str:
    """A public id that looks drawn and is not."""
    random = Random(f"{seed}/{what}")
    return "".join(random.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(12))

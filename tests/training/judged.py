"""Cues whose takes were written by a model and judged, for tests of what is learned from them."""

import hashlib
from collections.abc import Sequence
from itertools import count

import numpy as np

from curator.models.accounts import User
from curator.models.film import Cue, Film
from curator.models.ranking import Judgement, Take
from generation.models.checkpoints import Checkpoint
from generation.models.requests import Candidate, CandidateState, CueRequest
from tests.factories import make_cue, make_film, make_take, make_version

OPENING = '%Minimal\n%Etude, Waltz\n%Keyboard\n%%score { 1 | 2 }\nL:1/8\nM:3/4\nK:C\nV:1 treble nm="Piano"\nV:2 bass \n'

_next = count(1)


def checkpoint(name: str = "Base") -> Checkpoint:
    """Weights in the registry, without a file."""
    return Checkpoint.objects.get_or_create(
        name=name,
        defaults={"kind": "demo", "sha256": hashlib.sha256(name.encode()).hexdigest(), "size": 1, "header": "bare"},
    )[0]


def written_take(cue: Cue, *, opening: str = OPENING, body: str = "", weights: Checkpoint | None = None) -> Take:
    """A take that a model wrote: two bars behind forced markers unless `body` says otherwise."""
    number = next(_next)
    weights = weights or checkpoint()
    body = body or f"[r:0/1][V:1]c2 d2 e{number}|[V:2]C,6|\n[r:1/0][V:1]e6|[V:2]G,,6|\n"
    version = make_version(abc=f"{opening}{body}{number}", facts={"notes": 6, "bars": 2})
    take = make_take(cue=cue, version=version, cohort=weights.sha256[:16])
    request = CueRequest.objects.create(cue=cue, checkpoint=weights, count=1, seed=number)
    start = len(opening)
    Candidate.objects.create(
        request=request,
        index=0,
        seed=number,
        state=CandidateState.WRITTEN,
        raw=opening + body,
        forced=[[0, start], [start, start + 7]],
        ids_sha256=hashlib.sha256(body.encode()).hexdigest(),
        checkpoint_sha256=weights.sha256,
        version=version,
        take=take,
    )
    return take


def judged_cue(
    takes: int,
    said: Sequence[tuple[int, int, str]],
    *,
    rater: User,
    film: Film | None = None,
) -> Cue:
    """A cue of written takes 1 … `takes` with judgements (left, right, answer), takes by number."""
    cue = make_cue(film=film or make_film())
    by_number = {take.number: take for take in (written_take(cue) for _ in range(takes))}
    for left, right, answer in said:
        say(cue, by_number[left], by_number[right], answer, rater)
    return cue


def say(cue: Cue, left: Take, right: Take, answer: str, rater: User) -> Judgement:
    """One judgement as a row."""
    return Judgement.objects.create(
        cue=cue, rater=rater, pair=f"pair-{next(_next)}", left=left, right=right, answer=answer
    )


def listened(takes: int, votes: int, *, seed: int) -> list[tuple[int, int, str]]:
    """What a listener says of uniform pairs who likes take 1 best, then 2 … (Bradley-Terry, steps of 0.8)."""
    random = np.random.default_rng(seed)
    said = []
    for _ in range(votes):
        left, right = (int(take) + 1 for take in random.choice(takes, 2, replace=False))
        ahead = 1 / (1 + np.exp(-0.8 * (right - left)))
        said.append((left, right, "left" if random.random() < ahead else "right"))
    return said


def tossed(takes: int, votes: int, *, seed: int) -> list[tuple[int, int, str]]:
    """What coins say of uniform pairs."""
    random = np.random.default_rng(seed)
    pairs = [random.choice(takes, 2, replace=False) + 1 for _ in range(votes)]
    return [(int(left), int(right), str(random.choice(["left", "right"]))) for left, right in pairs]


def judged_film(rater: User) -> Film:
    """The film "laterne" with three judged cues, enough said of each to hold one out."""
    made = make_film(slug="laterne")
    for seed in range(3):
        judged_cue(6, listened(6, 40, seed=seed), rater=rater, film=made)
    return made

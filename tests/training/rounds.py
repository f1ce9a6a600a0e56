"""Sets that a round of the small test model can learn from within seconds."""

from typing import Any

from curator.models.accounts import User
from curator.models.film import Film
from generation.models.checkpoints import Checkpoint
from tests.factories import make_cue, make_film
from tests.generation.writing import small_checkpoint
from tests.training.judged import listened, say, written_take
from training.domain.preferences import Choice, draft_preferences, freeze_preferences
from training.domain.rounds import start_round
from training.models.rounds import Round
from training.models.sets import PreferenceSet

STAGED = (
    "%Minimal\n%Etude, Waltz\n%Keyboard\n%Peace\n%%score { 1 | 2 }\nL:1/8\nM:3/4\nK:C\n"
    'V:1 treble nm="Piano"\nV:2 bass \n'
)

FEW_STEPS: dict[str, Any] = {"epochs": 1, "warmup": 1}


def judged_film(rater: User, *, cues: int = 3, votes: int = 24, weights: Checkpoint | None = None) -> Film:
    """A film whose takes the small model wrote: four takes a cue, so many votes on each cue."""
    film = make_film()
    weights = weights or small_checkpoint()
    for seed in range(cues):
        cue = make_cue(film=film)
        takes = [written_take(cue, opening=STAGED, weights=weights) for _ in range(4)]
        for left, right, answer in listened(4, votes, seed=seed):
            say(cue, takes[left - 1], takes[right - 1], answer, rater)
    return film


def preference_set(
    rater: User, *, cues: int = 3, votes: int = 24, weights: Checkpoint | None = None, held_out: int | None = None
) -> PreferenceSet:
    """A frozen set of `judged_film`. held_out: so many of its cues, the first ones; None lets the house choose."""
    film = judged_film(rater, cues=cues, votes=votes, weights=weights)
    names = [cue.public_id for cue in film.cues.order_by("position")]
    choice = None if held_out is None else Choice(held_out=frozenset(names[:held_out]))
    return freeze_preferences(draft=draft_preferences(film=film, choice=choice))


def small_round(rater: User, **more: Any) -> Round:
    """A DPO round of a few steps, started and not trained yet."""
    return start_round(data=preference_set(rater), base=small_checkpoint(), settings=FEW_STEPS | more)

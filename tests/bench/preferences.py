"""Six cues of sixteen takes, each judged sixty times in a database by a simulated listener, and what is learned of it.

Judgements are handed out and written down by the functions that the pages call; sigma 1, 5 % slips (set-up of the
specification). `judge_film` runs inside an installation (manage.py shell).
"""

from statistics import NormalDist

import numpy as np

from curator.domain.ranking import next_pair, record_judgement
from curator.models.accounts import User
from curator.preference.choose import Aim
from tests.factories import make_cue, make_film, make_user
from tests.training.judged import written_take

CUES, TAKES, VOTES = 6, 16, 60
SIGMA, SLIPS = 1.0, 0.05


def judge_film(seed: int, *, slug: str, aim: Aim | None) -> None:
    """A film judged by one listener. The true strength of a take stands in its cohort.

    aim: None looks for the winner until he is sure enough, as the page does by itself.
    """
    random = np.random.default_rng(seed)
    # the coins of the policy and the lot of the held-out cue hang on public ids: fixed ones make a run repeatable
    rater: User = make_user(role="owner", username=slug, public_id=f"r-{slug}"[:12])
    film = make_film(slug=slug)
    truths = SIGMA * np.array([NormalDist().inv_cdf((take + 0.5) / TAKES) for take in range(TAKES)])
    for number in range(CUES):
        cue = make_cue(film=film, public_id=f"{number}{slug}"[:12])
        strength: dict[int, float] = {}
        for value in random.permutation(truths):
            take = written_take(cue)
            take.cohort = f"{value:.6f}"
            take.save(update_fields=["cohort"])
            strength[take.pk] = float(value)
        for _vote in range(VOTES):
            pair = next_pair(cue=cue, rater=rater, aim=aim)
            assert pair is not None
            ahead = 1.0 / (1.0 + np.exp(strength[pair.right_id] - strength[pair.left_id]))
            left = random.random() < (0.5 if random.random() < SLIPS else ahead)
            record_judgement(pair=pair, rater=rater, answer="left" if left else "right")

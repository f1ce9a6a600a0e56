"""Pairs by the encoder's ear: the top and the bottom of a cue's takes by likeness to the style, beside human pairs.

Selected as NotaGen does (generation.clamp.selection), from takes of one cue that were asked for alike. They weigh a
quarter of a human pair, and no couple is among them that somebody has judged or whose judgements put the other first.
They are never frozen alone: no round starts below sixty votes, and only judgements tell what it was right to learn.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from curator.models.film import Cue
from curator.models.ranking import Judgement, Take
from curator.preference.best import order_odds
from curator.preference.raters import fit_raters
from curator.preference.votes import Answer, Vote
from generation.clamp.selection import LEAST, SHARE, walk
from generation.clamp.space import PIPELINE
from generation.domain.ear import copy_limit
from generation.domain.encoders import encoder_in_use
from generation.models.encoders import TakeScore
from training.domain.preference_files import Text

WEIGHT = 0.25
"""Of an automatic pair against a human one (spec clamp, guards: 0.2 to 0.3)."""
BELIEF = 0.75
"""What is put down as the chance that a listener would say the same: nobody has been asked."""


@dataclass(frozen=True)
class Automatic:
    """One pair that the encoder would make."""

    chosen: Take
    rejected: Take
    weight: float


def automatic_pairs(
    *, cues: Sequence[Cue], texts: Mapping[int, Text], judged: Mapping[int, Sequence[Judgement]], share: float = SHARE
) -> tuple[Automatic, ...]:
    """The automatic pairs of these cues; none without an encoder or below LEAST takes that were asked for alike."""
    encoder = encoder_in_use()
    scores = TakeScore.objects.filter(encoder=encoder, pipeline=PIPELINE, take__cue__in=cues, likeness__isnull=False)
    by_kind: dict[tuple[int, str], list[TakeScore]] = defaultdict(list)
    for row in scores.select_related("encoder", "take__version", "take__cue__film").order_by("take__number"):
        if row.take_id in texts:
            by_kind[row.take.cue_id, texts[row.take_id].opening].append(row)
    found: list[Automatic] = []
    for (cue, _opening), rows in by_kind.items():
        count = int(len(rows) * share)
        if len(rows) < LEAST or not count:
            continue
        selected = walk(
            [row.take.version.abc for row in rows],
            [row.likeness or 0.0 for row in rows],
            [row.closest or 0.0 for row in rows],
            count=count,
            limit=copy_limit(rows[0].encoder),
        )
        pairs = [(rows[good].take, rows[bad].take) for good in selected.chosen for bad in selected.rejected]
        found += _allowed(pairs, judged.get(cue, ()))
    return tuple(found)


def _allowed(pairs: Sequence[tuple[Take, Take]], judged: Sequence[Judgement]) -> list[Automatic]:
    """The pairs that no human judgement speaks of or against."""
    keys = sorted({key for row in judged for key in (row.left_id, row.right_id)})
    place = {key: at for at, key in enumerate(keys)}
    votes = [Vote(place[row.left_id], place[row.right_id], cast(Answer, row.answer)) for row in judged]
    met = {frozenset((row.left_id, row.right_id)) for row in judged}
    ahead = order_odds(fit_raters(len(keys), votes).posterior)[0] if keys else None

    def stands(chosen: Take, rejected: Take) -> bool:
        if frozenset((chosen.pk, rejected.pk)) in met:
            return False
        if ahead is None or chosen.pk not in place or rejected.pk not in place:
            return True
        return bool(ahead[place[chosen.pk], place[rejected.pk]] >= 0.5)

    kept = [pair for pair in pairs if stands(*pair)]
    occurs: dict[int, int] = defaultdict(int)
    for pair in kept:
        for take in pair:
            occurs[take.pk] += 1
    return [Automatic(good, bad, WEIGHT / (occurs[good.pk] + occurs[bad.pk])) for good, bad in kept]

"""Preference sets: which pairs a film's judgements give, what is held out and left out, and the frozen result."""

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.standings import ESTIMATOR
from curator.models.film import Cue, Film
from curator.models.ranking import Judgement, Take
from curator.preference.evidence import log_factor
from curator.preference.pairs import (
    P_ORDER,
    CueVotes,
    HeldOut,
    Negative,
    PairSet,
    Source,
    TrainingPair,
    build_pairs,
    held_out,
    votes_missing,
)
from curator.preference.votes import Answer, Vote
from generation.clamp.space import PIPELINE
from generation.domain.encoders import encoder_in_use
from training.domain.automatic import BELIEF, Automatic, automatic_pairs
from training.domain.preference_files import Text, compose, texts_of
from training.models.sets import PreferencePair, PreferenceSet
from training.recipes.enough import Enough, enough

MINIMUM_PAIRS = 100
"""With fewer pairs a round may learn chance: what papers on small preference sets advise at least."""
HELD_OUT_LEAST = 10
"""A cue with fewer decided couples measures nothing."""
HELD_OUT_SHARE = 6
"""One cue in so many is held out."""


@dataclass(frozen=True)
class Choice:
    """What the owner may choose.

    source: None takes the better one for the number of answers; threshold: what P(order) must be for posterior
    pairs; balanced: leave out what would teach length; held_out: public ids of cues, None lets the house choose;
    automatic: add pairs by the encoder's ear, weighted below those of people.
    """

    source: Source | None = None
    threshold: float = P_ORDER
    balanced: bool = True
    held_out: frozenset[str] | None = None
    automatic: bool = False


@dataclass(frozen=True)
class CueFacts:
    """One cue with everything that was said of its takes; `judgements` and the votes of `said` go together."""

    cue: Cue
    takes: tuple[Take, ...]
    judgements: tuple[Judgement, ...]
    said: CueVotes

    @property
    def answers(self) -> int:
        """How many judgements say something about order."""
        return sum(vote.orders for vote in self.said.votes)

    @property
    def votes(self) -> int:
        """How many judgements there are, those that call both bad included."""
        return sum(vote.answer != "skip" for vote in self.said.votes)

    @cached_property
    def decided(self) -> tuple[HeldOut, ...]:
        """The couples with a majority of direct answers."""
        return held_out(self.said)


@dataclass(frozen=True)
class Draft:
    """What would be frozen. `film` None: the cues of all films."""

    film: Film | None
    choice: Choice
    cues: tuple[CueFacts, ...]
    held: frozenset[str]
    texts: dict[int, Text]
    found: PairSet
    automatic: tuple[Automatic, ...] = ()

    @property
    def pairs(self) -> int:
        """How many pairs a round may learn from."""
        return len(self.found.pairs)

    @cached_property
    def evidence(self) -> float:
        """Natural log of how much likelier a taste makes all these answers than coins do."""
        return log_factor([(facts.said.size, facts.said.votes) for facts in self.cues])

    @cached_property
    def tests(self) -> tuple[HeldOut, ...]:
        """The direct answers about the cues that are held out."""
        return tuple(couple for facts in self.cues if facts.cue.public_id in self.held for couple in facts.decided)

    @cached_property
    def unpaired(self) -> tuple[Negative, ...]:
        """Takes that were called bad, of the cues that are learned from, where their model's text is known."""
        by_cue = {facts.cue.public_id: facts for facts in self.cues}
        return tuple(one for one in self.found.negatives if by_cue[one.cue].takes[one.clip].pk in self.texts)

    @property
    def enough(self) -> Enough:
        """Whether a round may learn from these votes, those of held-out cues included, as the recipe judges it."""
        return enough({facts.cue.public_id: facts.votes for facts in self.cues})

    @property
    def missing(self) -> int:
        """About how many more votes are missing: to what a round needs, then to a good number of pairs; 0 at none."""
        pairs = votes_missing(pairs=self.pairs, answers=self.found.answers, minimum=MINIMUM_PAIRS)
        return max(self.enough.missing_votes, pairs)

    @property
    def expected_correct(self) -> float | None:
        """The share of pairs that are expected to be the right way round."""
        return _number(self.found.expected_correct)

    @property
    def length_lean(self) -> float | None:
        """Correlation of length and preference, -1 to 1."""
        return _number(self.found.length_lean)

    @property
    def density_lean(self) -> float | None:
        """Correlation of density and preference, -1 to 1."""
        return _number(self.found.density_lean)

    @property
    def trouble(self) -> str:
        """Why this cannot be frozen, in the reader's language; "" when it can."""
        if self.pairs:
            return ""
        if self.automatic:
            return _("Pairs by the encoder's ear go beside pairs of people, never alone: nobody heard what they say.")
        return _("No judgement says yet which take serves its cue better, so there is nothing to learn.")

    def pairs_of(self, cue: str) -> int:
        """How many training pairs a cue gives."""
        return sum(pair.cue == cue for pair in self.found.pairs)


def draft_preferences(*, film: Film | None, choice: Choice | None = None) -> Draft:
    """The pairs that the judgements give now, in four queries. `film` None takes the cues of every film.

    All judged takes count, discarded ones too. A take that no model here wrote makes no pair, nor do two takes
    that were asked for differently, but what was said of them tells of the others.
    """
    choice = choice or Choice()
    cues, texts = _read(film)
    held = _held(cues) if choice.held_out is None else choice.held_out & {facts.cue.public_id for facts in cues}
    found = build_pairs(
        [facts.said for facts in cues if facts.cue.public_id not in held],
        source=choice.source,
        threshold=choice.threshold,
        balanced=choice.balanced,
    )
    automatic: tuple[Automatic, ...] = ()
    if choice.automatic:
        others = Cue.objects.filter(**({} if film is None else {"film": film})).exclude(public_id__in=held)
        judged = {facts.cue.pk: facts.judgements for facts in cues}
        automatic = automatic_pairs(cues=list(others), texts=texts, judged=judged)
    return Draft(
        film=film, choice=choice, cues=cues, held=frozenset(held), texts=texts, found=found, automatic=automatic
    )


def freeze_preferences(*, draft: Draft) -> PreferenceSet:
    """Write the draft down for good; the set that is there when the very same was frozen before.

    Raises DomainError when there is no pair of people to learn from.
    """
    if draft.trouble:
        raise DomainError(draft.trouble)
    rows = _rows(draft)
    unpaired = _unpaired(draft)
    files = compose(pairs=rows, unpaired=unpaired, texts=draft.texts)
    manifest = _manifest(draft, files, unpaired)
    sha256 = hashlib.sha256(canonical(manifest)).hexdigest()
    with transaction.atomic():
        before = PreferenceSet.objects.filter(sha256=sha256).first()
        if before is not None:
            return before
        made = PreferenceSet.objects.create(
            name=_name(draft.film),
            film=draft.film,
            sha256=sha256,
            votes=draft.found.answers,
            expected_correct=draft.expected_correct,
            manifest=manifest,
        )
        for row in rows:
            row.preference_set = made
        PreferencePair.objects.bulk_create(rows)
    return made


def files_of(*, frozen: PreferenceSet) -> dict[str, bytes]:
    """The files of a frozen set by name, made again from its rows, the manifest with them.

    Raises DomainError when a text they were made of is no longer what it was.
    """
    rows = list(_pairs_of(frozen))
    told = {entry["take"]: entry["judgements"] for entry in frozen.manifest["unpaired"]}
    bad = {take.public_id: take for take in Take.objects.filter(public_id__in=told).select_related("cue__film")}
    takes = [take for row in rows for take in (row.chosen, row.rejected)] + list(bad.values())
    try:
        files = compose(
            pairs=rows,
            unpaired=[(bad[take], judgements) for take, judgements in told.items()],
            texts=texts_of(takes=takes),
        )
    except KeyError:
        files = {}
    if _described(files) != frozen.manifest["files"]:
        raise DomainError(_("A take of %(set)s has changed since it was frozen.") % {"set": frozen.name})
    return {**files, "manifest.json": canonical(frozen.manifest) + b"\n"}


def taken_back(*, frozen: PreferenceSet) -> int:
    """How many of the judgements behind a frozen set were taken back since."""
    named = {name for row in frozen.pairs.values_list("judgements", flat=True) for name in row}
    return Judgement.objects.filter(public_id__in=named, superseded_by__isnull=False).count()


def canonical(manifest: dict[str, Any]) -> bytes:
    """The one way to write a manifest."""
    return json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _read(film: Film | None) -> tuple[tuple[CueFacts, ...], dict[int, Text]]:
    cues = list(Cue.objects.filter(**({} if film is None else {"film": film})).select_related("film"))
    cues.sort(key=lambda cue: (cue.film.slug, cue.position, cue.number))
    by_key = {cue.pk: cue for cue in cues}
    takes: dict[int, list[Take]] = {cue.pk: [] for cue in cues}
    for take in Take.objects.filter(cue__in=cues).select_related("version").defer("version__abc", "version__musicxml"):
        take.cue = by_key[take.cue_id]
        takes[take.cue_id].append(take)
    said: dict[int, list[Judgement]] = {cue.pk: [] for cue in cues}
    for row in Judgement.objects.filter(cue__in=cues).standing().defer("events", "positions").order_by("pk"):
        said[row.cue_id].append(row)
    texts = texts_of(takes=[take for cue in cues for take in takes[cue.pk]])
    return tuple(_facts(cue, takes[cue.pk], said[cue.pk], texts) for cue in cues if said[cue.pk]), texts


def _facts(cue: Cue, takes: list[Take], judgements: list[Judgement], texts: dict[int, Text]) -> CueFacts:
    takes = sorted(takes, key=lambda take: take.number)
    place = {take.pk: index for index, take in enumerate(takes)}
    found = [texts.get(take.pk) for take in takes]
    densities = [_density(take) if text else 1.0 for take, text in zip(takes, found, strict=True)]
    return CueFacts(
        cue=cue,
        takes=tuple(takes),
        judgements=tuple(judgements),
        said=CueVotes(
            cue=cue.public_id,
            size=len(takes),
            votes=tuple(
                # the model's answers that hold are exactly those of the mathematics
                Vote(place[row.left_id], place[row.right_id], cast(Answer, row.answer))
                for row in judgements
            ),
            # takes without text make no pair; their length is never asked for
            lengths=tuple(float(max(1, len(text.written))) if text else 1.0 for text in found),
            densities=tuple(densities) if all(densities) else (),
            kinds=tuple(text.opening if text else "" for text in found),
        ),
    )


def _density(take: Take) -> float:
    facts = take.version.facts
    return facts["notes"] / facts["bars"] if facts.get("notes") and facts.get("bars") else 0.0


def _held(cues: Sequence[CueFacts]) -> frozenset[str]:
    """One cue in six of those that decide enough; none while that would leave nothing to learn from.

    Public ids are random, so their order is a lot that was drawn when the cues were made. It never changes, so
    that the cue a model is measured on is not one that it learned from in an earlier round.
    """
    fit = sorted(facts.cue.public_id for facts in cues if len(facts.decided) >= HELD_OUT_LEAST)
    if not fit or len(cues) < 2:
        return frozenset()
    return frozenset(fit[: max(1, len(fit) // HELD_OUT_SHARE)])


def _rows(draft: Draft) -> list[PreferencePair]:
    """The pairs and then the held-out couples, as rows that are not saved yet; numbers as they will be kept."""
    by_cue = {facts.cue.public_id: facts for facts in draft.cues}
    return [
        *(_pair(by_cue[pair.cue], pair) for pair in draft.found.pairs),
        *(_heard_by_encoder(pair) for pair in draft.automatic),
        *(_test(by_cue[couple.cue], couple) for couple in draft.tests),
    ]


def _heard_by_encoder(pair: Automatic) -> PreferencePair:
    return PreferencePair(
        chosen=pair.chosen,
        rejected=pair.rejected,
        source="clamp",
        p_order=BELIEF,
        soft_label=BELIEF,
        weight=round(pair.weight, 6),
    )


def _pair(facts: CueFacts, pair: TrainingPair) -> PreferencePair:
    return PreferencePair(
        chosen=facts.takes[pair.winner],
        rejected=facts.takes[pair.loser],
        source="vote" if pair.source == "votes" else "inferred",
        p_order=round(pair.p_order, 6),
        soft_label=round(pair.soft_label, 6),
        margin=round(pair.margin, 6),
        weight=round(pair.weight, 6),
        judgements=_names(facts, pair.votes),
    )


def _test(facts: CueFacts, couple: HeldOut) -> PreferencePair:
    said = [facts.said.votes[index] for index in couple.votes]
    won = sum(0.5 if vote.answer == "tie" else (vote.answer == "left") == (vote.left == couple.winner) for vote in said)
    return PreferencePair(
        chosen=facts.takes[couple.winner],
        rejected=facts.takes[couple.loser],
        source="vote",
        p_order=round(won / len(said), 6),
        soft_label=round(won / len(said), 6),
        held_out=True,
        judgements=_names(facts, couple.votes),
    )


def _unpaired(draft: Draft) -> list[tuple[Take, list[str]]]:
    by_cue = {facts.cue.public_id: facts for facts in draft.cues}
    return [
        (by_cue[one.cue].takes[one.clip], _names(by_cue[one.cue], one.votes)) for one in draft.unpaired
    ]  # fmt: skip


def _names(facts: CueFacts, votes: Iterable[int]) -> list[str]:
    return [facts.judgements[index].public_id for index in votes]


def _manifest(draft: Draft, files: dict[str, bytes], unpaired: list[tuple[Take, list[str]]]) -> dict[str, Any]:
    used = {take.pk for facts in draft.cues for take in facts.takes if take.pk in draft.texts}
    return {
        "format": 1,
        "film": draft.film.slug if draft.film else "",
        "source": draft.found.source,
        "threshold": draft.found.threshold if draft.found.source == "posterior" else None,
        "balanced": draft.choice.balanced,
        "estimator": ESTIMATOR,
        "answers": draft.found.answers,
        "pairs": draft.pairs,
        "held_out": len(draft.tests),
        "evidence": _rounded(draft.evidence),
        "expected_correct": _rounded(draft.expected_correct),
        "length_lean": _rounded(draft.length_lean),
        "density_lean": _rounded(draft.density_lean),
        "left_out": dict(draft.found.left_out),
        "cues": [
            {
                "cue": facts.cue.public_id,
                "film": facts.cue.film.slug,
                "number": facts.cue.number,
                "answers": facts.answers,
                "votes": facts.votes,
                "held_out": facts.cue.public_id in draft.held,
                "pairs": draft.pairs_of(facts.cue.public_id),
            }
            for facts in draft.cues
        ],
        "checkpoints": sorted({draft.texts[key].checkpoint_sha256 for key in used}),
        "unpaired": [{"take": take.public_id, "judgements": judgements} for take, judgements in unpaired],
        "files": _described(files),
        **({"automatic": _automatic(draft)} if draft.choice.automatic else {}),
    }


def _automatic(draft: Draft) -> dict[str, Any]:
    encoder = encoder_in_use()
    return {"pairs": len(draft.automatic), "encoder": encoder.sha256 if encoder else "", "pipeline": PIPELINE}


def _described(files: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    return {
        name: {"rows": data.count(b"\n"), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()
    }


def _pairs_of(frozen: PreferenceSet) -> QuerySet[PreferencePair]:
    return frozen.pairs.select_related("chosen__cue__film", "rejected__cue__film").order_by("pk")


def _name(film: Film | None) -> str:
    """The next free name: "demo 1", "demo 2" …, "all films 1"."""
    stem = film.slug[:60] if film else "all films"
    taken = set(PreferenceSet.objects.filter(name__startswith=f"{stem} ").values_list("name", flat=True))
    number = len(taken) + 1
    while f"{stem} {number}" in taken:
        number += 1
    return f"{stem} {number}"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)

"""The blind match of a round: takes of parent and result for the same cues, heard against each other in pairs."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.matches import MatchResult, end_match, newest_key, open_match, read_match, read_wins
from curator.models.accounts import User
from curator.models.film import Cue
from curator.preference.match import Won
from generation.domain.checkpoints import cohort_of
from generation.domain.requests import SEEDS, request_takes
from training.models.rounds import Round

PREFIX = "round:"
"""How the keys of matches begin that belong to rounds."""
TAKES = 4
"""Takes of each side for every cue unless the owner says otherwise."""
MOST_TAKES = 16
ANSWERS = 20
"""Answers in all after which a match is over: 20 tell a share of three quarters from one half."""
MOST_CUES = 6


@dataclass(frozen=True)
class Place:
    """A cue on which a round may be matched. held_out: the round did not learn from it."""

    cue: Cue
    held_out: bool


def places_of(row: Round) -> list[Place]:
    """The cues for a match, those that the round was not taught with first; of an SFT round every cue is held out."""
    data = row.preference_set
    told = data.manifest.get("cues", ()) if data else ()
    entries = {str(entry["cue"]): bool(entry["held_out"]) for entry in told}
    shown = Cue.objects.filter(Q(practice=False) | Q(public_id__in=entries)).select_related("film")
    if data is not None and data.film_id is not None:
        shown = shown.filter(film=data.film_id)
    cues = shown.order_by("film__slug", "position", "number")
    found = [Place(cue, entries.get(cue.public_id, True)) for cue in cues]
    # a cue that was judged and held out comes before one that nobody has heard yet
    return sorted(found, key=lambda place: (not place.held_out, place.cue.public_id not in entries))


def proposed(places: Sequence[Place], row: Round) -> list[str]:
    """The public ids of the cues that the page proposes: those held out, else the first two that taught nothing."""
    data = row.preference_set
    held = {str(entry["cue"]) for entry in (data.manifest.get("cues", ()) if data else ()) if entry["held_out"]}
    chosen = [place.cue.public_id for place in places if place.cue.public_id in held]
    return (chosen or [place.cue.public_id for place in places if place.held_out][:2])[:MOST_CUES]


def start_match(*, row: Round, cues: Sequence[Cue], takes: int = TAKES, by: User | None = None) -> str:
    """Ask both models for so many takes of each cue with the same seeds, and let pairs across them be heard; its key.

    A match of this round that is still going on ends. Raises DomainError.
    """
    result = row.result
    if result is None:
        raise DomainError(_("This round has no result to hear."))
    if not 1 <= len(cues) <= MOST_CUES:
        raise DomainError(_("Choose 1 to %(most)d cues.") % {"most": MOST_CUES})
    if not 2 <= takes <= MOST_TAKES:
        raise DomainError(_("Ask for 2 to %(most)d takes of each.") % {"most": MOST_TAKES})
    seed = secrets.randbelow(SEEDS)
    key = f"{_prefix(row)}{secrets.token_hex(4)}"
    wanted = min(takes * takes, ceil(ANSWERS / len(cues)))
    with transaction.atomic():
        end_match(key=newest_key(prefix=_prefix(row)))
        open_match(key=key, cues=cues, older=cohort_of(row.base), newer=cohort_of(result), wanted=wanted, by=by)
        for cue in cues:
            for checkpoint in (row.base, result):
                request_takes(cue=cue, count=takes, checkpoint=checkpoint, seed=seed, created_by=by)
    return key


def stop_match(*, row: Round) -> None:
    """End the match of a round. What was said stays. Raises DomainError when there is none going on."""
    found = match_of(row)
    if found is None or found.over:
        raise DomainError(_("No match is going on."))
    end_match(key=newest_key(prefix=_prefix(row)))


def match_of(row: Round) -> MatchResult | None:
    """How the newest match of a round stands; None before the first."""
    return read_match(key=newest_key(prefix=_prefix(row)))


def round_of(*, key: str) -> Round | None:
    """The round to which the match of this key belongs."""
    return Round.objects.filter(public_id=key.removeprefix(PREFIX).partition(":")[0]).first()


def won_by_round() -> dict[str, Won]:
    """How the newest match of every round stands that has one with an answer, by the round's public id."""
    wins = read_wins(prefix=PREFIX)
    return {key.split(":")[1]: won for key, won in wins.items() if won.answers}


def _prefix(row: Round) -> str:
    return f"{PREFIX}{row.public_id}:"

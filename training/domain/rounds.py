"""Rounds: what may start, starting, stopping, going on. The work itself is training.domain.running."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from math import exp
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings
from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop
from django.utils.translation import ngettext

from curator import jobs
from curator.domain.errors import DomainError
from curator.domain.rights import unconfirmed
from curator.domain.sentences import say
from curator.models.accounts import User
from curator.models.jobs import Job, JobState
from curator.models.library import Piece
from curator.models.rights import Purpose
from curator.preference.evidence import DOUBTFUL
from generation.domain.checkpoints import weights_path
from generation.models.checkpoints import Checkpoint
from training.domain.datasets import find_set
from training.domain.executors import EXECUTORS
from training.domain.preferences import MINIMUM_PAIRS
from training.domain.reasons import say_reason
from training.domain.renting import Terms, account, missing, terms
from training.executors.runpod import TIMEOUT_SECONDS
from training.models.rounds import Recipe, Round, RoundState
from training.models.sets import PreferenceSet, TrainingSet
from training.recipes.enough import Enough, enough
from training.recipes.job import SMALL_WEIGHTS, JobError, Settings, preset_for, read_settings

ROUND_JOB = "training.round"
RENTED = "runpod"
WARNED = Decimal("0.8")
"""Share of the budget at which the page warns."""

SENTENCES = (
    _noop("%(votes)d more votes and %(cues)d more cues with votes are needed."),
    _noop("%(votes)d more votes are needed."),
    _noop("%(cues)d more cues with votes are needed."),
    _noop("%(votes)d votes are few: below %(good)d a round may change little, or learn chance."),
)
"""What training.recipes.enough says; here so that the catalogues hold it. A test keeps it complete."""

Data = TrainingSet | PreferenceSet


@dataclass(frozen=True)
class Outlook:
    """What would come of a choice. trouble: why no round may start, empty when one may; warnings: what to know."""

    trouble: str
    warnings: tuple[str, ...]


def find_data(recipe: str, name: str) -> Data:
    """The training set (for sft) or preference set (for dpo) of this public id, name or sha256. Raises DomainError."""
    if recipe == Recipe.SFT:
        return find_set(name)
    found = PreferenceSet.objects.filter(Q(public_id=name) | Q(name=name) | Q(sha256=name)).first()
    if found is None:
        raise DomainError(_("There is no set called %(name)s.") % {"name": name})
    return found


def find_round(name: str) -> Round:
    """The round of this public id or number. Raises DomainError."""
    wanted = Q(number=int(name)) if name.isdecimal() and len(name) < 9 else Q(public_id=name)
    found = Round.objects.filter(wanted).first()
    if found is None:
        raise DomainError(_("There is no round %(name)s.") % {"name": name})
    return found


def run_folder(row: Round) -> Path:
    """Where a round's bundle, states and log lie."""
    return Path(django_settings.RUNS) / row.public_id


def votes_of(data: PreferenceSet) -> dict[str, int]:
    """How many votes each cue of a preference set has, held-out cues included."""
    return {
        f"{entry['film']}/{entry['cue']}": int(entry.get("votes", entry["answers"]))
        for entry in data.manifest.get("cues", ())
    }


def outlook(*, data: Data, base: Checkpoint, executor: str = "local") -> Outlook:
    """Whether a round may start on these, and what speaks against it."""
    trouble = _unfit_base(base) or (
        _unfit_pieces(data, executor) if isinstance(data, TrainingSet) else _unfit_pairs(data, base, executor)
    )
    return Outlook(trouble, () if trouble else tuple(_warnings(data, base)))


def start_round(
    *,
    data: Data,
    base: Checkpoint,
    executor: str = "local",
    budget_eur: Decimal | None = None,
    settings: Mapping[str, Any] | None = None,
    created_by: User | None = None,
) -> Round:
    """Freeze the choice as the next round and send it to a worker. Raises DomainError for what may not train.

    A TrainingSet gives SFT, a PreferenceSet DPO. settings: those of the recipe that differ from its own
    (training.recipes.job); without any, those of the preset for a base of this size. budget_eur: what a rented machine
    may cost at most; this machine costs nothing.
    """
    if executor not in EXECUTORS:
        raise DomainError(_("There is no executor %(name)s.") % {"name": executor})
    if budget_eur is not None and budget_eur < 0:
        raise DomainError(_("A budget is an amount in euros."))
    recipe = Recipe.SFT if isinstance(data, TrainingSet) else Recipe.DPO
    try:
        chosen = read_settings(recipe, settings or _usual(recipe, base))
    except JobError as error:
        raise DomainError(say_reason(str(error))) from error
    found = outlook(data=data, base=base, executor=executor)
    if found.trouble:
        raise DomainError(found.trouble)
    rate = None
    if executor == RENTED:
        rate = rented_terms(data=data, base=base, budget_eur=budget_eur, settings=asdict(chosen)).eur_per_usd
    for last in (False, False, True):
        try:
            return _start(recipe, data, base, executor, budget_eur, rate, chosen, created_by)
        except IntegrityError:  # two at the same moment want the same number
            if last:
                raise
    raise AssertionError("unreachable")


def rented_terms(
    *,
    data: Data,
    base: Checkpoint,
    budget_eur: Decimal | None,
    settings: Mapping[str, Any] | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> Terms:
    """What a machine for a round would be rented for now; its rate is frozen into the round when it starts.

    Raises DomainError where nothing can be rented for it.
    """
    if trouble := missing():
        raise DomainError(trouble[0])
    if not budget_eur:
        raise DomainError(_("A rented machine needs a budget in euros."))
    recipe = Recipe.SFT if isinstance(data, TrainingSet) else Recipe.DPO
    chosen = read_settings(recipe, settings or _usual(recipe, base))
    with account(timeout=timeout) as client:
        return terms(base=base, chosen=chosen, budget_eur=budget_eur, client=client)


def _start(
    recipe: Recipe,
    data: Data,
    base: Checkpoint,
    executor: str,
    budget_eur: Decimal | None,
    eur_per_usd: Decimal | None,
    chosen: Settings,
    created_by: User | None,
) -> Round:
    with transaction.atomic():
        number = (Round.objects.aggregate(last=Max("number"))["last"] or 0) + 1
        row = Round.objects.create(
            number=number,
            recipe=recipe,
            training_set=data if isinstance(data, TrainingSet) else None,
            preference_set=data if isinstance(data, PreferenceSet) else None,
            base=base,
            executor=executor,
            settings=asdict(chosen),
            budget_eur=budget_eur,
            eur_per_usd=eur_per_usd,
            state=RoundState.RUNNING,
        )
        _enqueue(row, created_by)
    return row


def stop_round(*, row: Round) -> None:
    """Let a round save what it has and stop; `resume_round` goes on from there. Raises DomainError."""
    if row.job is None or not row.job.is_open:
        raise DomainError(_("This round is not running, so there is nothing to stop."))
    jobs.cancel(row.job)


def resume_round(*, row: Round, created_by: User | None = None) -> None:
    """Go on with a round that was stopped or failed, from its last state. Raises DomainError."""
    with transaction.atomic():
        row = Round.objects.select_for_update(of=("self",)).select_related("job").get(pk=row.pk)
        if row.job is not None and row.job.is_open:
            raise DomainError(_("This round is going on already."))
        if not can_resume(row):
            raise DomainError(_("This round has come to its end. Start a new one from its result."))
        data = row.training_set or row.preference_set
        if data is None:
            raise AssertionError("a round has its data")
        found = outlook(data=data, base=row.base, executor=row.executor)
        if found.trouble:
            raise DomainError(found.trouble)
        row.state, row.error, row.finished_at = RoundState.RUNNING, "", None
        row.save(update_fields=["state", "error", "finished_at"])
        _enqueue(row, created_by)


def can_resume(row: Round) -> bool:
    """Whether there is anything to go on with: stopped, failed, or left behind by a restored backup."""
    lost = row.state == RoundState.RUNNING and (row.job is None or not row.job.is_open)
    return lost or (row.state in (RoundState.STOPPED, RoundState.FAILED) and not (row.job and row.job.is_open))


def end_round(job: Job) -> None:
    """The job of a round ended without being done."""
    cancelled = job.state == JobState.CANCELLED
    Round.objects.filter(pk=job.arguments["round"], state=RoundState.RUNNING).update(
        state=RoundState.STOPPED if cancelled else RoundState.FAILED,
        error="" if cancelled else job.error,
        finished_at=timezone.now(),
    )


def _enqueue(row: Round, created_by: User | None) -> None:
    row.job = jobs.enqueue(
        kind=ROUND_JOB,
        queue="training",
        arguments={"round": row.pk, "name": str(_("Round %(number)d") % {"number": row.number})},
        key=f"round:{row.public_id}",
        created_by=created_by,
        max_attempts=20,  # each goes on from the last state
    )
    row.save(update_fields=["job"])


def _usual(recipe: str, base: Checkpoint) -> dict[str, Any]:
    preset = preset_for(recipe, weights=int(base.sizes.get("parameters", SMALL_WEIGHTS)))
    return {"preset": preset} if preset else {}


def _unfit_base(base: Checkpoint) -> str:
    if not weights_path(base).is_file():
        return _("The weights of %(name)s are not on this machine.") % {"name": base.name}
    return ""


def _unfit_pieces(data: TrainingSet, executor: str) -> str:
    """What keeps the pieces of a set from training now, though they were fit when it was frozen."""
    pieces = Piece.objects.filter(versions__in=data.versions.all()).select_related("source").distinct()
    barred = unconfirmed(pieces=pieces, purpose=Purpose.TRAINING)
    if barred:
        sentence = ngettext(
            "%(title)s is in copyright, and nobody has confirmed that it may train.",
            "%(title)s and others (%(count)d) are in copyright, and nobody has confirmed that they may train.",
            len(barred),
        )
        return sentence % {"title": barred[0].title, "count": len(barred)}
    if executor != "local" and (bound := _bound(pieces)):
        return bound
    if not data.train_count:
        return _("There is no piece to learn from.")
    return ""


def _bound(pieces: QuerySet[Piece]) -> str:
    """What keeps pieces from leaving this machine."""
    found = unconfirmed(pieces=pieces.select_related("source").distinct(), purpose=Purpose.LEAVING)
    if not found:
        return ""
    sentence = _("%(title)s is in copyright, and nobody has confirmed that it may leave this machine.")
    return sentence % {"title": found[0].title}


def _unfit_pairs(data: PreferenceSet, base: Checkpoint, executor: str) -> str:
    found = _votes(data)
    if found.refused:
        return say(found.sentence)
    evidence = data.manifest.get("evidence")  # sets that were frozen before it was asked for do not have it
    if evidence is not None and evidence < 0:
        sentence = _(
            "Coins explain these %(answers)d answers better than a taste does: a round would learn chance. "
            "Judge more pairs, then freeze a new set."
        )
        return sentence % {"answers": data.manifest["answers"]}
    judged = Q(versions__takes__in=data.pairs.values("chosen")) | Q(versions__takes__in=data.pairs.values("rejected"))
    if executor != "local" and (bound := _bound(Piece.objects.filter(judged))):
        return bound
    writers = Checkpoint.objects.filter(sha256__in=data.manifest.get("checkpoints", ()))
    other = writers.exclude(header=base.header).first()
    if other is not None:
        return _("The takes of this set begin in the header style %(one)s, %(name)s in %(other)s.") % {
            "one": other.header,
            "name": base.name,
            "other": base.header,
        }
    return ""


def _warnings(data: Data, base: Checkpoint) -> list[str]:
    said = []
    if isinstance(data, TrainingSet):
        if data.header != base.header:
            said.append(
                _("The set has the header style %(one)s, %(name)s was trained with %(other)s; the round changes it.")
                % {"one": data.header, "name": base.name, "other": base.header}
            )
        if not data.eval_count:
            said.append(_("No piece is held out, so the last epoch is taken, not the best."))
        return said
    found = _votes(data)
    if found.few:
        said.append(say(found.sentence))
    evidence = data.manifest.get("evidence", DOUBTFUL)
    if evidence < DOUBTFUL:
        said.append(
            _("A taste explains the answers only %(times).0f times as well as coins do; below %(good).0f is little.")
            % {"times": exp(evidence), "good": exp(DOUBTFUL)}
        )
    pairs = int(data.manifest.get("pairs", 0))
    if pairs < MINIMUM_PAIRS:
        said.append(
            _("%(pairs)d pairs are few: below %(least)d a round mostly learns noise.")
            % {"pairs": pairs, "least": MINIMUM_PAIRS}
        )
    if not data.manifest.get("held_out"):
        said.append(_("No cue is held out, so nothing tells whether the model only learns by heart."))
    if base.sha256 not in data.manifest.get("checkpoints", ()):
        said.append(_("%(name)s wrote none of these takes; pairs teach best the model that wrote them.") % {
            "name": base.name
        })  # fmt: skip
    return said


def _votes(data: PreferenceSet) -> Enough:
    return enough(votes_of(data))

"""What a worker does to measure a round: writes texts of result and parent on the same prompts and seeds, and looks.

Every text is kept as soon as it is written, so that a worker that is killed costs a few of them only.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from itertools import product
from math import isfinite
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from curator import jobs
from curator.domain.errors import DomainError
from curator.domain.sketches import known_sketches
from curator.domain.turns import gpu_turn
from curator.jobs import Run
from curator.models.accounts import User
from curator.models.jobs import Job, JobState
from curator.models.library import Origin, Piece
from curator.notation.bars import unreduce
from curator.notation.errors import NotationError
from curator.notation.likeness import Likeness
from curator.notation.validity import validity
from generation.domain.checkpoints import weights_path
from generation.domain.ear import average_scores
from generation.domain.loading import SMALL, engine_of
from generation.domain.prompts import known_prompts, stages_of
from generation.domain.requests import SEEDS, candidate_seed
from generation.etudes.composer import compose
from generation.models.checkpoints import Checkpoint
from generation.notagen.header import HEADER_STYLES, HeaderStyle
from training.models.gate import Measurement, Sample
from training.models.rounds import Round
from training.recipes.variety import Corpus, Examined, against, examine, share, sketch_of, variety

if TYPE_CHECKING:
    from generation.notagen.engine import Engine

MEASURE_JOB = "training.measure"

TEXTS, TEXTS_OF_LARGE = 400, 100
"""Unguarded texts of each side unless the owner says otherwise: 400 tell one point of bars, and a small model needs
minutes for them."""
MOST_TEXTS = 1000
GUARDED_SHARE = 3
"""One guarded text for so many unguarded ones: only how often the guard succeeds is asked of them, and where 133 of 133
do, that is surely more than the 97 in 100 of the limit."""
TOGETHER = 8
"""Guarded texts of one brief, and texts that are kept in one transaction."""
TOLD_AFTER = 16
"""So many texts tell how long the rest will take."""
ETUDES_TOLD = 200
"""After so many études of the corpus the page hears how far it is."""

METRES, KEYS, TEMPO, BARS = ("3/4", "4/4", "6/8"), ("C", "Amin", "G", "Dmin"), 66.0, 16
"""What guarded texts are asked for, every metre in every key."""


def texts_for(checkpoint: Checkpoint) -> int:
    """How many unguarded texts suit a model of this size."""
    return TEXTS if int(checkpoint.sizes.get("parameters", 0)) < SMALL else TEXTS_OF_LARGE


def request_measurement(*, row: Round, texts: int = 0, created_by: User | None = None) -> Measurement:
    """Send the measuring of a round to a worker; one that was broken off goes on. Raises DomainError.

    texts: unguarded texts of each side, 0 for what suits the model.
    """
    result = row.result
    if result is None:
        raise DomainError(_("This round has no result to measure."))
    for checkpoint in (row.base, result):
        if not weights_path(checkpoint).is_file():
            raise DomainError(_("The weights of %(name)s are not on this machine.") % {"name": checkpoint.name})
    texts = texts or texts_for(row.base)
    if not 1 <= texts <= MOST_TEXTS:
        raise DomainError(_("Ask for 1 to %(most)d texts.") % {"most": MOST_TEXTS})
    with transaction.atomic():
        Round.objects.select_for_update().get(pk=row.pk)
        begun = row.measurements.select_related("job").first()
        if begun is not None and begun.job is not None and begun.job.is_open:
            return begun
        if begun is None or begun.figures or begun.texts != texts:
            begun = Measurement.objects.create(
                round=row,
                base=row.base,
                result=result,
                texts=texts,
                guarded=max(1, texts // GUARDED_SHARE),
                seed=secrets.randbelow(SEEDS),
                sampling=row.base.sampling,
                prompts=prompts_of(row.base),
                created_by=created_by,
            )
        begun.job = jobs.enqueue(
            kind=MEASURE_JOB,
            queue="gpu",
            arguments={
                "measurement": begun.pk,
                "name": str(_("Round %(number)d") % {"number": row.number}),
                "there": begun.samples.count(),
            },
            key=f"measure:{begun.public_id}",
            created_by=created_by,
            max_attempts=20,  # each goes on with the texts that are missing
        )
        begun.save(update_fields=["job"])
    return begun


def stop_measurement(*, row: Round) -> None:
    """End the measuring of a round. The texts that are written stay. Raises DomainError."""
    begun = row.measurements.select_related("job").first()
    if begun is None or begun.job is None or not begun.job.is_open:
        raise DomainError(_("This round is not being measured."))
    jobs.cancel(begun.job)


def minutes_left(job: Job) -> int | None:
    """Minutes of writing that are left at the pace so far, at least one; None while nothing tells."""
    written = job.progress_done - int(job.arguments.get("there", 0))
    if job.state != JobState.RUNNING or job.progress_note or job.started_at is None or written < TOLD_AFTER:
        return None
    pace = (timezone.now() - job.started_at).total_seconds() / written
    return max(1, round(pace * (job.progress_total - job.progress_done) / 60))


def prompts_of(checkpoint: Checkpoint) -> list[dict[str, str]]:
    """What a checkpoint is asked for: the prompts it knows, those for the piano where there are such, in all stages."""
    known = known_prompts(checkpoint)
    known = tuple(prompt for prompt in known if prompt.instrumentation == "Keyboard") or known
    columns = [(one.period, one.composer, one.instrumentation) for one in known] or [
        ("Romantic", "Satie, Erik", "Keyboard")
    ]
    names = ("period", "composer", "instrumentation", "stage")
    return [
        dict(zip(names, (*words, stage), strict=True))
        for words, stage in product(columns, stages_of(checkpoint) or ("",))
    ]


def measure(*, measurement_id: int, run: Run) -> dict[str, Any]:
    """Write the texts that are missing and measure all. Safe to run twice."""
    row = Measurement.objects.select_related("round", "base", "result").filter(pk=measurement_id).first()
    if row is None or row.figures:
        return {}
    work = _Work(row, run)
    with gpu_turn(run, waiting=work.wait):
        for of_result in (False, True):
            work.write(of_result=of_result)
        heard = average_scores(sides=_readable(row), run=run)
    corpus = Corpus(_corpus(row, run))
    figures = _figures(row, corpus, run) | ({"ear": heard} if heard else {})
    with run.commit():
        Measurement.objects.filter(pk=row.pk, figures={}).update(figures=figures, finished_at=timezone.now())
    return {"round": row.round.public_id}


class _Work:
    """The writing of one measurement."""

    def __init__(self, row: Measurement, run: Run) -> None:
        self.row, self.run = row, run
        self.total = 2 * (row.texts + row.guarded)
        self.done = row.samples.count()
        self._kept: list[Sample] = []

    def wait(self) -> None:
        """The GPU is not free yet."""
        self.run.progress(self.done, self.total, _("Waits for the GPU"))

    def stop(self) -> bool:
        """Whether to end; raises as run.check."""
        self.run.progress(self.done, self.total)
        return self.run.should_stop

    def write(self, *, of_result: bool) -> None:
        """All texts of one side that are missing."""
        row = self.row
        checkpoint = row.result if of_result else row.base
        missing = {guarded: self._missing(of_result, guarded=guarded) for guarded in (False, True)}
        if not any(missing.values()):
            return
        with engine_of(checkpoint) as engine:
            for guarded, made in (
                (False, self._free(engine, checkpoint, missing[False])),
                (True, self._guarded(engine, checkpoint, missing[True])),
            ):
                for place, text, done in made:
                    seed = candidate_seed(row.seed, place)
                    self._keep(
                        Sample(of_result=of_result, guarded=guarded, place=place, seed=seed, text=text, done=done)
                    )
                self._flush()
        self.run.check()

    def _missing(self, of_result: bool, *, guarded: bool) -> list[int]:
        there = set(self.row.samples.filter(of_result=of_result, guarded=guarded).values_list("place", flat=True))
        return [place for place in range(self.row.guarded if guarded else self.row.texts) if place not in there]

    def _free(self, engine: "Engine", checkpoint: Checkpoint, places: list[int]) -> Iterator[tuple[int, str, bool]]:
        # torch is heavy and only workers load it.
        from generation.notagen.free import write_freely
        from generation.notagen.sampling import Sampling

        written = write_freely(
            engine.decoder,
            ["".join(f"{line}\n" for line in self._prompt(checkpoint, place)) for place in places],
            seeds=[candidate_seed(self.row.seed, place) for place in places],
            sampling=Sampling(**self.row.sampling),
            should_stop=self.stop,
        )
        for one in written:
            yield places[one.index], one.text, one.ended

    def _guarded(self, engine: "Engine", checkpoint: Checkpoint, places: list[int]) -> Iterator[tuple[int, str, bool]]:
        from generation.notagen.piece import Brief
        from generation.notagen.sampling import Sampling

        groups: dict[int, list[int]] = {}
        for place in places:
            groups.setdefault(place // TOGETHER, []).append(place)
        ways = list(product(METRES, KEYS))
        for number, group in groups.items():
            metre, key = ways[number % len(ways)]
            brief = Brief(tuple(self._prompt(checkpoint, number)), metre, key, TEMPO, BARS)
            seeds = [candidate_seed(self.row.seed, place) for place in group]
            sampling = Sampling(**self.row.sampling)
            for one in engine.write(brief, seeds=seeds, sampling=sampling, should_stop=self.stop):
                verdict = validity(one.abc) if one.abc and not one.reason else None
                done = bool(verdict and verdict.valid and verdict.bars == BARS)
                yield group[one.index], one.raw, done

    def _prompt(self, checkpoint: Checkpoint, place: int) -> tuple[str, ...]:
        """The prompt lines of a place, as this checkpoint was taught to read them."""
        words = self.row.prompts[place % len(self.row.prompts)]
        style = HEADER_STYLES.get(checkpoint.header, HeaderStyle())
        return style.lines(**{**words, "stage": words["stage"] or "Peace"})

    def _keep(self, sample: Sample) -> None:
        sample.measurement = self.row
        self._kept.append(sample)
        self.done += 1
        if len(self._kept) >= TOGETHER:
            self._flush()

    def _flush(self) -> None:
        with self.run.commit():
            Sample.objects.bulk_create(self._kept, ignore_conflicts=True)
        self._kept = []


def _readable(row: Measurement) -> dict[str, list[str]]:
    """The guarded texts of both sides as an encoder reads them, with every rest."""
    sides: dict[str, list[str]] = {"base": [], "result": []}
    rows = row.samples.filter(guarded=True, done=True).order_by("of_result", "place")
    for of_result, text in rows.values_list("of_result", "text"):
        with suppress(NotationError):
            sides["result" if of_result else "base"].append(unreduce(text))
    return sides


def _corpus(row: Measurement, run: Run) -> Iterator[Likeness]:
    """What the models may have learned by heart: the pieces of the library by people, and the demo's études."""
    yield from known_sketches(pieces=Piece.objects.exclude(origin=Origin.GENERATED))
    count = etudes_of(row.base)
    for number in range(count):
        if number % ETUDES_TOLD == 0:
            run.progress(number, count, _("Reads what the models learned from"))
        if found := sketch_of(compose(number).abc):
            yield found


def etudes_of(checkpoint: Checkpoint | None) -> int:
    """On how many études the demo checkpoint was trained from which this one descends; 0 for others."""
    while checkpoint is not None:
        training = checkpoint.meta.get("training") or {}
        if training.get("recipe") == "training.recipes.demo":
            return int(training.get("pieces", 0))
        checkpoint = checkpoint.parent
    return 0


def _figures(row: Measurement, corpus: Corpus, run: Run) -> dict[str, Any]:
    from generation.notagen.engine import ENGINE_VERSION

    total = 2 * row.texts
    told = _telling(run, total)
    sides: list[list[Examined]] = []
    for of_result in (False, True):
        texts = row.samples.filter(of_result=of_result, guarded=False).values_list("text", flat=True)
        sides.append([examine(text, corpus) for text in texts.iterator() if told()])
    parent, result = sides
    guard = {
        name: asdict(share(rows.filter(done=True).count(), rows.count()))
        for name, rows in (
            ("base", row.samples.filter(of_result=False, guarded=True)),
            ("result", row.samples.filter(of_result=True, guarded=True)),
        )
    }
    found = {
        "base": asdict(variety(parent)),
        "result": asdict(variety(result)),
        "against": asdict(against(parent, result)),
        "guard": guard,
        "corpus": corpus.size,
        "engine": ENGINE_VERSION,
    }
    return {name: _plain(value) for name, value in found.items()}


def _telling(run: Run, total: int) -> Callable[[], bool]:
    done = 0

    def told() -> bool:
        nonlocal done
        run.progress(done, total, _("Looks at the texts"))
        done += 1
        return True

    return told


def _plain(value: Any) -> Any:
    """Databases take no NaN in JSON."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return None if isinstance(value, float) and not isfinite(value) else value

"""What the encoder in use says of the takes of a cue: likeness to the film's style, fit to the brief, near copies.

Made by a job on the gpu queue, kept as rows, shown as places among the takes of the cue. It tells the film maker where
to listen first, and decides nothing.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.matches import match_in_force
from curator.domain.turns import gpu_turn
from curator.domain.wanted import Wanted, shelf, wanted_pieces
from curator.jobs import Run, enqueue
from curator.models.accounts import User
from curator.models.film import Cue, Film
from curator.models.jobs import OPEN_STATES, Job, JobState
from curator.models.library import Origin, Piece, PieceVersion
from curator.models.ranking import Pair, Take, TakeState
from generation.clamp.neutral import NEUTRAL
from generation.clamp.scores import NEAR_COPY, ranks, text_fit
from generation.clamp.scores import Style as References
from generation.clamp.space import PIPELINE, content_key, music_text
from generation.domain.best_of import keep_best
from generation.domain.encoders import DEMO_FAMILY, bring_words, encoder_in_use, words_folder
from generation.domain.vectors import Floats, make_vectors, read_vectors
from generation.models.encoders import Encoder, Style, TakeScore, VectorKind

SCORE_JOB = "generation.score"
HOUSE_STYLE = ("satie", "einaudi")
"""Composers whose pieces are the style where a film names none."""
MOST_REFERENCES = 500
DEMO_COPY = 0.999
"""NEAR_COPY of the demo encoder: of 600 études no two lie nearer than 0.994, one other note leaves 0.9997 and more."""


@dataclass(frozen=True)
class Heard:
    """One take and its places among the takes of the cue, 1 the highest; None where it has no number.

    style, nearest: by the mean reference and by the nearest ones. mean_at, style_at, fit_at: where it lies between the
    lowest and the highest of the cue by the mean, the nearest and the brief, 0 to 1.
    """

    take: Take
    score: TakeScore
    style: int | None
    nearest: int | None
    fit: int | None
    mean_at: float | None
    style_at: float | None
    fit_at: float | None

    @property
    def near_copy(self) -> bool:
        """Whether it is taken for a copy of a piece of the library."""
        return self.score.closest is not None and self.score.closest > copy_limit(self.score.encoder)


@dataclass(frozen=True)
class Ear:
    """What is known of a cue's takes. `missing`: takes without a score, or with one of another style or brief.

    job: the one at work; trouble: why the last one failed, else "".
    """

    encoder: Encoder | None
    heard: dict[int, Heard]
    missing: int
    reads_texts: bool
    job: Job | None
    trouble: str = ""


def copy_limit(encoder: Encoder) -> float:
    """The cosine above which two pieces are taken for copies."""
    return DEMO_COPY if encoder.family == DEMO_FAMILY else NEAR_COPY


def listens_blind(*, cue: Cue, rater: User) -> bool:
    """Whether this listener is comparing takes of the cue just now, so that he may not see how they are placed."""
    held = Pair.objects.filter(cue=cue, rater=rater, closed_at__isnull=True)
    return held.exists() or match_in_force(cue=cue) is not None


def style_pieces(film: Film) -> QuerySet[Piece]:
    """The pieces that are a film's style; all that was not generated where neither the film nor the house names any."""
    style = Style.objects.filter(film=film).first()
    if style is not None and (style.composers or style.tags):
        return wanted_pieces(Wanted(composers=tuple(style.composers), tags=tuple(style.tags))).order_by("pk")
    return house_pieces()


def house_pieces() -> QuerySet[Piece]:
    """The pieces that are the style where nothing else was said."""
    given = shelf().exclude(origin=Origin.GENERATED).order_by("pk")
    named = Q()
    for name in HOUSE_STYLE:
        named |= Q(composer__icontains=name)
    house = given.filter(named)
    return house if house.exists() else given


@dataclass(frozen=True)
class StyleFacts:
    """A film's style as its page shows it. `own`: the film names it itself; count: pieces, at most MOST_REFERENCES."""

    composers: tuple[str, ...]
    tags: tuple[str, ...]
    own: bool
    count: int


def style_facts(film: Film) -> StyleFacts:
    """Which pieces are a film's style."""
    style = Style.objects.filter(film=film).first()
    own = style is not None and bool(style.composers or style.tags)
    count = min(style_pieces(film).count(), MOST_REFERENCES)
    if style is not None and own:
        return StyleFacts(tuple(style.composers), tuple(style.tags), True, count)
    composers = style_pieces(film).exclude(composer="").order_by("composer").values_list("composer", flat=True)
    return StyleFacts(tuple(composers.distinct()[:8]), (), False, count)


def set_style(*, film: Film, composers: Sequence[str], tags: Sequence[str]) -> None:
    """Say which pieces are a film's style. Raises DomainError where none has these marks."""
    if (composers or tags) and not wanted_pieces(Wanted(composers=tuple(composers), tags=tuple(tags))).exists():
        raise DomainError(_("No piece of the library has all of this."))
    Style.objects.update_or_create(film=film, defaults={"composers": list(composers), "tags": list(tags)})


def cue_texts(cue: Cue) -> list[str]:
    """Two or three ways to say what a cue is, each on one line; empty where nothing is known of it."""
    stage = cue.stage.name if cue.stage else ""
    brief = " ".join(cue.brief.split())
    ways = [": ".join(filter(None, (stage, brief))), brief, f"piano music, {stage}" if stage else ""]
    return list(dict.fromkeys(filter(None, ways)))


def request_scores(*, cue: Cue, created_by: User | None = None) -> Job | None:
    """Have a worker score what is missing; None where no encoder is here or nothing is missing."""
    ear = read_ear(cue=cue)
    if ear.encoder is None or not ear.missing:
        return None
    return enqueue(
        kind=SCORE_JOB,
        queue="gpu",
        arguments={"cue": cue.pk, "encoder": ear.encoder.pk},
        key=f"score:{cue.public_id}",
        created_by=created_by,
    )


def score_takes(*, cue_id: int, encoder_id: int, run: Run) -> dict[str, Any]:
    """Make the missing vectors of a cue's takes, its texts and the library, and write the scores down."""
    cue = Cue.objects.select_related("film", "stage").filter(pk=cue_id).first()
    encoder = Encoder.objects.filter(pk=encoder_id).first()
    if cue is None or encoder is None:
        return {}
    bring_words(encoder)
    takes = list(cue.takes.select_related("version"))
    music = {take.pk: music_text(take.version.abc) for take in takes}
    library = _library()
    texts = [*cue_texts(cue), *NEUTRAL] if _reads_texts(encoder) and cue_texts(cue) else []

    def wait() -> None:
        run.progress(0, 1, _("Waits for the GPU"))

    with gpu_turn(run, waiting=wait):
        made = make_vectors(encoder=encoder, music=[*music.values(), *library.values()], texts=texts, run=run)
    rows = _scored(encoder, cue, takes, music, library, texts)
    with run.commit():
        for row in rows:
            TakeScore.objects.update_or_create(take=row.take, encoder=encoder, defaults=_numbers(row))
        keep_best(cue=cue, encoder=encoder, vectors=_vectors_of(encoder, music))
    return {"takes": len(rows), "vectors": made}


def read_ear(*, cue: Cue) -> Ear:
    """What is known of a cue's takes, from rows; loads nothing heavy."""
    encoder = encoder_in_use()
    if encoder is None:
        return Ear(None, {}, 0, False, None)
    heard = read_places(cue=cue, encoder=encoder)
    now = (PIPELINE, _style_key(cue.film), _text_key(cue) if _reads_texts(encoder) else "")
    fresh = sum((row.score.pipeline, row.score.references, row.score.text) == now for row in heard.values())
    takes = cue.takes.exclude(state=TakeState.DISCARDED).count()
    job = Job.objects.filter(key=f"score:{cue.public_id}").order_by("-pk").first()
    at_work = job if job is not None and job.state in OPEN_STATES else None
    trouble = job.error if job is not None and job.state == JobState.FAILED else ""
    return Ear(encoder, heard, takes - fresh, _reads_texts(encoder), at_work, trouble)


def read_places(*, cue: Cue, encoder: Encoder | None = None) -> dict[int, Heard]:
    """The takes of a cue that have a place and were not discarded, by key, in the order of their numbers.

    They come with their version and cue. encoder: the one in use unless another is meant.
    """
    encoder = encoder or encoder_in_use()
    if encoder is None:
        return {}
    known = TakeScore.objects.filter(encoder=encoder, take__cue=cue).exclude(take__state=TakeState.DISCARDED)
    rows = known.select_related("take__version", "closest_piece").order_by("take__number")
    held = []
    for row in rows.defer("take__version__abc", "take__version__musicxml"):
        row.encoder, row.take.cue = encoder, cue
        held.append((row.take, row))
    style, nearest, fit = (_places(held, name) for name in ("likeness", "nearest", "fit"))
    mean_at, style_at, fit_at = (_spread(held, name) for name in ("likeness", "nearest", "fit"))
    return {
        take.pk: Heard(
            take=take,
            score=row,
            style=style.get(take.pk),
            nearest=nearest.get(take.pk),
            fit=fit.get(take.pk),
            mean_at=mean_at.get(take.pk),
            style_at=style_at.get(take.pk),
            fit_at=fit_at.get(take.pk),
        )
        for take, row in held
    }


def average_scores(*, sides: Mapping[str, Sequence[str]], run: Run) -> dict[str, Any]:
    """The average CLaMP score of some sets of texts (interleaved ABC) against the house's style, by name of the set.

    With the encoder's name and how many references there were; empty where no encoder or no reference is here. It says
    how near the pieces lie to the middle of the style and nothing of how good they are.
    """
    encoder = encoder_in_use()
    chosen = set(house_pieces().values_list("pk", flat=True)[:MOST_REFERENCES])
    references = [text for piece, text in _library().items() if piece in chosen]
    if encoder is None or not references:
        return {}
    read = {name: [music_text(text) for text in texts] for name, texts in sides.items()}
    everything = [*references, *(text for texts in read.values() for text in texts)]
    make_vectors(encoder=encoder, music=everything, texts=[], run=run)
    vectors = read_vectors(encoder=encoder, kind=VectorKind.MUSIC, texts=everything)
    style = References(np.stack([vectors[text] for text in references]))
    found: dict[str, Any] = {"encoder": encoder.name, "references": len(references)}
    for name, texts in read.items():
        found[name] = round(style.likeness(np.stack([vectors[text] for text in texts])).average, 4) if texts else None
    return found


def _reads_texts(encoder: Encoder) -> bool:
    return (words_folder(encoder) / "tokenizer.json").is_file()


def _library() -> dict[int, str]:
    """What the encoder reads of every piece of the library that was not generated, by the piece's key."""
    given = shelf().exclude(origin=Origin.GENERATED)
    newest = PieceVersion.objects.filter(piece__in=given).values("piece").annotate(last=Max("pk")).values("last")
    rows = PieceVersion.objects.filter(pk__in=newest).order_by("piece_id").values_list("piece_id", "abc")
    return {piece: music_text(abc) for piece, abc in rows.iterator()}


def _style_key(film: Film) -> str:
    """The name of a style by its pieces and their newest versions."""
    newest = style_pieces(film).annotate(last=Max("versions__pk")).values_list("last", flat=True)[:MOST_REFERENCES]
    return hashlib.sha256(",".join(map(str, newest)).encode()).hexdigest()


def _text_key(cue: Cue) -> str:
    return content_key("\n".join(cue_texts(cue)))


def _scored(
    encoder: Encoder, cue: Cue, takes: list[Take], music: dict[int, str], library: dict[int, str], texts: list[str]
) -> list[TakeScore]:
    vectors = read_vectors(encoder=encoder, kind=VectorKind.MUSIC, texts=[*music.values(), *library.values()])
    words = read_vectors(encoder=encoder, kind=VectorKind.TEXT, texts=texts)
    held = [take for take in takes if music[take.pk] in vectors]
    if not held:
        return []
    matrix = np.stack([vectors[music[take.pk]] for take in held])
    pieces = {piece: vectors[text] for piece, text in library.items() if text in vectors}
    own = [take.version.piece_id for take in held]
    chosen = style_pieces(cue.film).values_list("pk", flat=True)[:MOST_REFERENCES]
    style = _likeness(matrix, own, {piece: pieces[piece] for piece in chosen if piece in pieces})
    whole = _likeness(matrix, own, pieces)
    scene = [words[text] for text in cue_texts(cue) if text in words]
    neutral = [words[text] for text in NEUTRAL if text in words]
    fits = text_fit(matrix, np.stack(scene), np.stack(neutral)) if scene and neutral else None
    style_key, text_key = _style_key(cue.film), _text_key(cue) if texts else ""
    return [
        TakeScore(
            take=take,
            encoder=encoder,
            pipeline=PIPELINE,
            likeness=near_style.mean if (near_style := style[at]) else None,
            nearest=near_style.nearest if near_style else None,
            fit=float(fits[at]) if fits is not None else None,
            closest=near_any.closest if (near_any := whole[at]) else None,
            closest_piece_id=near_any.piece if near_any else None,
            references=style_key,
            text=text_key,
        )
        for at, take in enumerate(held)
    ]


@dataclass(frozen=True)
class _Near:
    """One take against some pieces: cosine to their mean, mean cosine to the nearest, cosine to the closest `piece`."""

    mean: float
    nearest: float
    closest: float
    piece: int


def _likeness(matrix: Floats, own: Sequence[int], pieces: Mapping[int, Floats]) -> list[_Near | None]:
    """Each take (vector, key of the piece it is a version of) against pieces by key, but never against itself."""
    found: list[_Near | None] = [None] * len(own)
    mine = [piece if piece in pieces else None for piece in own]
    for without in set(mine):
        keys = [piece for piece in pieces if piece != without]
        rows = [at for at, piece in enumerate(mine) if piece == without]
        if not keys:
            continue
        told = References(np.stack([pieces[piece] for piece in keys])).likeness(matrix[rows])
        for place, at in enumerate(rows):
            numbers = (float(told.mean[place]), float(told.nearest[place]), float(told.closest[place]))
            found[at] = _Near(*numbers, keys[int(told.which[place])])
    return found


def _vectors_of(encoder: Encoder, music: Mapping[int, str]) -> dict[int, Floats]:
    found = read_vectors(encoder=encoder, kind=VectorKind.MUSIC, texts=music.values())
    return {take: found[text] for take, text in music.items() if text in found}


def _numbers(row: TakeScore) -> dict[str, Any]:
    names = ("pipeline", "likeness", "nearest", "fit", "closest", "closest_piece_id", "references", "text")
    return {name: getattr(row, name) for name in names}


def _places(held: list[tuple[Take, TakeScore]], name: str) -> dict[int, int]:
    told = [(take.pk, getattr(row, name)) for take, row in held if getattr(row, name) is not None]
    return dict(zip([key for key, _score in told], ranks([score for _key, score in told]), strict=True))


def _spread(held: list[tuple[Take, TakeScore]], name: str) -> dict[int, float]:
    told = {take.pk: float(getattr(row, name)) for take, row in held if getattr(row, name) is not None}
    low, high = min(told.values(), default=0.0), max(told.values(), default=0.0)
    return {key: round((score - low) / (high - low), 3) if high > low else 0.5 for key, score in told.items()}

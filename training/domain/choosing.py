"""Which pieces of the library a training set takes, which it leaves out and why, and how large it will be."""

import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.rendering import SOUND
from curator.domain.rights import awaiting_confirmation, rights_of, training_bars, training_composers
from curator.domain.sentences import say
from curator.domain.sketches import request_sketches, unsketched
from curator.domain.tags import STAGE
from curator.domain.twins import distinct_pieces
from curator.models.library import Origin, Piece, PieceVersion, Rendering, RenderingState, Tag
from curator.models.twins import Resemblance
from curator.notation.letters import plain_letters
from generation.domain.checkpoints import find_checkpoint
from generation.models.checkpoints import Checkpoint
from generation.notagen.header import HEADER_STYLES
from training.domain.headers import Heading, heading_of
from training.recipes.data import CONTEXT, Measure, Transposition, held_out_works, key_weights, measure

GIVEN_ORIGINS = (Origin.CORPUS.value, Origin.UPLOADED.value)
"""Where pieces come from unless a choice names origins: what the model wrote itself trains only when asked for."""

_PATCHES_A_BAR = 6.0  # of the Satie solos, for pieces that were not measured yet
_MOST_KEPT = 50_000
_MOST_OPTIONS = 40


@dataclass(frozen=True)
class Choice:
    """What a training set is to hold; an empty tuple asks for everything. `header` and `base` empty: those in use."""

    composers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()
    transposition: Transposition = Transposition.NEAR
    eval_share: float = 0.1
    seed: int = 0
    header: str = ""
    base: str = ""

    def as_json(self) -> dict[str, Any]:
        """As a job's arguments and a manifest keep it."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Choice":
        """Back from `as_json`."""
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list | tuple)}
        return cls(**{**values, **lists, "transposition": Transposition(values["transposition"])})


@dataclass(frozen=True)
class Candidate:
    """A piece that goes in. `measure` is None where it was not measured yet."""

    piece: Piece
    version: PieceVersion
    prompt: tuple[str, ...]
    stage_given: bool
    work: str
    measure: Measure | None
    seconds: float = 0.0
    held_out: bool = False

    @property
    def bars(self) -> int:
        """Bars, from the facts where the text was not measured."""
        return self.measure.bars if self.measure else int(self.version.facts.get("bars", 0))

    @property
    def patches(self) -> int:
        """Patches in the piece's own key with its prompt, estimated where the text was not measured."""
        own = self.measure.patches if self.measure else round(_PATCHES_A_BAR * self.bars)
        return own + sum(-(-(len(line) + 1) // 16) for line in self.prompt)

    @property
    def long(self) -> bool:
        """Whether NotaGen-X cannot read it in one go."""
        return self.patches > CONTEXT

    @property
    def key(self) -> str:
        """The written key of the text."""
        return self.measure.key if self.measure else str(self.version.facts.get("key") or "C")


@dataclass(frozen=True)
class LeftOut:
    """A piece of the choice that does not go in, and the reason in one sentence."""

    piece: Piece
    reason: str


@dataclass(frozen=True)
class Share:
    """A bar of a drawing: what, how much, and that as a part of the largest."""

    name: str
    amount: float
    part: float


@dataclass(frozen=True)
class Chosen:
    """What goes in and what does not, with the base and the heading that follow from the choice.

    unconfirmed: those left out that only wait for a confirmation of their rights. uncompared: how many are not yet
    known to be other music than the rest.
    """

    choice: Choice
    base: Checkpoint | None
    heading: Heading
    kept: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]
    unconfirmed: tuple[Piece, ...] = ()
    uncompared: int = 0
    trouble: str = ""

    @cached_property
    def train(self) -> int:
        """Pieces to learn from."""
        return sum(not one.held_out for one in self.kept)

    @cached_property
    def held_out(self) -> int:
        """Pieces to measure with."""
        return sum(one.held_out for one in self.kept)

    @property
    def measured(self) -> int:
        """How many of the pieces were measured, not estimated."""
        return sum(one.measure is not None for one in self.kept)

    @cached_property
    def totals(self) -> dict[str, Any]:
        """Sizes over all pieces: pieces, train, eval, works, bars, patches, over_context, minutes."""
        return {
            "pieces": len(self.kept),
            "train": self.train,
            "eval": self.held_out,
            "works": len({one.work for one in self.kept}),
            "bars": sum(one.bars for one in self.kept),
            "patches": sum(one.patches for one in self.kept),
            "over_context": sum(one.long for one in self.kept),
            "minutes": round(sum(one.seconds for one in self.kept) / 60, 1),
            "composers": _counted(one.piece.composer for one in self.kept),
            "keys": self._keys(),
            "no_stage": sum(not one.stage_given for one in self.kept) if self.heading.style.stage else 0,
        }

    def with_pieces(self, kept: list[Candidate], refused: list[LeftOut]) -> "Chosen":
        """The same without those that could not be written; the sides are made anew of what is left."""
        if not refused:
            return replace(self, kept=tuple(kept))
        sides, trouble = _split(kept, self.choice)
        return replace(self, kept=tuple(sides), left_out=(*self.left_out, *refused), trouble=trouble)

    def _keys(self) -> dict[str, float]:
        """How many pieces of a pass are read in each key, on average."""
        keys: Counter[str] = Counter()
        for one in self.kept:
            for key, weight in key_weights(one.key, self.choice.transposition).items():
                keys[key] += weight  # type: ignore[assignment] # a Counter adds fractions as well
        return {key: round(float(amount), 3) for key, amount in keys.most_common()}


def shares(amounts: dict[str, float], *, most: int = 15) -> list[Share]:
    """The largest amounts for a drawing."""
    largest = max(amounts.values(), default=0) or 1
    ranked = sorted(amounts.items(), key=lambda item: -item[1])[:most]
    return [Share(name, amount, amount / largest) for name, amount in ranked]


def choose(choice: Choice, *, seconds: float | None = None) -> Chosen:
    """What `choice` takes from the library as it is now.

    seconds: measure new pieces no longer than that and estimate the rest; None measures all. `trouble` says why no
    set can be made of it. Raises DomainError for a base or a header style that does not exist.
    """
    base = find_base(choice.base)
    if choice.header and choice.header not in HEADER_STYLES:
        raise DomainError(_("A header style is one of %(styles)s.") % {"styles": ", ".join(HEADER_STYLES)})
    heading = heading_of(style=choice.header, base=base)
    wanted = _wanted(choice)
    left_out: list[LeftOut] = []
    bars = training_bars(wanted)
    allowed = []
    for piece in wanted:
        if bars[piece.pk]:
            left_out.append(LeftOut(piece, bars[piece.pk]))
        else:
            allowed.append(piece)
    may = Piece.objects.filter(pk__in=[piece.pk for piece in allowed])
    uncompared = 0 if seconds is None else unsketched(may).count()
    if uncompared:
        request_sketches()
    once, twins = distinct_pieces(may, complete=seconds is None)
    kept_ids = {piece.pk for piece in once}
    left_out += [LeftOut(piece, _same_music(twins[piece.pk])) for piece in allowed if piece.pk not in kept_ids]
    fitting, refused = _measured([piece for piece in allowed if piece.pk in kept_ids], heading, seconds)
    kept, trouble = _split(fitting, choice)
    left_out = sorted([*left_out, *refused], key=lambda one: (one.piece.title, one.piece.pk))
    waiting = tuple(awaiting_confirmation(piece for piece in wanted if bars[piece.pk]))
    return Chosen(choice, base, heading, tuple(kept), tuple(left_out), waiting, uncompared, trouble)


def find_base(name: str) -> Checkpoint | None:
    """As find_checkpoint, but None where nothing is named and no checkpoint is here yet."""
    return find_checkpoint(name=name) if name or Checkpoint.objects.exists() else None


def _same_music(other: Piece) -> str:
    return _("It is the same music as %(title)s, or nearly.") % {"title": other.title}


def composers_like(name: str) -> list[str]:
    """Composers as pieces write them whose names hold all words of `name`. Raises DomainError where there is none."""
    words = set(_folded(name).split())
    known = Piece.objects.filter(archived_at__isnull=True).order_by("composer").values_list("composer", flat=True)
    found = [composer for composer in known.distinct() if words and words <= set(_folded(composer).split())]
    if not found:
        raise DomainError(_("No piece is by %(name)s.") % {"name": name})
    return found


def _wanted(choice: Choice) -> list[Piece]:
    """The pieces that the choice names, put away or merged ones left aside."""
    pieces: QuerySet[Piece] = Piece.objects.filter(archived_at__isnull=True, origin__in=choice.origins or GIVEN_ORIGINS)
    if choice.composers:
        pieces = pieces.filter(composer__in=choice.composers)
    for kind, names in (("", choice.tags), (STAGE, choice.stages)):
        if names:
            tagged = Piece.tags.through.objects.filter(tag__name__in=names)
            tagged = tagged.filter(tag__kind=STAGE) if kind else tagged.exclude(tag__kind=STAGE)
            pieces = pieces.filter(pk__in=tagged.values("piece_id"))
    rows = list(pieces.select_related("source").prefetch_related("tags").order_by("pk"))
    if choice.rights:
        composers = training_composers()
        rows = [piece for piece in rows if rights_of(piece, composers) in choice.rights]
    return rows


def _measured(pieces: list[Piece], heading: Heading, seconds: float | None) -> tuple[list[Candidate], list[LeftOut]]:
    """The pieces with their newest version, prompt and measure; those of which no training file can be made."""
    versions = _latest(pieces)
    measures = _measures(versions.values(), seconds)
    works = _works(pieces)
    lengths = _lengths(versions.values())
    kept: list[Candidate] = []
    left_out: list[LeftOut] = []
    seen: dict[str, Piece] = {}
    for piece in pieces:
        version = versions.get(piece.pk)
        if version is None:
            left_out.append(LeftOut(piece, _("It has no text.")))
            continue
        if version.sha256 in seen:
            left_out.append(LeftOut(piece, _same_music(seen[version.sha256])))
            continue
        found = measures.get(version.pk)
        if found and found.reason is not None:
            left_out.append(LeftOut(piece, say(found.reason)))
            continue
        try:
            prompt = heading.lines(piece)
        except ValueError:
            left_out.append(LeftOut(piece, _("Its composer, period or instrumentation has no plain letters.")))
            continue
        seen[version.sha256] = piece
        given = heading.stage(piece)[1]
        kept.append(Candidate(piece, version, prompt, given, works[piece.pk], found, lengths[version.pk]))
    return kept, left_out


def _latest(pieces: Iterable[Piece]) -> dict[int, PieceVersion]:
    latest = PieceVersion.objects.filter(piece=OuterRef("piece")).order_by("-number").values("pk")[:1]
    rows = PieceVersion.objects.filter(piece__in=[piece.pk for piece in pieces])
    rows = rows.annotate(latest=Subquery(latest)).filter(pk=F("latest")).defer("abc", "musicxml")
    return {version.piece_id: version for version in rows}


def _lengths(versions: Iterable[PieceVersion]) -> dict[int, float]:
    """Version id -> seconds: of its sound, else of the written tempo, else of the tempo it would sound in."""
    facts = {version.pk: version.facts for version in versions}
    sounds = Rendering.objects.filter(version__in=list(facts), target=SOUND, state=RenderingState.READY)
    heard = dict(sounds.exclude(seconds=None).order_by("seconds").values_list("version_id", "seconds"))
    return {pk: heard.get(pk) or float(known.get("seconds") or 0) or _usual(known) for pk, known in facts.items()}


def _usual(facts: dict[str, Any]) -> float:
    """Seconds of the bars where nothing says how fast they go: Verovio then plays 120 quarters a minute."""
    beats, _stroke, unit = str(facts.get("metre") or "4/4").partition("/")
    quarters = 4 * int(beats) / int(unit) if beats.isdecimal() and unit.isdecimal() and int(unit) else 4
    return quarters * int(facts.get("bars") or 0) / 2


# Texts never change, so what was measured once holds; by the text's hash.
_known: dict[str, Measure] = {}


def _measures(versions: Iterable[PieceVersion], seconds: float | None) -> dict[int, Measure]:
    """Version id -> measure; those that would take longer than `seconds` are missing."""
    rows = list(versions)
    new = [version.pk for version in rows if version.sha256 not in _known]
    if len(_known) + len(new) > _MOST_KEPT:
        _known.clear()
    end = None if seconds is None else time.monotonic() + seconds
    for start in range(0, len(new), 50):
        texts = PieceVersion.objects.filter(pk__in=new[start : start + 50]).values_list("sha256", "abc")
        for sha256, abc in texts:
            _known[sha256] = measure(abc)
        if end is not None and time.monotonic() > end:
            break
    return {version.pk: _known[version.sha256] for version in rows if version.sha256 in _known}


def _works(pieces: list[Piece]) -> dict[int, str]:
    """Piece id -> its work: the same composer and title, or much the same music, make one."""
    works = {piece.pk: f"{_folded(piece.composer)}/{_folded(piece.title)}" for piece in pieces}
    alike = Resemblance.objects.filter(first__in=list(works)).order_by("pk").values_list("first_id", "second_id")
    for first, second in alike:
        if second not in works:
            continue
        old, new = sorted((works[first], works[second]), reverse=True)
        works = {piece: new if work == old else work for piece, work in works.items()}
    return works


def _folded(text: str) -> str:
    """Words in plain small letters, in alphabetical order: Erik Satie and Satie, Erik are one."""
    return " ".join(sorted(re.findall(r"[a-z0-9]+", plain_letters(text).lower()))) or text


def _split(candidates: list[Candidate], choice: Choice) -> tuple[list[Candidate], str]:
    """The candidates with their side, and why there cannot be two sides."""
    if not candidates:
        return [], _("No piece goes in.")
    try:
        held_out = held_out_works((one.work for one in candidates), share=choice.eval_share, seed=choice.seed)
    except ValueError:
        return candidates, _("A set needs at least two works: one to learn from and one to measure with.")
    return [replace(one, held_out=one.work in held_out) for one in candidates], ""


def _counted(names: Iterable[str]) -> dict[str, float]:
    return {name: float(count) for name, count in Counter(names).most_common()}


@dataclass(frozen=True)
class Option:
    """One value that a filter offers, and how many pieces have it."""

    value: str
    count: int


@dataclass(frozen=True)
class Offer:
    """What the library offers to choose by."""

    composers: list[Option] = field(default_factory=list)
    tags: list[Option] = field(default_factory=list)
    stages: list[Option] = field(default_factory=list)
    origins: list[Option] = field(default_factory=list)


def offer() -> Offer:
    """The values that pieces of the library have, the most frequent first."""
    pieces = Piece.objects.filter(archived_at__isnull=True)
    tags = Tag.objects.filter(pieces__archived_at__isnull=True)
    return Offer(
        composers=_options(pieces.exclude(composer=""), "composer"),
        tags=_options(tags.exclude(kind=STAGE), "name", "pieces"),
        stages=_options(tags.filter(kind=STAGE), "name", "pieces"),
        origins=_options(pieces, "origin"),
    )


def _options(rows: QuerySet[Any], name: str, counted: str = "pk") -> list[Option]:
    found = rows.values_list(name).annotate(n=Count(counted, distinct=True)).order_by("-n", name)
    return [Option(value, count) for value, count in found[:_MOST_OPTIONS]]

"""Films: made by the owner, with their frame rate, timecode and runtime."""

import re
import unicodedata
from fractions import Fraction
from pathlib import PurePath

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.plans import shot_spans
from curator.domain.sentences import say
from curator.domain.shots import spread_runtime
from curator.domain.storyboard import keep_file, read_file
from curator.film.timecode import Clock, TimecodeError, frame_rate
from curator.models.accounts import User
from curator.models.film import Film
from curator.models.storyboard import StoryboardImport

WORDS = ("new",)
"""Addresses under films/ that no film can have."""


@transaction.atomic
def create_film(*, title: str, slug: str = "", fps: str = "24", language: str = "de") -> Film:
    """A new film without a scene. Without `slug` it gets one from its title. Raises DomainError."""
    title = " ".join(title.split())
    if not title:
        raise DomainError(_("A film has a title."))
    if slug and not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,59}", slug):
        raise DomainError(_("A film's short name has small letters, digits and hyphens, such as laterne-2."))
    if slug and Film.objects.filter(slug=slug).exists():
        raise DomainError(_("There is a film %(slug)s already.") % {"slug": slug})
    rate = _rate(fps)
    return Film.objects.create(
        slug=slug or _free_slug(title),
        title=title[:200],
        language=language,
        fps_numerator=rate.numerator,
        fps_denominator=rate.denominator,
    )


@transaction.atomic
def create_film_of(
    *,
    name: str,
    data: bytes,
    title: str = "",
    slug: str = "",
    fps: str = "24",
    language: str = "de",
    by: User | None = None,
) -> StoryboardImport:
    """A new film for a file, which waits to be saved into it; without `title` it is called as the file calls it.

    Raises DomainError, and makes no film, for a file that cannot be read.
    """
    film = create_film(title=title.strip() or slug or PurePath(name).stem or _("New film"), slug=slug, fps=fps)
    told = read_file(film=film, data=data).title
    if told and not title.strip():
        film.title = told[:200]
    if not slug:
        Film.objects.filter(pk=film.pk).update(slug=f"~{film.pk}")  # so that its own name is free for it
        film.slug = _free_slug(film.title)
    film.language = language
    film.save(update_fields=["title", "slug", "language"])
    return keep_file(film=film, name=name, data=data, by=by)


@transaction.atomic
def change_film(
    *,
    film: Film,
    title: str,
    logline: str,
    language: str,
    fps: str,
    drop_frame: bool,
    start: str,
    runtime: tuple[int, int] | None,
) -> Film:
    """Change what is said of a film. `start` is the timecode of its first picture, `runtime` a range in seconds.

    A new frame rate keeps the seconds: shots, cues, hits and stages move to its nearest frames. A runtime that was
    typed is the owner's, no import changes it, and the estimated lengths are spread over it anew. Raises DomainError.
    """
    row = Film.objects.select_for_update().get(pk=film.pk)
    rate = _rate(fps)
    try:
        clock = Clock(rate, drop_frame).starting_at(start)
    except TimecodeError as error:
        raise DomainError(say(error.sentence)) from error
    if rate != row.fps and row.cues.filter(takes__isnull=False).exists():
        raise DomainError(_("This film has takes; its frame rate stays, for they were written for its frames."))
    row.title, row.logline, row.language = " ".join(title.split())[:200] or row.title, logline, language
    old = row.fps
    row.fps_numerator, row.fps_denominator = rate.numerator, rate.denominator
    row.drop_frame, row.start_frame = drop_frame, clock.start
    low, high = runtime or (None, None)
    other = (low, high) != (row.runtime_low, row.runtime_high)
    row.runtime_low, row.runtime_high = low, high
    if other:
        row.edited = sorted({*row.edited, "runtime"})
    row.save()
    if rate != old:
        _change_rate(row, old)
    if other and row.shots.filter(estimated=True).exists():
        spread_runtime(film=row)
    row.refresh_from_db()
    return row


def _change_rate(film: Film, old: Fraction) -> None:
    """Move every frame number of the film to the nearest one of its new rate, border by border."""

    def now(frame: int) -> int:
        return (frame * film.fps / old + Fraction(1, 2)).__floor__()

    for span in shot_spans(film=film):
        span.shot.length_frames = max(1, now(span.end) - now(span.start))
        span.shot.save(update_fields=["length_frames"])
    film.length_frames = sum(film.shots.values_list("length_frames", flat=True))
    film.save(update_fields=["length_frames"])
    for stage in film.stages.exclude(start_frame=None):
        stage.start_frame = now(stage.start_frame or 0)
        stage.save(update_fields=["start_frame"])
    for cue in film.cues.all():
        cue.in_frame = now(cue.in_frame)
        cue.out_frame = max(cue.in_frame + 1, now(cue.out_frame))
        if cue.tail_frame is not None:
            cue.tail_frame = max(cue.out_frame + 1, now(cue.tail_frame))
        cue.save(update_fields=["in_frame", "out_frame", "tail_frame"])
        for hit in cue.hits.all():
            hit.frame = now(hit.frame)
            hit.save(update_fields=["frame"])


def _rate(text: str) -> Fraction:
    try:
        return frame_rate(text)
    except TimecodeError as error:
        raise DomainError(say(error.sentence)) from error


def _free_slug(title: str) -> str:
    plain = title.replace("ß", "ss").replace("ẞ", "ss")
    for letter, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue")):
        plain = unicodedata.normalize("NFC", plain).replace(letter, letters)
    base = slugify(plain)[:50].strip("-_") or "film"
    taken = {*Film.objects.values_list("slug", flat=True), *WORDS}
    return base if base not in taken else next(f"{base}-{n}" for n in range(2, 10**6) if f"{base}-{n}" not in taken)

"""The lengths of shots: typed by the owner, imported, or estimated from the texts and the film's runtime.

Whenever one changes, cues, hits and stages follow their shots (curator.domain.plans.follow_shots).
"""

from collections.abc import Sequence
from fractions import Fraction

from django.db import transaction
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.plans import ShotSpan, clock_of, follow_shots, shot_spans
from curator.domain.sentences import say
from curator.film.lengths import estimate, estimated_frames, runtime_frames, spread
from curator.film.shotlist import frames_of
from curator.film.timecode import TimecodeError
from curator.models.film import Cue, Film, Shot

LONGEST_FILM = 10**8
"""Frames; more than a week at 60 a second, and far from what the database can hold."""


def read_length(*, text: str, film: Film) -> int:
    """The frames of a length that was typed: seconds, 0:04.5, 00:00:04:12 or "108 f". Raises DomainError."""
    try:
        frames = frames_of(text, clock_of(film))
    except TimecodeError as error:
        raise DomainError(say(error.sentence)) from error
    if frames < 1:
        raise DomainError(_("A shot lasts at least one frame."))
    return frames


@transaction.atomic
def edit_shot(*, shot: Shot, description: str, dialogue: str, frames: int) -> list[Cue]:
    """Keep what the owner typed of a shot; what differs from before is his from now on, and no import changes it.

    A new length is no estimate any more; the other shots keep theirs, so the film grows or shrinks. Returns the cues
    whose plan changed. Raises DomainError for a film longer than any.
    """
    film = Film.objects.select_for_update().get(pk=shot.film_id)
    shot = Shot.objects.get(pk=shot.pk)
    before = shot_spans(film=film)
    typed = {"description": description, "dialogue": dialogue, "length": frames}
    now = {"description": shot.description, "dialogue": shot.dialogue, "length": shot.length_frames}
    changed = [name for name in typed if typed[name] != now[name]]
    if not changed:
        return []
    shot.description, shot.dialogue, shot.length_frames = description, dialogue, frames
    shot.estimated = shot.estimated and "length" not in changed
    shot.edited = sorted({*shot.edited, *changed})
    shot.save()
    return settle(film=film, before=before) if "length" in changed else []


@transaction.atomic
def keep_length(*, shot: Shot) -> None:
    """Say that an estimated length is right as it is: it stays from now on."""
    shot = Shot.objects.get(pk=shot.pk)
    shot.estimated = False
    shot.edited = sorted({*shot.edited, "length"})
    shot.save(update_fields=["estimated", "edited"])


@transaction.atomic
def let_estimate(*, shot: Shot) -> list[Cue]:
    """Give a length back: it becomes what the texts and the runtime leave for it. Returns the cues that changed."""
    shot = Shot.objects.get(pk=shot.pk)
    shot.estimated = True
    shot.edited = [name for name in shot.edited if name != "length"]
    shot.save(update_fields=["estimated", "edited"])
    return spread_runtime(film=shot.film)


@transaction.atomic
def spread_runtime(*, film: Film) -> list[Cue]:
    """Spread the film's runtime over the shots whose lengths are estimated; returns the cues whose plan changed."""
    film = Film.objects.select_for_update().get(pk=film.pk)
    before = shot_spans(film=film)
    shots = [span.shot for span in shot_spans(film=film)]
    estimate_lengths(film=film, shots=shots)
    Shot.objects.bulk_update(shots, ["length_frames"])
    return settle(film=film, before=before)


def estimate_lengths(*, film: Film, shots: Sequence[Shot]) -> bool:
    """Set the lengths of the estimated ones among all shots of a film, unsaved; whether the runtime could be kept.

    They share what the runtime leaves beside the others, in proportion to their texts. Where no runtime is known, or
    less than a second each is left, they take what their texts ask for.
    """
    open_ones = [shot for shot in shots if shot.estimated]
    weights = [estimate(shot.description, shot.dialogue) for shot in open_ones]
    lengths = estimated_frames(weights, film.fps)
    fits = True
    if open_ones and film.runtime_low is not None and film.runtime_high is not None:
        whole = runtime_frames(film.runtime_low, film.runtime_high, film.fps)
        left = whole - sum(shot.length_frames for shot in shots if not shot.estimated)
        fits = Fraction(left) >= len(open_ones) * film.fps
        if fits:
            lengths = spread(left, weights)
    for shot, frames in zip(open_ones, lengths, strict=True):
        shot.length_frames = frames
    return fits


def settle(*, film: Film, before: Sequence[ShotSpan]) -> list[Cue]:
    """After shots changed: write the film's length, and let cues, hits and stages follow. Raises DomainError.

    before: `shot_spans` of the film from before. Returns the cues whose plan changed.
    """
    film.length_frames = sum(span.shot.length_frames for span in shot_spans(film=film))
    if film.length_frames > LONGEST_FILM:
        raise DomainError(_("The shots together are longer than any film."))
    Film.objects.filter(pk=film.pk).update(length_frames=film.length_frames)
    return follow_shots(film=film, before=before)

"""The lengths of shots: typed by the owner, imported, or estimated from the texts and the film's runtime.

Whenever one changes, cues, hits and stages follow their shots (curator.domain.plans.follow_shots).
"""

from collections.abc import Mapping, Sequence
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
def set_lengths(*, film: Film, lengths: Mapping[str, int]) -> list[Cue]:
    """Give shots, by their ids, the frames that were typed; the others keep theirs, so the film grows or shrinks.

    A length that differs is the owner's from now on: no estimate, and no import changes it. Unknown ids are passed
    over. Returns the cues whose plan changed. Raises DomainError for a film longer than any.
    """
    film = Film.objects.select_for_update().get(pk=film.pk)
    before = shot_spans(film=film)
    changed = []
    for shot in film.shots.filter(code__in=lengths):
        if shot.length_frames != lengths[shot.code]:
            shot.length_frames = lengths[shot.code]
            _take(shot, "length")
            changed.append(shot)
    if not changed:
        return []
    Shot.objects.bulk_update(changed, ["length_frames", "estimated", "edited"])
    return settle(film=film, before=before)


@transaction.atomic
def edit_shot(*, shot: Shot, description: str, dialogue: str, frames: int, estimated: bool) -> list[Cue]:
    """Keep what the owner typed of a shot; what differs from before is his from now on, and no import changes it.

    Without `estimated` the length stays as it is typed; with it, a length that was left as it was goes back to what
    the texts and the runtime leave for it. Returns the cues whose plan changed. Raises DomainError.
    """
    shot = Shot.objects.select_for_update().select_related("film").get(pk=shot.pk)
    for name, value in (("description", description), ("dialogue", dialogue)):
        if getattr(shot, name) != value:
            setattr(shot, name, value)
            _take(shot, name)
    shot.save(update_fields=["description", "dialogue", "edited"])
    if frames != shot.length_frames:
        return set_lengths(film=shot.film, lengths={shot.code: frames})
    if estimated == shot.estimated:
        return []
    if not estimated:
        _take(shot, "length")
    else:
        shot.estimated, shot.edited = True, [name for name in shot.edited if name != "length"]
    shot.save(update_fields=["estimated", "edited"])
    return spread_runtime(film=shot.film) if estimated else []


def _take(shot: Shot, name: str) -> None:
    """Note that something of a shot is the owner's now."""
    shot.edited = sorted({*shot.edited, name})
    shot.estimated = shot.estimated and name != "length"


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

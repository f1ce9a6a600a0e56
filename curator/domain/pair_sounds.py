"""The two sounds of a pair, made equal: neither length, nor size, nor loudness, nor a header tells them apart."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.media import CONTENT_TYPES, read_media
from curator.domain.rendering import SOUND, request_mp3
from curator.models.accounts import User
from curator.models.film import Cue
from curator.models.library import MediaFile, Rendering, RenderingFile, RenderingState
from curator.models.ranking import Pair, Take
from curator.rendering.mp3 import equal_mp3
from curator.rendering.ogg import equal_opus

KEPT_PAIRS = 16
"""Pairs of sounds that a web process keeps ready; about 1.5 MB each."""


class SoundPending(DomainError):
    """A file that a worker is making; it can be asked for again in a moment."""


@dataclass(frozen=True)
class PairSound:
    """One side of a pair as it is sent: as many bytes as the other side, and of the same kind."""

    content: bytes
    content_type: str


def sounds_of(*, cue: Cue, takes: Iterable[Take]) -> dict[int, Rendering]:
    """The sound of each take that has one, by the take's key: at the cue's tempo map where that exists."""
    takes = list(takes)
    ready = Rendering.objects.filter(
        version_id__in=[take.version_id for take in takes], target=SOUND, state=RenderingState.READY
    )
    by_version: dict[int, Rendering] = {}
    for row in sorted(ready, key=lambda row: (row.tempo_map == cue.tempo_map, row.pk)):
        by_version[row.version_id] = row
    return {take.pk: by_version[take.version_id] for take in takes if take.version_id in by_version}


def sound_of(*, token: str, rater: User, mp3: bool = False) -> PairSound | None:
    """The sound behind a side's token of a pair that is open and was handed to this listener; None for others.

    With `mp3` the MP3 of the same sound. Raises SoundPending while a worker makes that of either side: the two must
    not be told apart by whether one was asked for before. Raises FileNotFoundError where the storage lost a file.
    """
    held = Pair.objects.filter(rater=rater, closed_at__isnull=True).select_related("left_rendering", "right_rendering")
    pair, side = held.filter(left_token=token).first(), 0
    if pair is None:
        pair, side = held.filter(right_token=token).first(), 1
    if pair is None or pair.left_rendering is None or pair.right_rendering is None:
        return None
    sounds = (pair.left_rendering, pair.right_rendering)
    if mp3:
        steps = _quieter(sounds)
        waiting = [request_mp3(sound=one, quieter=down) for one, down in zip(sounds, steps, strict=True)]
        if any(job is not None for job in waiting):
            raise SoundPending(_("The sound is being prepared for this browser."))
        files = [_file(one, "mp3", 1 + down) for one, down in zip(sounds, steps, strict=True)]
    else:
        files = [_file(one, "opus", 1) for one in sounds]
    if files[0] is None or files[1] is None:
        return None
    gains = (0.0, 0.0) if mp3 else _gains(sounds)
    made = _equal(files[0], files[1], gains)
    return PairSound(made[side], CONTENT_TYPES[".mp3" if mp3 else ".opus"])


def _file(sound: Rendering, role: str, number: int) -> MediaFile | None:
    file = RenderingFile.objects.filter(rendering=sound, role=role, number=number).select_related("media").first()
    return file.media if file else None


def _gains(sounds: tuple[Rendering, Rendering]) -> tuple[float, float]:
    """What each side is turned down by, dB, so that the louder one is as loud as the softer one.

    Only clips whose peaks kept them below the target of -23 LUFS differ at all.
    """
    loudness = [sound.facts.get("lufs") for sound in sounds]
    if None in loudness:
        return 0.0, 0.0
    left, right = (float(value) for value in loudness)
    softer = min(left, right)
    return round(softer - left, 2), round(softer - right, 2)


def _quieter(sounds: tuple[Rendering, Rendering]) -> tuple[int, int]:
    """The same in whole half decibels: an MP3 has no gain in its header, so each step is a file of its own."""
    left, right = _gains(sounds)
    return round(-2 * left), round(-2 * right)


def _equal(left: MediaFile, right: MediaFile, gains: tuple[float, float]) -> tuple[bytes, bytes]:
    # one entry serves both sides and every reload; the same takes may also come the other way round
    if left.sha256 > right.sha256:
        made = _made(right.sha256, left.sha256, left.suffix, (gains[1], gains[0]))
        return made[1], made[0]
    return _made(left.sha256, right.sha256, left.suffix, gains)


@lru_cache(maxsize=KEPT_PAIRS)
def _made(left: str, right: str, suffix: str, gains: tuple[float, float]) -> tuple[bytes, bytes]:
    first, second = (read_media(MediaFile(sha256=sha256, suffix=suffix)) for sha256 in (left, right))
    return equal_mp3(first, second) if suffix == ".mp3" else equal_opus(first, second, gains=gains)

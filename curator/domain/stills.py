"""Stills of shots: matched to their shots by the files' names, made small, kept by their content."""

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.media import store_media
from curator.models.film import Film, Shot
from curator.models.library import MediaFile
from curator.models.stills import Still

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_BYTES = 30_000_000
MOST_PIXELS = 60_000_000
LARGE, TILE = (1280, 1280), (240, 180)
"""Pixels that the two pictures of a still fit into."""
FORMATS = ("JPEG", "PNG", "WEBP")

_PARTS = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True)
class StillsAdded:
    """What became of uploaded pictures. refused: (file name, sentence)."""

    kept: list[Still]
    refused: list[tuple[str, str]]


def still_file(*, film: Film, sha256: str) -> MediaFile | None:
    """The file of a still of this film, large or small; None for any other file."""
    mine = Still.objects.filter(Q(large=sha256) | Q(tile=sha256), shot__film=film)
    return MediaFile.objects.filter(sha256=sha256).first() if mine.exists() else None


def add_stills(*, film: Film, pictures: Iterable[tuple[str, bytes]], shot: Shot | None = None) -> StillsAdded:
    """Give shots their stills. `pictures`: file name and content; with `shot` it is that shot's, whatever its name.

    Without it the name has the shot's code in it: S01-001.png, s1_1 v2.jpg. A shot's old still gives way.
    """
    shots = list(film.shots.only("code"))
    kept, refused = [], []
    for name, data in pictures:
        try:
            kept.append(set_still(shot=shot or shot_of_name(name, shots), data=data, name=name))
        except DomainError as error:
            refused.append((name, str(error)))
    return StillsAdded(kept, refused)


def set_still(*, shot: Shot, data: bytes, name: str = "") -> Still:
    """Make `data` (JPEG, PNG or WebP) the still of a shot. Raises DomainError for what is no such picture."""
    large, tile = _sizes(data)
    files = [store_media(data=made, suffix=".webp") for made in (large, tile)]
    still, _new = Still.objects.update_or_create(
        shot=shot,
        defaults={"large": files[0].sha256, "tile": files[1].sha256, "original_name": PurePath(name).name[:255]},
    )
    return still


def remove_still(*, still: Still) -> None:
    """Take a shot's still away; housekeeping removes its files in its time."""
    still.delete()


def shot_of_name(name: str, shots: Sequence[Shot]) -> Shot:
    """The shot whose code is in a file's name. Raises DomainError where there is none, or more than one.

    Letters and numbers are compared one after the other, 001 is 1, and the longest code wins: "s1_1 v2.jpg" is the
    still of S01-001.
    """
    stem = PurePath(name.replace("\\", "/")).stem
    exact = [shot for shot in shots if shot.code.casefold() == stem.casefold()]
    if exact:
        return exact[0]
    told = _parts(stem)
    found: list[Shot] = []
    longest = 1
    for shot in shots:
        code = _parts(shot.code)
        if len(code) < longest or not _holds(told, code):
            continue
        if len(code) > longest:
            found, longest = [], len(code)
        found.append(shot)
    if not found:
        raise DomainError(_("No shot of this film has its code in this name."))
    if len(found) > 1:
        codes = ", ".join(shot.code for shot in found[:4])
        raise DomainError(_("This name fits several shots: %(codes)s.") % {"codes": codes})
    return found[0]


def _parts(text: str) -> list[str]:
    return [part.lstrip("0") or "0" if part.isdecimal() else part for part in _PARTS.findall(text.casefold())]


def _holds(whole: Sequence[str], part: Sequence[str]) -> bool:
    return bool(part) and any(
        list(whole[place : place + len(part)]) == list(part) for place in range(len(whole) - len(part) + 1)
    )


def _sizes(data: bytes) -> tuple[bytes, bytes]:
    """The large and the small picture, both WebP without any of the file's own fields."""
    from PIL import Image, ImageOps  # a heavy library that few requests need

    if len(data) > MOST_BYTES:
        raise DomainError(_("The picture is larger than %(most)d MB.") % {"most": MOST_BYTES // 1_000_000})
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise DomainError(_("The picture has more than %(most)d million pixels.") % {"most": 60})
            opened.draft("RGB", LARGE)  # a JPEG is read at about the size that is needed
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DomainError(_("This is no JPEG, PNG or WebP picture that can be read.")) from error
    return _small(upright, LARGE, 82), _small(upright, TILE, 75)


def _small(picture: "Image", size: tuple[int, int], quality: int) -> bytes:
    made = picture.copy()
    made.thumbnail(size, reducing_gap=3.0)
    file = io.BytesIO()
    made.save(file, "WEBP", quality=quality, method=4)
    return file.getvalue()

"""What templates need to show music: engraving of one's own ids, the play button, the keyboard."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from curator.domain.sheets import Sheet
from curator.models.accounts import User
from curator.models.library import MediaFile
from curator.rendering.clean import personalise
from curator.views.media import media_url

register = template.Library()

LOWEST_KEY, HIGHEST_KEY = 21, 108
_BLACK = frozenset([1, 3, 6, 8, 10])
WHITE_WIDTH = 7


@dataclass(frozen=True)
class Playing:
    """What the player needs to know of one score; all of it stands in data attributes."""

    key: str
    source: str
    mp3: str
    timemap: str
    notes: str
    seconds: float


def incipit_prefix(sheet: Sheet) -> str:
    """The ids of this score's card begin with this."""
    return f"i{sheet.version.public_id}"


@register.simple_tag
def engraving(svg: str, prefix: str, label: str = "") -> SafeString:
    """A cleaned SVG with ids of its own. It was cleaned when it was made: nothing in it but shapes and text."""
    # A label that a template has put together is escaped already, and would be so twice.
    plain = unescape(label) if isinstance(label, SafeString) else label
    return mark_safe(personalise(svg, prefix, label=plain))  # noqa: S308 (allow-listed by curator.rendering.clean)


@register.simple_tag
def incipit(sheet: Sheet | None, title: str = "") -> SafeString:
    """The first bars for a card; "" until they are drawn."""
    if sheet is None or not sheet.incipit:
        return SafeString("")
    label = _("First bars of %(title)s") % {"title": title} if title else ""
    return engraving(sheet.incipit, incipit_prefix(sheet), label)


@register.simple_tag(takes_context=True)
def playing(context: Mapping[str, Any], sheet: Sheet | None, notes: str = "") -> Playing | None:
    """What the player needs, for the user of this page; None while there is no sound. `notes`: prefixes of ids."""
    user = context["request"].user
    if sheet is None or sheet.sound is None or sheet.opus is None or not isinstance(user, User):
        return None
    return Playing(
        key=sheet.sound.key[:16],
        source=media_url(sheet.opus, user),
        mp3=reverse("sound_mp3", args=[sheet.sound.key]),
        timemap=media_url(sheet.timemap, user) if sheet.timemap else "",
        notes=notes or incipit_prefix(sheet),
        seconds=round(sheet.sound.seconds or 0.0, 1),
    )


@register.simple_tag(takes_context=True)
def media_address(context: Mapping[str, Any], media: MediaFile) -> str:
    """Where the user of this page finds a file of the storage."""
    return media_url(media, context["request"].user)


@register.simple_tag(takes_context=True)
def play_button(
    context: Mapping[str, Any], sheet: Sheet | None, title: str, sub: str = "", url: str = ""
) -> SafeString:
    """components/play_button.html as markup to hand on to another component; "" while there is no sound."""
    words = {"sheet": sheet, "title": title, "sub": sub, "url": url, "request": context["request"]}
    return SafeString(render_to_string("components/play_button.html", words).strip())


@dataclass(frozen=True)
class PianoKey:
    """One key of the drawn keyboard."""

    x: float
    black: bool
    inside: bool


@register.simple_tag
def piano_keys(low: int, high: int) -> list[PianoKey]:
    """All keys of a piano, white ones first; those from MIDI pitch `low` to `high` are inside."""
    keys: list[PianoKey] = []
    white = 0
    for pitch in range(LOWEST_KEY, HIGHEST_KEY + 1):
        inside = low <= pitch <= high
        if pitch % 12 in _BLACK:
            keys.append(PianoKey(white * WHITE_WIDTH - 2.1, True, inside))
        else:
            keys.append(PianoKey(white * WHITE_WIDTH, False, inside))
            white += 1
    return sorted(keys, key=lambda key: key.black)


@register.filter
def pitch_name(pitch: int) -> str:
    """A MIDI pitch as it is called in English scores: 60 is C4."""
    names = ("C", "C\u266f", "D", "E\u266d", "E", "F", "F\u266f", "G", "A\u266d", "A", "B\u266d", "B")
    return f"{names[pitch % 12]}{pitch // 12 - 1}"

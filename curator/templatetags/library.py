"""How the library names keys, metres and files."""

import re
from collections.abc import Sequence
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from curator.domain.catalogue import Shown
from curator.models.jobs import Job, JobState
from curator.models.library import Origin
from curator.templatetags.look import clock

register = template.Library()

# Names of notes differ more between languages than other words: B is H in German, B flat is B.
TONICS = {
    "C": pgettext_lazy("tonic", "C"),
    "C#": pgettext_lazy("tonic", "C♯"),
    "Cb": pgettext_lazy("tonic", "C♭"),
    "D": pgettext_lazy("tonic", "D"),
    "D#": pgettext_lazy("tonic", "D♯"),
    "Db": pgettext_lazy("tonic", "D♭"),
    "E": pgettext_lazy("tonic", "E"),
    "Eb": pgettext_lazy("tonic", "E♭"),
    "F": pgettext_lazy("tonic", "F"),
    "F#": pgettext_lazy("tonic", "F♯"),
    "G": pgettext_lazy("tonic", "G"),
    "G#": pgettext_lazy("tonic", "G♯"),
    "Gb": pgettext_lazy("tonic", "G♭"),
    "A": pgettext_lazy("tonic", "A"),
    "A#": pgettext_lazy("tonic", "A♯"),
    "Ab": pgettext_lazy("tonic", "A♭"),
    "B": pgettext_lazy("tonic", "B"),
    "Bb": pgettext_lazy("tonic", "B♭"),
}


@register.filter
def key_name(text: str) -> str:
    """A key of ABC in words: "Ab" is A flat major, "Dmin" is D minor; other modes stay as written."""
    found = re.fullmatch(r"([A-G][#b]?)\s*(|maj|major|m|min|minor)", text.strip())
    if found is None or found[1] not in TONICS:
        return _("no key") if text.strip() == "none" else text
    words = _("%(tonic)s minor") if found[2] in ("m", "min", "minor") else _("%(tonic)s major")
    return words % {"tonic": TONICS[found[1]]}


@register.filter
def metre_name(text: str) -> str:
    """A metre as written, or the word for free time."""
    return _("free") if text == "free" else text


@register.filter
def maker(card: Shown) -> str:
    """Who made it: the composer, or the cue that a generated piece was written for."""
    if card.take is not None:
        return _("Generated for %(cue)s, take %(take)d") % {"cue": card.take.cue.number, "take": card.take.number}
    if card.piece.composer:
        return card.piece.composer
    return _("Generated here") if card.piece.origin == Origin.GENERATED else ""


@register.filter
def card_facts(card: Shown) -> list[str | SafeString]:
    """Up to four facts: key, metre, tempo, length; while it is made, that it is being made."""
    if card.pending and not card.drawn:
        return [_("Being engraved and sounded")]
    facts: dict[str, Any] = card.facts
    shown: list[str | SafeString] = []
    if facts.get("key"):
        shown.append(key_name(facts["key"]))
    if facts.get("metre"):
        shown.append(metre_name(facts["metre"]))
    if facts.get("tempo"):
        shown.append(SafeString(render_to_string("components/tempo.html", {"tempo": facts["tempo"]}).strip()))
    if card.seconds:
        shown.append(clock(card.seconds))
    elif facts.get("bars"):
        shown.append(ngettext("%(n)d bar", "%(n)d bars", facts["bars"]) % {"n": facts["bars"]})
    return shown


@register.filter
def made_here(card: Shown) -> str:
    """The word that tells a generated piece from what others wrote; "" for those."""
    return _("generated") if card.piece.origin == Origin.GENERATED else ""


@register.filter
def import_facts(job: Job) -> list[str]:
    """What happens to an upload."""
    return [_("Being read and counted") if job.state == JobState.RUNNING else _("Waits for a worker")]


@register.filter
def any_open(jobs: Sequence[Job]) -> bool:
    """Whether one of the jobs is still waiting or running."""
    return any(job.is_open for job in jobs)


@register.filter
def spoken_length(seconds: float) -> str:
    """A long stretch of music in words: "3 hours 12 minutes", "48 minutes", "40 seconds"."""
    hours, minutes = int(seconds) // 3600, round(seconds / 60) % 60
    if seconds < 60:
        return ngettext("%(n)d second", "%(n)d seconds", round(seconds)) % {"n": round(seconds)}
    words = ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    if not hours:
        return words
    return f"{ngettext('%(n)d hour', '%(n)d hours', hours) % {'n': hours}} {words}"

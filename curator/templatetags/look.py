"""What templates need to draw the house: icons, names of lights, lengths and tempi in the reader's notation."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from curator.models.film import CueState
from curator.models.jobs import Job
from curator.models.themes import ThemeUse
from curator.shell import url_of

register = template.Library()

MANY_CELLS = 96
"""More cells than this are thinner than a pixel on a phone; progress is then one bar."""


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """The icon `i-<name>` of components/sprite.html, decorative: a word or an aria-label stands with it."""
    return format_html(
        '<svg class="i {}" viewBox="0 0 24 24" aria-hidden="true"><use href="#i-{}"/></svg>', classes, name
    )


@register.simple_tag
def url_or_none(name: str, *args: object) -> str:
    """The URL of a named page, or "" where no such page exists, so that no dead link is drawn."""
    return url_of(name, *args)


@register.filter
def light_name(state: str) -> str:
    """The name of a light: a cue's state, or "Failed"."""
    if state == "failed":
        return _("Failed")
    return str(CueState(state).label)


@register.filter
def job_name(job: Job) -> str:
    """What a job does, in words; a kind without a name here shows its own."""
    names = {
        "generation.write": _("Write takes"),
        "curator.render": _("Engrave and sound"),
        "curator.perform": _("Sound"),
        "curator.sound": _("Sound for this browser"),
        "curator.strip": _("Draw the continuous score"),
        "curator.course": _("Follow what the music does"),
        "curator.measure": _("Measure a take"),
        "library.import": _("Add scores"),
        "library.parcel": _("Unpack a parcel of scores"),
        "library.manifest": _("Fetch the scores of a list"),
        "library.sketch": _("Compare scores of the library"),
        "training.build_set": _("Build training files"),
        "training.round": _("Train a round"),
        "training.measure": _("Measure a round"),
        "generation.export": _("Write a checkpoint as .pth"),
        "generation.import": _("Import a checkpoint"),
        "generation.score": _("Read takes by the encoder"),
        "training.taste": _("Learn a taste"),
    }
    return names.get(job.kind, job.kind)


@register.filter
def trait_name(key: str) -> str:
    """What is drawn of music under the arc."""
    names = {"density": _("density"), "loudness": _("loudness"), "register": _("register"), "mode": _("mode")}
    return names[key]


@register.filter
def theme_use(how: str) -> str:
    """A way in which cues use themes, in words."""
    return str(ThemeUse(how).label)


@register.filter
def plain(value: float) -> str:
    """A number without needless zeros, in the reader's notation: 66, 66.5, 66,5."""
    rounded = round(float(value), 2)
    decimals = 0 if rounded == int(rounded) else len(f"{rounded:.2f}".rstrip("0").split(".")[1])
    return _formatted(rounded, decimals, get_language())


@register.filter
def clock(seconds: float) -> str:
    """Whole seconds as 0:04 or 1:02:07."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def duration(seconds: float) -> str:
    """A length to a tenth of a second: 1:27.3, German 1:27,3."""
    tenths = round(float(seconds) * 10)
    return f"{clock(tenths // 10)}{_formatted(tenths % 10 / 10, 1, get_language())[1:]}"


@lru_cache(maxsize=2000)
def _formatted(value: float, decimals: int, language: str | None) -> str:  # noqa: ARG001 (what number_format reads)
    """A number in the reader's notation; pages with many cues ask for the same ones again and again."""
    return number_format(value, decimals)


def number(value: float, decimals: int) -> str:
    """A number rounded to so many decimals, with a true minus. Django's number_format would cut the rest off."""
    return number_format(round(value, decimals) + 0.0, decimals).replace("-", "\u2212")


@register.filter
def fps(rate: Fraction) -> str:
    """A frame rate as it is called: 24, 29.97."""
    return number(float(rate), 0 if rate.denominator == 1 else 2)


@register.filter
def percent(share: float) -> str:
    """A share of 1 as a percentage with a thin space, "<1 %" and ">99 %" at the ends."""
    value = 100 * float(share)
    if 0 < value < 1:
        return "<1\u2009%"
    if 99 < value < 100:
        return ">99\u2009%"
    return f"{value:.0f}\u2009%"


@register.filter
def share(part: float, whole: float) -> float:
    """`part` (0..1) of `whole`, for drawing."""
    return round(float(part) * float(whole), 1)


@dataclass(frozen=True)
class Cells:
    """A progress line of 1000 units: the outlines of what is done and of what is to do."""

    done: str
    left: str


@register.simple_tag
def progress_cells(done: float, total: float) -> Cells:
    """One cell a step with a small gap; above MANY_CELLS one bar, done and to do."""
    count = max(int(total or 0), 1)
    finished = min(max(int(done or 0), 0), count)
    if count > MANY_CELLS:
        part = round(1000 * finished / count, 1)
        return Cells(_cell(0, part), _cell(part, 1000 - part))
    step = 1000 / count
    width = step - min(6.0, step / 5)
    cells = [_cell(place * step, width) for place in range(count)]
    return Cells("".join(cells[:finished]), "".join(cells[finished:]))


def _cell(x: float, width: float) -> str:
    return f"M{round(x, 1):g} 2h{round(width, 1):g}v6h-{round(width, 1):g}z"

"""What the pages of scenes and shots need: timecode, lengths, the names of what becomes of a shot."""

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from curator.domain.plans import clock_of
from curator.domain.sentences import say
from curator.domain.storyboard_fates import Fate
from curator.film.storyboard import Remark
from curator.film.timecode import TimecodeError
from curator.models.film import Film

register = template.Library()


@register.filter
def timecode(film: Film, frame: int) -> str:
    """The timecode of a frame of a film; "–" beyond the 24 hours of the clock."""
    try:
        return clock_of(film).label(frame)
    except TimecodeError:
        return "–"


@register.filter
def seconds_of(film: Film, frames: int) -> str:
    """A length in seconds with two decimals, in the reader's notation: typed again it is the same frame count."""
    return number_format(round(float(frames / film.fps), 2), 2, force_grouping=False)


@register.filter
def fate_name(fate: Fate) -> str:
    """What becomes of a shot, in words."""
    names = {
        Fate.NEW: _("new"),
        Fate.CHANGED: _("changed"),
        Fate.SAME: _("as before"),
        Fate.GONE: _("not in the file, stays"),
        Fate.REMOVED: _("is removed"),
        Fate.ASIDE: _("stays"),
    }
    return names[fate]


@register.filter
def field_name(name: str) -> str:
    """The name of what differs: our own fields in the reader's language, those of the file as they stand there."""
    names = {
        "Description": _("Description"),
        "Dialogue": _("Dialogue"),
        "Length": _("Length"),
        "Scene": _("Scene"),
        "Slug line": _("Slug line"),
    }
    return names.get(name, name)


@register.filter
def said(remark: Remark) -> str:
    """The sentence of a remark in the reader's language."""
    return say(remark.sentence)

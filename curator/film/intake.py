"""The one door for files of the film team: what kind a file is shows in its content, never in its name."""

from dataclasses import replace

from curator.film.breakdown import looks_like_breakdown, read_breakdown
from curator.film.edl import looks_like_edl, read_edl
from curator.film.fountain import looks_like_script, read_script
from curator.film.shotlist import looks_like_list, read_list
from curator.film.storyboard import Kind, Storyboard, StoryboardError
from curator.film.textfile import read_lines
from curator.film.timecode import Clock


def read_storyboard(data: bytes, clock: Clock) -> Storyboard:
    """A storyboard breakdown, Fountain script, shot list or edit list, read. Lengths are frames of `clock`.

    Raises StoryboardError, one clear sentence, for anything else.
    """
    lines, remarks = read_lines(data)
    kind = kind_of(lines)
    if kind is None:
        raise StoryboardError(
            "This is neither a storyboard breakdown nor a Fountain script, a shot list (CSV) or an edit list (EDL)."
        )
    if kind == Kind.EDIT_LIST:
        found = read_edl(lines, clock)
    elif kind == Kind.SHOT_LIST:
        found = read_list(lines, clock)
    else:
        found = read_breakdown(lines) if kind == Kind.BREAKDOWN else read_script(lines)
    return replace(found, remarks=(*remarks, *found.remarks))


def kind_of(lines: list[str]) -> Kind | None:
    """The kind of file that these lines are; None for none of them."""
    if looks_like_breakdown(lines):
        return Kind.BREAKDOWN
    if looks_like_edl(lines):
        return Kind.EDIT_LIST
    if looks_like_list(lines):
        return Kind.SHOT_LIST
    return Kind.SCRIPT if looks_like_script(lines) else None

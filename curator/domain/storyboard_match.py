"""Which shots and scenes of a film are those of a file: by id, by the name of a clip, by place."""

import re
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

from curator.film.edl import clip_names
from curator.film.fountain import SCRIPT_CODE
from curator.film.storyboard import Kind, ReadScene, ReadShot, Speech, Storyboard, plain_slug
from curator.models.film import Scene, Shot

T = TypeVar("T", bound=Hashable)

_CODE = re.compile(r"s0*(\d+)\s*[-_. ]?\s*(?:sh)?0*(\d+)([a-z]?)(?![a-z\d])", re.ASCII)


def plain_code(text: str) -> str:
    """A shot id without what differs between programs: S01-002, s1_2 and "S01 002" are 1-2; others in small letters."""
    found = _CODE.fullmatch(text.strip().casefold())
    return f"{found[1]}-{found[2]}{found[3]}" if found else text.strip().casefold()


def match_scenes(board: Storyboard, scenes: Sequence[Scene]) -> list[Scene | None]:
    """For each scene of the file the one of the film: that of the same slug line, else of the same number.

    Where a slug line comes several times, they go in order. A script's scenes have no numbers of their own.
    """
    left = {scene.pk: scene for scene in scenes}
    found: list[Scene | None] = []
    for read in board.scenes:
        slug = plain_slug(read.slug_line)
        same = [one for one in left.values() if read.slug_line and plain_slug(one.slug_line) == slug]
        same.sort(key=lambda one: (board.kind != Kind.SCRIPT and one.number != read.number, one.number))
        found.append(left.pop(same[0].pk) if same else None)
    if board.kind != Kind.SCRIPT:
        for index, read in enumerate(board.scenes):
            same = [one for one in left.values() if found[index] is None and one.number == read.number]
            found[index] = left.pop(same[0].pk) if same else found[index]
    return found


def match_shots(board: Storyboard, shots: Sequence[Shot]) -> tuple[list[Shot | None], bool]:
    """For each shot of the file the one of the film, and whether only their order told.

    An edit list may hold several pieces of one shot.
    """
    by_code = {plain_code(shot.code): shot for shot in shots}
    by_clip = {shot.fields["Clip"].casefold(): shot for shot in shots if isinstance(shot.fields.get("Clip"), str)}
    found: list[Shot | None] = []
    for read in board.shots:
        names = [name.casefold() for name in clip_names(read)]
        named = [by_code.get(plain_code(read.code))] if read.code else []
        named += [by_clip.get(name) for name in names] + [by_code.get(plain_code(name)) for name in names]
        named += [by_code.get(f"{code[1]}-{code[2]}{code[3]}") for name in names for code in _codes(name)]
        found.append(next((shot for shot in named if shot is not None), None))
    if board.kind == Kind.EDIT_LIST:
        by_order = not any(found)
    else:
        found = _each_once(found)
        by_order = not any(found) and not any(read.code for read in board.shots)
    if by_order and len(found) == len(shots):
        return list(shots), True
    return found, False


def _each_once(found: Sequence[Shot | None]) -> list[Shot | None]:
    seen: set[int] = set()
    once: list[Shot | None] = []
    for shot in found:
        once.append(None if shot is None or shot.pk in seen else shot)
        seen |= {shot.pk} if shot else set()
    return once


def _codes(name: str) -> list[re.Match[str]]:
    return list(_CODE.finditer(name[:200]))


def match_paragraphs(read: ReadScene, shots: Sequence[Shot]) -> list[Shot | None]:
    """For each paragraph of a script's scene the shot that was made of it before, though its place has changed."""
    told = [shot.fields.get("Script", shot.description) for shot in shots]
    found: list[Shot | None] = [None] * len(read.shots)
    matcher = SequenceMatcher(None, told, [paragraph_key(one) for one in read.shots], autojunk=False)
    for what, old, old_end, new, new_end in matcher.get_opcodes():
        if what in ("equal", "replace"):
            for offset in range(min(old_end - old, new_end - new)):
                found[new + offset] = shots[old + offset]
    return found


def paragraph_key(read: ReadShot) -> str:
    """The text by which a paragraph of a script is known again: its action, else what is spoken."""
    return read.description or read.dialogue


def is_of_script(shot: Shot) -> bool:
    """Whether a shot was made of a paragraph of a script."""
    return SCRIPT_CODE.fullmatch(shot.code) is not None


def is_said_in(speech: Speech, shot: Shot) -> bool:
    """Whether the words of a speech are those of a shot, or a part of them, or the other way round."""
    short, long = sorted((_words(shot.dialogue), _words(speech.text)), key=len)
    return bool(short) and f" {short} " in f" {long} "


def _words(text: str) -> str:
    return " ".join("".join(letter if letter.isalnum() else " " for letter in text.casefold()).split())


def in_order(first: Sequence[T], others: Sequence[T]) -> list[T]:
    """All of `first` in their order, and those of `others` that are not in it, each behind the one before it there."""
    merged = list(first)
    known = set(first)
    before: T | None = None
    for one in others:
        if one not in known:
            merged.insert(merged.index(before) + 1 if before is not None else 0, one)
            known.add(one)
        before = one
    return merged

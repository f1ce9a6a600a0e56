"""A text while somebody writes it: what each bar says, whether it can be kept, and how it looks."""

import threading
from collections import deque
from dataclasses import dataclass

from curator.domain.errors import DomainError
from curator.domain.sentences import say
from curator.domain.versions import check_text, clean_text
from curator.notation.proof import proofread
from curator.rendering.engrave import engrave_strip
from curator.rendering.errors import RenderingError

AT_ONCE = 2
"""Drafts that are drawn at once in one web process; who comes third is told about the bars only."""

_KEPT: deque[tuple[str, "Draft"]] = deque(maxlen=8)
_free = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class BarTrouble:
    """What is wrong in a bar, as a translated sentence; bar 0 is the header."""

    bar: int
    words: str
    fatal: bool


@dataclass(frozen=True)
class Draft:
    """What a text is worth as it stands.

    bars: how many there are. trouble: why it cannot be kept, "" when it can; remarks: what else is worth knowing.
    svg: how it looks, as one long system; "" while it cannot be drawn or others are being drawn.
    """

    bars: int
    troubles: tuple[BarTrouble, ...]
    trouble: str
    remarks: tuple[str, ...]
    notes: int
    svg: str

    @property
    def fatal(self) -> bool:
        """Whether a bar keeps it from being a piece."""
        return any(one.fatal for one in self.troubles)


def read_draft(*, abc: str) -> Draft:
    """Read a text bar by bar, and where all of them hold convert and draw it, in processes of their own.

    Never raises for what the text holds.
    """
    try:
        text = clean_text(abc)
    except DomainError as error:
        return Draft(0, (), str(error), (), 0, "")
    known = next((draft for kept, draft in list(_KEPT) if kept == text), None)
    if known is not None:
        return known
    proof = proofread(text)
    troubles = tuple(BarTrouble(one.bar, say(one.sentence), one.fatal) for one in proof.troubles)
    if any(one.fatal for one in troubles) or not proof.bars:
        return Draft(proof.bars, troubles, "", (), 0, "")
    if not _free.acquire(blocking=False):
        return Draft(proof.bars, troubles, "", (), 0, "")
    try:
        draft = _drawn(text, proof.bars, troubles)
    finally:
        _free.release()
    _KEPT.append((text, draft))
    return draft


def _drawn(text: str, bars: int, troubles: tuple[BarTrouble, ...]) -> Draft:
    try:
        checked = check_text(abc=text)
    except DomainError as error:
        return Draft(bars, troubles, str(error), (), 0, "")
    try:
        svg = engrave_strip(checked.musicxml.encode())
    except RenderingError:
        svg = ""  # it can be kept all the same; its page says what is wrong with drawing it
    return Draft(bars, troubles, "", checked.remarks, checked.notes, svg)

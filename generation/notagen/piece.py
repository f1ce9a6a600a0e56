"""One piece while it is written: what it must be, the lines that hold, the line at work, and the way back."""

import hashlib
import time
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from curator.notation.bars import line_lengths, staves_of, unreduce
from curator.notation.errors import NotationError
from generation.notagen import patches
from generation.notagen.constraints import FREE, Constraints
from generation.notagen.guard import Guard
from generation.notagen.header import PIANO, header
from generation.notagen.patches import SIZE, Patch
from generation.notagen.themes import marked

TRIES = 24
"""How often one line is sampled before its piece is given up."""

STEP_BACK = 8
"""After so many refusals in a row the line before is sampled again too: it may have led nowhere."""

LONGEST_LINE = 64
"""Patches after which a line that has not ended is refused (1024 characters)."""

LOWER = 2
"""The voice of the left hand in a piece of one voice a hand; the other one is 1."""


@dataclass(frozen=True)
class Brief:
    """What a piece must be: prompt lines as the checkpoint was trained (`%Minimal` ...), metre (`3/4`), key
    (`Dmin`), tempo in quarter notes a minute, and the number of bars.

    theme: lines that it begins with, without markers; the model goes on from them. kept: for a variation, the
    content of voice `kept_voice` bar by bar, empty where it rests; the model writes the other voice of these bars.
    staves: the `%%score` and `V:` lines. constraints: what else every line must keep.
    """

    prompt: tuple[str, ...]
    metre: str
    key: str
    tempo: float
    bars: int
    theme: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    kept_voice: int = 0
    staves: tuple[str, ...] = PIANO
    constraints: Constraints = FREE

    @property
    def header(self) -> str:
        """The header lines without prompt. Raises ValueError for values no header can hold."""
        return header(metre=self.metre, key=self.key, tempo=self.tempo, staves=self.staves)

    @property
    def opening(self) -> str:
        """Prompt and header lines, each with its line end. Raises ValueError for values no header can hold."""
        if self.bars < 1:
            raise ValueError("A piece has at least one bar.")
        return "".join(f"{line}\n" for line in self.prompt) + self.header

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the theme with their markers, as many as the piece has bars."""
        return marked(self.theme, total=self.bars)

    @property
    def context(self) -> list[Patch]:
        """All patches that stand before the first line that is written."""
        return patches.encode_complete(self.opening + "".join(self.lines))

    def guard(self) -> Guard:
        """The judge of its lines."""
        voices = [int(line[2:].split()[0]) for line in self.staves[1:]]
        return Guard(
            metre=Fraction(self.metre),
            staves=staves_of(self.staves[0], voices),
            key=self.key,
            tempo=self.tempo,
            constraints=self.constraints,
        )

    def marker(self, bar: int) -> str:
        """The marker of a line: bars before it, bars after it."""
        return f"[r:{bar}/{self.bars - 1 - bar}]"

    def given(self, bar: int) -> tuple[list[Patch], list[Patch]]:
        """Ids forced in a line: those it begins with, and those that stand behind the voice written in its middle.

        Of the first, the last may be shorter than a patch: the model goes on inside it. The others are whole.
        """
        marker = self.marker(bar)
        content = self.kept[bar] if bar < len(self.kept) else ""
        other = 3 - self.kept_voice
        barline = "|]" if bar == self.bars - 1 else "|"
        if bar >= len(self.kept):
            return patches.chunk(marker, close=False), []
        if not content or self.kept_voice == LOWER:
            begin = patches.chunk(f"{marker}[V:{other}]", close=False)
            end = patches.chunk(f"{barline}[V:{LOWER}]{content}{barline}\n") if content else []
            return begin, end
        whole = patches.chunk(f"{marker}[V:{self.kept_voice}]{content}")
        return [*whole, *patches.chunk(f"{barline}[V:{other}]", close=False)], []


@dataclass(frozen=True)
class Written:
    """One piece. `index` is the place of its seed among those asked for.

    raw: the whole text with prompt, header and markers. abc: the same with every rest, without prompt and markers.
    forced: spans of raw that the engine wrote. ids_sha256: hash of all ids, one byte each, begin patch included.
    bars: lines that hold. reason: empty, or the sentence why the piece ended early; raw then ends with the last
    line tried and abc with the last one that holds. seconds: from its first to its last patch.
    """

    index: int
    seed: int
    raw: str
    abc: str
    forced: tuple[tuple[int, int], ...]
    ids_sha256: str
    bars: int
    lines_tried: int
    lines_rolled_back: int
    reason: str
    seconds: float


class Piece:
    """One piece while it is written: the lines that hold, the line at work and the way back to its start."""

    def __init__(
        self,
        index: int,
        seed: int,
        brief: Brief,
        guard: Guard,
        longest: int,
        *,
        start: Tensor,
        start_length: int,
    ) -> None:
        self.index = index
        self.seed = seed
        self.brief = brief
        self.random = np.random.RandomState(seed)
        self.start = start
        self.start_length = start_length
        self.lines: list[str] = list(brief.lines)
        self.line_ended = False
        self.reason = ""
        self.tried = self.refused = 0
        self._guard = guard
        self._longest = longest
        self._given = len(self.lines)
        self._kept_patches: list[list[Patch]] = []  # of each line written that holds
        self._kept_spans: list[list[tuple[int, int]]] = []  # what was forced in each of them
        self._starts: list[tuple[Tensor, int]] = []  # of the lines that hold and are still in the context
        self._furthest = len(self.lines)
        self._failures = 0
        self._kept: int | None = None
        self._forced: list[Patch] = []  # of the patches to come, from the next one on
        self._behind: list[Patch] = []  # to be forced when the voice at work is over
        self._began = time.perf_counter()
        self._begin_line()

    @property
    def finished(self) -> bool:
        return bool(self.reason) or len(self.lines) == self.brief.bars

    @property
    def prefix(self) -> Patch:
        """Ids that the next patch must begin with: the marker, where a line begins, and all of a voice that is kept."""
        return self._forced[0] if self._forced else ()

    def take(self, ids: NDArray[np.int64]) -> bool:
        """Add a patch; True when the context must read it, False when the line starts anew or the piece ends."""
        patch = tuple(ids.tolist())
        text = patches.decode_patch(patch)
        self._note_forced()
        self._current.append(patch)
        self._text += text
        self.line_ended = False
        refusal = ""
        if text.endswith("\n"):
            refusal = self._judge()
            self.line_ended = not refusal
            self.tried += 1
        elif not (text.isascii() and text.isprintable() and text):
            refusal = "be plain text"
            self.tried += 1
        elif len(self._current) >= self._longest:
            refusal = "come to its end"
            self.tried += 1
        if refusal:
            self._refuse(refusal)
        elif self.line_ended:
            self.lines.append(self._text)
            self._kept_patches.append(self._current)
            self._kept_spans.append(self._spans)
            self._begin_line()
            if len(self.lines) > self._furthest:
                self._furthest, self._failures = len(self.lines), 0
        elif not self._forced and self._behind and self._voice_is_over(text):
            self._forced, self._behind = self._behind, []
        return not refusal and not self.finished

    def _note_forced(self) -> None:
        """Remember how much of the patch that is coming was forced, as a span of the line."""
        if not self._forced:
            return
        length = len(patches.decode_patch(self._forced.pop(0)))
        start = len(self._text)
        if self._spans and self._spans[-1][1] == start:
            start = self._spans.pop()[0]
        self._spans.append((start, len(self._text) + length))

    def _voice_is_over(self, text: str) -> bool:
        """Whether the voice above a kept one has come to its end: by an end id, or because its bar is full.

        A patch without an end id may be the last one too, where the voice fills it to its edge.
        """
        if len(text) < SIZE:
            return True
        content = self._text[self._spans[0][1] :]
        try:
            lengths = line_lengths(f"[V:1]{content}|", unit=Fraction(1, 8), metre=Fraction(self.brief.metre))
        except NotationError:
            return False
        return lengths == {1: Fraction(self.brief.metre)}

    def _judge(self) -> str:
        bar = len(self.lines)
        rests = bar < len(self.brief.kept) and not self.brief.kept[bar]
        if self._behind or (rests and f"[V:{self.brief.kept_voice}]" in self._text):
            return "keep the voice that stays"
        return self._guard.refusal(self._text, last=bar == self.brief.bars - 1, before=self.lines)

    def _refuse(self, refusal: str) -> None:
        self.refused += 1
        self._failures += 1
        if self._failures >= TRIES:
            self.reason = f"Bar {len(self.lines) + 1} would not {refusal}."
            return
        if self._failures % STEP_BACK == 0 and self._starts:
            self.start, self.start_length = self._starts.pop()
            self.lines.pop()
            self._kept_patches.pop()
            self._kept_spans.pop()
            self.refused += 1
        self._begin_line()

    def began(self, start: Tensor, length: int) -> None:
        """A line begins after `length` patches of the context, whose hidden state is `start`."""
        self._starts.append((self.start, self.start_length))
        self.start, self.start_length = start, length

    def moved(self, start: Tensor, length: int) -> None:
        """The context has slid; the line at work begins after `length` patches of the new one."""
        self._starts.clear()
        self.start, self.start_length = start, length

    def _begin_line(self) -> None:
        self._current: list[Patch] = []
        self._text = ""
        self._spans: list[tuple[int, int]] = []
        self._forced, self._behind = self.brief.given(len(self.lines))

    def slide(self, patch_length: int) -> tuple[list[Patch], int]:
        """The shortened context for this piece and how many patches of it stand before the line at work.

        As in the reference: the header and half of the lines written when it slid first. The line at work keeps
        the patches it was sampled in, so nothing of it is lost.
        """
        done = self.brief.opening + "".join(self.lines)
        found = patches.window(done + self._text, kept=self._kept)
        if found is None:
            raise ValueError("The header leaves no room for music in this model's context.")
        shorter, self._kept = found
        before = patches.encode_complete(shorter.removesuffix(self._text))
        while len(before) + len(self._current) >= patch_length and self._kept > 1:
            self._kept -= 1
            shorter, _ = patches.window(done + self._text, kept=self._kept) or (shorter, 0)
            before = patches.encode_complete(shorter.removesuffix(self._text))
        return [*before, *self._current], len(before)

    def written(self) -> Written:
        raw = self.brief.opening
        forced = [(0, len(raw))]
        for line in self.lines[: self._given]:
            forced.append((len(raw), len(raw) + len(line)))
            raw += line
        spans = [*self._kept_spans, self._spans]
        for line, forced_in in zip([*self.lines[self._given :], self._text], spans, strict=False):
            forced += [(len(raw) + start, len(raw) + end) for start, end in forced_in]
            raw += line
        body = self.brief.header + "".join(self.lines)
        lines = [*self._kept_patches, self._current]
        ids = bytes(code for patch in [*self.brief.context, *(p for line in lines for p in line)] for code in patch)
        return Written(
            index=self.index,
            seed=self.seed,
            raw=raw,
            abc=unreduce(body) if self.lines else "",
            forced=tuple(forced),
            ids_sha256=hashlib.sha256(ids).hexdigest(),
            bars=len(self.lines),
            lines_tried=self.tried,
            lines_rolled_back=self.refused,
            reason=self.reason,
            seconds=time.perf_counter() - self._began,
        )


def start_of(brief: Brief, patch_length: int) -> list[Patch]:
    """The context a piece begins in: all of `brief.context`, or of a long theme as many last lines as leave room.

    Raises ValueError when the header alone leaves none.
    """
    if len(patches.encode_complete(brief.opening)) + 6 > patch_length:
        raise ValueError("The header leaves no room for music in this model's context.")
    context, text, kept = brief.context, brief.opening + "".join(brief.lines), len(brief.lines)
    while len(context) + 6 > patch_length and kept:
        kept -= 1
        shorter, _ = patches.window(text, kept=kept + 1) or ("", 0)
        context = patches.encode_complete(shorter)
    return context

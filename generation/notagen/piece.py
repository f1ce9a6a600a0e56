"""One piece while it is written: what it must be, the lines that hold, the line at work, and the way back."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from curator.notation.bars import unreduce
from generation.notagen import patches
from generation.notagen.guard import Guard
from generation.notagen.header import header
from generation.notagen.patches import Patch

TRIES = 24
"""How often one line is sampled before its piece is given up."""

STEP_BACK = 8
"""After so many refusals in a row the line before is sampled again too: it may have led nowhere."""

LONGEST_LINE = 64
"""Patches after which a line that has not ended is refused (1024 characters)."""


@dataclass(frozen=True)
class Brief:
    """What a piece must be: prompt lines as the checkpoint was trained (`%Minimal` …), metre (`3/4`), key
    (`Dmin`), tempo in quarter notes a minute, and the number of bars."""

    prompt: tuple[str, ...]
    metre: str
    key: str
    tempo: float
    bars: int

    @property
    def opening(self) -> str:
        """Prompt and header lines, each with its line end. Raises ValueError for values no header can hold."""
        if self.bars < 1:
            raise ValueError("A piece has at least one bar.")
        prompt = "".join(f"{line}\n" for line in self.prompt)
        return prompt + header(metre=self.metre, key=self.key, tempo=self.tempo)

    def marker(self, bar: int) -> str:
        """The marker of a line: bars before it, bars after it."""
        return f"[r:{bar}/{self.bars - 1 - bar}]"


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
        opening: Sequence[Patch],
        guard: Guard,
        longest: int,
        *,
        start: Tensor,
    ) -> None:
        self.index = index
        self.seed = seed
        self.brief = brief
        self.random = np.random.RandomState(seed)
        self.start = start
        self.start_length = len(opening)
        self.lines: list[str] = []
        self.line_ended = False
        self.reason = ""
        self.tried = self.refused = 0
        self._guard = guard
        self._longest = longest
        self._opening = opening
        self._kept_patches: list[list[Patch]] = []  # of each line that holds
        self._starts: list[tuple[Tensor, int]] = []  # of the lines that hold and are still in the context
        self._furthest = 0
        self._current: list[Patch] = []
        self._text = ""
        self._failures = 0
        self._kept: int | None = None
        self._began = time.perf_counter()

    @property
    def finished(self) -> bool:
        return bool(self.reason) or len(self.lines) == self.brief.bars

    @property
    def prefix(self) -> tuple[int, ...]:
        """Ids that the next patch must begin with: the marker, where a line begins."""
        return () if self._current else tuple(self.brief.marker(len(self.lines)).encode("ascii"))

    def take(self, ids: NDArray[np.int64]) -> bool:
        """Add a patch; True when the context must read it, False when the line starts anew or the piece ends."""
        patch = tuple(ids.tolist())
        text = patches.decode_patch(patch)
        self._current.append(patch)
        self._text += text
        self.line_ended = False
        refusal = ""
        if text.endswith("\n"):
            refusal = self._guard.refusal(self._text, last=len(self.lines) == self.brief.bars - 1)
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
            self._begin_line()
            if len(self.lines) > self._furthest:
                self._furthest, self._failures = len(self.lines), 0
        return not refusal and not self.finished

    def _refuse(self, refusal: str) -> None:
        self.refused += 1
        self._failures += 1
        if self._failures >= TRIES:
            self.reason = f"Bar {len(self.lines) + 1} would not {refusal}."
            return
        self._begin_line()
        if self._failures % STEP_BACK == 0 and self._starts:
            self.start, self.start_length = self._starts.pop()
            self.lines.pop()
            self._kept_patches.pop()
            self.refused += 1

    def began(self, start: Tensor, length: int) -> None:
        """A line begins after `length` patches of the context, whose hidden state is `start`."""
        self._starts.append((self.start, self.start_length))
        self.start, self.start_length = start, length

    def moved(self, start: Tensor, length: int) -> None:
        """The context has slid; the line at work begins after `length` patches of the new one."""
        self._starts.clear()
        self.start, self.start_length = start, length

    def _begin_line(self) -> None:
        self._current = []
        self._text = ""

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
        for bar, line in enumerate([*self.lines, *([self._text] if self._text else [])]):
            forced.append((len(raw), len(raw) + len(self.brief.marker(bar))))
            raw += line
        body = header(metre=self.brief.metre, key=self.brief.key, tempo=self.brief.tempo) + "".join(self.lines)
        lines = [*self._kept_patches, self._current]
        ids = bytes(code for patch in [*self._opening, *(p for line in lines for p in line)] for code in patch)
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

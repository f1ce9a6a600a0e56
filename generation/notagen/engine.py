"""Writes pieces bar by bar: the header and the line markers are forced, every note is sampled from the model.

A line that the guard refuses is rolled back and sampled again. The same model, brief, seed and settings give the
same piece, whatever is written beside it.
"""

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from curator.notation.bars import unreduce
from generation.notagen import patches
from generation.notagen.decoding import Decoder
from generation.notagen.guard import Guard
from generation.notagen.header import header
from generation.notagen.model import NotaGen
from generation.notagen.patches import EOS, PAD, SIZE, Patch
from generation.notagen.sampling import Sampling, distribution, pick

ENGINE_VERSION = "1"
"""Raised with every change that makes the same seed give another piece."""

ROWS = 8
"""Pieces written side by side. Part of the engine's identity: another width rounds differently."""

TRIES = 24
"""How often one line is sampled before its piece is given up."""

STEP_BACK = 8
"""After so many refusals in a row the line before is sampled again too: it may have led nowhere."""

LONGEST_LINE = 64
"""Patches after which a line that has not ended is refused (1024 characters)."""

_NEWLINE = ord("\n")


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


class Engine:
    """A model on a device, ready to write. Not to be used by two threads at once."""

    def __init__(self, model: NotaGen, device: torch.device | str = "cpu", *, rows: int = ROWS) -> None:
        self.model = model.to(device).eval()
        self._decoder = Decoder(self.model, rows)

    def write(
        self,
        brief: Brief,
        *,
        seeds: Sequence[int],
        sampling: Sampling,
        on_bar: Callable[[int, int], None] = lambda _index, _bars: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Written]:
        """One piece for each seed (0 to 2**32 - 1), in the order in which they are finished.

        on_bar hears the index of a piece and how many of its bars hold. When should_stop says so, writing ends
        and the unfinished pieces are lost. Raises ValueError for a brief that cannot be written.
        """
        decoder = self._decoder
        opening = patches.encode_complete(brief.opening)
        limit = min(LONGEST_LINE, decoder.config.patch_length - len(opening) - 2)
        if limit < 4:
            raise ValueError("The header leaves no room for music in this model's context.")
        hidden = decoder.open(_tensor(opening))
        states = hidden.expand(decoder.rows, -1).clone()
        guard = Guard(metre=Fraction(brief.metre))
        waiting = deque(enumerate(seeds))
        rows: dict[int, _Piece] = {}
        while waiting or rows:
            for row in set(range(decoder.rows)) - rows.keys():
                if waiting:
                    index, seed = waiting.popleft()
                    decoder.begin(row)
                    states[row] = hidden
                    rows[row] = _Piece(index, seed, brief, opening, guard, limit, start=states[row].clone())
            if should_stop():
                return
            made = self._patches(rows, states, sampling)
            going: list[int] = []
            for row, piece in list(rows.items()):
                if piece.take(made[row]):
                    going.append(row)
                elif piece.finished:
                    del rows[row]
                else:
                    decoder.cache.lengths[row] = piece.start_length
                    states[row] = piece.start
                if piece.line_ended:
                    on_bar(piece.index, len(piece.lines))
                if piece.finished:
                    yield piece.written()
            self._read(rows, going, made, states)

    def _patches(self, rows: "dict[int, _Piece]", states: Tensor, sampling: Sampling) -> NDArray[np.int64]:
        """The next patch (R, 16) of every row in use."""
        prefixes = [rows[row].prefix if row in rows else () for row in range(self._decoder.rows)]
        uniforms = np.zeros((self._decoder.rows, SIZE))
        for row, piece in rows.items():
            # As in the reference, every place of a patch that is not forced takes one number, used or not.
            uniforms[row, len(prefixes[row]) :] = piece.random.random_sample(SIZE - len(prefixes[row]))
        return write_patches(self._decoder, states, sorted(rows), prefixes, uniforms, sampling, close_lines=True)

    def _read(self, rows: "dict[int, _Piece]", going: list[int], made: NDArray[np.int64], states: Tensor) -> None:
        """Take the patches of the rows that go on into their contexts and set their states."""
        decoder = self._decoder
        sliding = [row for row in going if decoder.cache.lengths[row] + 1 >= decoder.config.patch_length]
        stepping = [row for row in going if row not in sliding]
        if stepping:
            after = decoder.advance(torch.from_numpy(made), stepping)
            states[stepping] = after[stepping]
        for row in sliding:
            context, before = rows[row].slide(decoder.config.patch_length)
            after = decoder.prefill(row, _tensor(context))
            rows[row].moved(after[before - 1].clone(), before)
            states[row] = after[-1]
        for row in stepping:
            if rows[row].line_ended:
                rows[row].began(states[row].clone(), decoder.cache.lengths[row])


class _Piece:
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


def write_patches(
    decoder: Decoder,
    states: Tensor,
    rows: Sequence[int],
    prefixes: Sequence[Sequence[int]],
    uniforms: NDArray[np.float64],
    sampling: Sampling,
    *,
    close_lines: bool,
) -> NDArray[np.int64]:
    """One patch (R, 16) for each of `rows`, zeros after its end id and in the other rows.

    states (R, H): hidden states of the patches before. prefixes: forced first ids of each row. uniforms (R, 16):
    one number in [0, 1) for each place. With close_lines a line end is followed by the end id at once, as in
    all training data.
    """
    made = np.full((decoder.rows, SIZE), PAD, dtype=np.int64)
    inputs = states
    writing = list(rows)
    for place in range(SIZE):
        probabilities = decoder.character(place, inputs).cpu().numpy()
        free = [row for row in writing if place >= len(prefixes[row])]
        if free:
            made[free, place] = pick(distribution(probabilities[free], sampling), uniforms[free, place])
        for row in writing:
            if place < len(prefixes[row]):
                made[row, place] = prefixes[row][place]
            elif close_lines and place and made[row, place - 1] == _NEWLINE:
                made[row, place] = EOS
        writing = [row for row in writing if made[row, place] != EOS]
        if not writing:
            break
        inputs = decoder.embed_ids(torch.from_numpy(made[:, place]))
    return made


def _tensor(context: Sequence[Patch]) -> Tensor:
    return torch.tensor([list(patch) for patch in context])

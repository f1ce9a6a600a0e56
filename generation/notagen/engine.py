"""Writes pieces bar by bar: the header and the line markers are forced, every note is sampled from the model.

A line that the guard refuses is rolled back and sampled again. The same model, brief, seed and settings give the
same piece, whatever is written beside it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generation.notagen import patches
from generation.notagen.characters import write_alone
from generation.notagen.decoding import Decoder
from generation.notagen.model import NotaGen
from generation.notagen.patches import SIZE, Patch
from generation.notagen.piece import LONGEST_LINE, Brief, Piece, Written, start_of
from generation.notagen.sampling import Sampling

ENGINE_VERSION = "2"
"""Raised with every change that makes the same seed give another piece."""

ROWS = 8
"""Pieces written side by side. In float32 the number changes no piece (generation.notagen.characters)."""


class Engine:
    """A model on a device, ready to write. Not to be used by two threads at once."""

    def __init__(self, model: NotaGen, device: torch.device | str = "cpu", *, rows: int = ROWS) -> None:
        self.model = model.to(device).eval()
        self.decoder = Decoder(self.model, rows)

    def write(
        self,
        brief: Brief,
        *,
        seeds: Iterable[int | None],
        sampling: Sampling,
        on_bar: Callable[[int, int], None] = lambda _index, _bars: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Written]:
        """One piece for each seed (0 to 2**32 - 1), in the order in which they are finished.

        A seed is drawn when there is room for its piece: None says that there is none now, and it is asked for again
        while other pieces are at work. on_bar hears the index of a piece and how many of its bars hold, 0 when it is
        begun. When should_stop says so, writing ends and the unfinished pieces are lost. Raises ValueError for a
        brief that cannot be written.
        """
        decoder = self.decoder
        drawn = iter(seeds)
        if len(brief.lines) == brief.bars:  # a theme that is cut, not gone on from
            nothing = torch.zeros(0)
            for index, given in enumerate(drawn):
                if given is None:
                    return
                yield Piece(index, given, brief, brief.guard(), 0, start=nothing, start_length=0).written()
            return
        opening = start_of(brief, decoder.config.patch_length)
        limit = min(LONGEST_LINE, decoder.config.patch_length - len(patches.encode_complete(brief.opening)) - 2)
        hidden = decoder.open(_tensor(opening))
        states = hidden.expand(decoder.rows, -1).clone()
        guard = brief.guard()
        begun = 0
        rows: dict[int, Piece] = {}
        while True:
            for row in sorted(set(range(decoder.rows)) - rows.keys()):
                seed = next(drawn, None)
                if seed is None:
                    break
                decoder.begin(row)
                states[row] = hidden
                start = states[row].clone()
                rows[row] = Piece(begun, seed, brief, guard, limit, start=start, start_length=len(opening))
                on_bar(begun, 0)
                begun += 1
            if not rows or should_stop():
                return
            made = self._patches(rows, states, sampling, should_stop)
            if should_stop():  # the patches may be broken off
                return
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

    def _patches(
        self, rows: dict[int, Piece], states: Tensor, sampling: Sampling, should_stop: Callable[[], bool]
    ) -> NDArray[np.int64]:
        """The next patch (R, 16) of every row in use."""
        prefixes = [rows[row].prefix if row in rows else () for row in range(self.decoder.rows)]
        uniforms = np.zeros((self.decoder.rows, SIZE))
        for row, piece in rows.items():
            # As in the reference, every place of a patch that is not forced takes one number, used or not.
            uniforms[row, len(prefixes[row]) :] = piece.random.random_sample(SIZE - len(prefixes[row]))
        return write_patches(
            self.decoder,
            states,
            sorted(rows),
            prefixes,
            uniforms,
            sampling,
            close_lines=True,
            should_stop=should_stop,
        )

    def _read(self, rows: dict[int, Piece], going: list[int], made: NDArray[np.int64], states: Tensor) -> None:
        """Take the patches of the rows that go on into their contexts and set their states."""
        decoder = self.decoder
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


def write_patches(
    decoder: Decoder,
    states: Tensor,
    rows: Sequence[int],
    prefixes: Sequence[Sequence[int]],
    uniforms: NDArray[np.float64],
    sampling: Sampling,
    *,
    close_lines: bool,
    should_stop: Callable[[], bool] = lambda: False,
) -> NDArray[np.int64]:
    """One patch (R, 16) for each of `rows`, zeros after its end id and in the other rows.

    states (R, H): hidden states of the patches before. prefixes: forced first ids of each row. uniforms (R, 16):
    one number in [0, 1) for each place. With close_lines a line end is followed by the end id at once, as in
    all training data. When should_stop says so, the patches are broken off and of no use.
    """
    made, doubts = decoder.characters.write(
        states, prefixes, uniforms, sampling, rows=rows, close_lines=close_lines, should_stop=should_stop
    )
    for row in doubts:
        if should_stop():
            break
        made[row] = write_alone(
            decoder.model, decoder.context(row), prefixes[row], uniforms[row], sampling, close_lines=close_lines
        )
    return made


def _tensor(context: Sequence[Patch]) -> Tensor:
    return torch.tensor([list(patch) for patch in context])

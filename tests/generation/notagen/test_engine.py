"""Writing with the small model of tests/golden: sixteen bars overrun its context twice."""

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch

from curator.notation.bars import unreduce
from curator.notation.validity import validity
from generation.notagen import piece
from generation.notagen.checkpoint import load_checkpoint
from generation.notagen.engine import Engine
from generation.notagen.guard import Guard
from generation.notagen.header import header, prompt_lines
from generation.notagen.patches import decode
from generation.notagen.piece import Brief, Written
from generation.notagen.sampling import Sampling

SMALL = Path(__file__).resolve().parents[2] / "golden" / "notagen" / "small" / "model.safetensors"
PROMPT = prompt_lines("Minimal", "Etude, Waltz", "Keyboard", "Peace")
BRIEF = Brief(prompt=PROMPT, metre="3/4", key="G", tempo=60, bars=16)
SAMPLING = Sampling(temperature=0.8)


@pytest.fixture(scope="module")
def writer() -> Engine:
    torch.set_num_threads(1)
    return Engine(load_checkpoint(SMALL).model)


@pytest.fixture(scope="module")
def ten(writer: Engine) -> dict[int, Written]:
    """Ten pieces, two more than are written side by side."""
    return {w.seed: w for w in writer.write(BRIEF, seeds=range(100, 110), sampling=SAMPLING)}


def without_time(written: Written) -> tuple[object, ...]:
    return (written.seed, written.raw, written.abc, written.ids_sha256, written.lines_tried, written.reason)


def test_every_piece_is_valid_as_long_as_asked_and_unlike_the_others(ten):
    assert sorted(ten) == list(range(100, 110))
    assert [w.index for _, w in sorted(ten.items())] == list(range(10))
    for written in ten.values():
        verdict = validity(written.abc)
        assert (verdict.reason, verdict.bars, written.bars, written.reason) == ("", 16, 16, "")
    assert len({w.abc for w in ten.values()}) == 10
    assert len({w.ids_sha256 for w in ten.values()}) == 10


def test_same_seed_gives_the_same_piece_in_any_batch(writer, ten):
    alone = list(writer.write(BRIEF, seeds=[109], sampling=SAMPLING))
    three = list(writer.write(BRIEF, seeds=[107, 109, 100], sampling=SAMPLING))
    for written in [*alone, *three]:
        assert without_time(written) == without_time(ten[written.seed])


@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_rows_changes_no_piece(writer, ten, rows):
    narrow = Engine(writer.model, rows=rows)
    for written in narrow.write(BRIEF, seeds=[101, 104, 105], sampling=SAMPLING):
        assert without_time(written) == without_time(ten[100 + [1, 4, 5][written.index]])


def test_the_engine_writes_header_and_markers_and_nothing_else(ten):
    opening = "".join(f"{line}\n" for line in PROMPT) + header(metre="3/4", key="G", tempo=60)
    for written in ten.values():
        forced = [written.raw[start:end] for start, end in written.forced]
        assert forced == [opening, *(f"[r:{i}/{15 - i}]" for i in range(16))]
        sampled = re.sub(r"\[r:\d+/\d+\]", "", written.raw.removeprefix(opening))
        assert written.abc == unreduce(header(metre="3/4", key="G", tempo=60) + sampled)


def test_lines_that_do_not_hold_are_rolled_back_and_counted(writer):
    hot = list(writer.write(BRIEF, seeds=range(8), sampling=Sampling(top_k=0, top_p=1, temperature=1.1)))
    assert sum(w.lines_rolled_back for w in hot) > 0
    for written in hot:
        assert written.lines_tried == written.lines_rolled_back + written.bars
        assert written.reason or validity(written.abc).valid


def test_a_line_that_never_holds_ends_its_piece_with_the_reason(writer):
    brief = Brief(prompt=PROMPT, metre="7/16", key="G", tempo=60, bars=4)
    (written,) = writer.write(brief, seeds=[1], sampling=SAMPLING)
    assert written.reason == "Bar 1 would not add up."
    assert (written.bars, written.abc) == (0, "")
    assert written.lines_tried == written.lines_rolled_back == piece.TRIES
    assert written.raw.startswith(brief.opening + "[r:0/3]")
    assert written.raw.endswith("|\n")


class Doubting:
    """The guard, refusing each line of the third bar until the second bar has been sampled anew."""

    def __init__(self) -> None:
        self.seconds: list[str] = []

    def refusal(self, line: str, *, last: bool, before: Sequence[str] = ()) -> str:
        if line.startswith("[r:1/"):
            self.seconds.append(line)
        stuck = line.startswith("[r:2/") and len(self.seconds) < 3
        return "add up" if stuck else Guard(Fraction(3, 4)).refusal(line, last=last, before=before)


def test_a_line_that_leads_nowhere_is_sampled_again_too(writer, monkeypatch):
    doubting = Doubting()
    monkeypatch.setattr(piece, "Guard", lambda **_rules: doubting)
    brief = Brief(prompt=PROMPT, metre="3/4", key="G", tempo=60, bars=4)
    (written,) = writer.write(brief, seeds=[1], sampling=SAMPLING)
    assert (written.bars, written.reason) == (4, "")
    assert len(doubting.seconds) >= 3
    assert doubting.seconds[-1] in written.raw
    assert written.lines_tried == written.lines_rolled_back + written.bars
    assert written.lines_rolled_back >= 2 * (piece.STEP_BACK + 1)
    assert validity(written.abc).valid


def test_progress_is_told_bar_by_bar_and_writing_can_be_stopped(writer):
    heard = []
    brief = Brief(prompt=PROMPT, metre="3/4", key="G", tempo=60, bars=4)
    list(writer.write(brief, seeds=[5, 6], sampling=SAMPLING, on_bar=lambda *bar: heard.append(bar)))
    assert sorted(heard) == [(index, bar) for index in (0, 1) for bar in (0, 1, 2, 3, 4)]
    heard.clear()
    stopped = writer.write(
        brief,
        seeds=[5, 6],
        sampling=SAMPLING,
        on_bar=lambda *bar: heard.append(bar),
        should_stop=lambda: len(heard) >= 4,
    )
    assert list(stopped) == []
    assert 4 <= len(heard) < 10


def test_a_seed_is_drawn_when_there_is_room_and_asked_for_again_while_others_are_at_work(writer):
    brief = Brief(prompt=PROMPT, metre="3/4", key="G", tempo=60, bars=2)
    drawn, finished = [], []

    def seeds():
        for seed in range(3):
            drawn.append(seed)
            yield seed
        while not finished:
            yield None
        for seed in range(3, 5):
            drawn.append(seed)
            yield seed
        while True:
            yield None

    for written in writer.write(brief, seeds=seeds(), sampling=SAMPLING):
        finished.append(written.index)
        assert len(drawn) == 3 or len(finished) > 1
    assert drawn == sorted(finished) == [0, 1, 2, 3, 4]
    assert list(writer.write(brief, seeds=iter([None, 1]), sampling=SAMPLING)) == []


def test_a_cancel_is_looked_for_before_every_character(writer, monkeypatch):
    """Between two looks lies at most one pass over the characters' layers, or one over the patches'."""
    work: list[str] = []

    def noted(owner: Any, name: str) -> None:
        inner = getattr(owner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            work.append(name)
            return inner(*arguments, **named)

        monkeypatch.setattr(owner, name, call)

    decoder = writer.decoder
    noted(decoder.characters, "_pass")
    noted(decoder, "advance")
    noted(decoder, "prefill")
    between: list[int] = []

    def look() -> bool:
        between.append(len(work))
        work.clear()
        return len(between) > 600

    assert list(writer.write(BRIEF, seeds=range(8), sampling=SAMPLING, should_stop=look)) == []
    assert max(between) <= 2
    assert sum(between[601:]) == len(work) == 0


def test_a_piece_of_forty_bars_slides_on_and_keeps_prompt_header_and_its_last_lines(writer, monkeypatch):
    """The context of the small model holds 72 patches: some ten lines."""
    contexts: list[list[tuple[int, ...]]] = []
    inner = writer.decoder.prefill

    def prefill(row: int, ids: torch.Tensor) -> torch.Tensor:
        contexts.append([tuple(patch) for patch in ids.tolist()])
        states: torch.Tensor = inner(row, ids)
        return states

    monkeypatch.setattr(writer.decoder, "prefill", prefill)
    brief = Brief(prompt=PROMPT, metre="3/4", key="G", tempo=60, bars=40)
    (written,) = writer.write(brief, seeds=[4], sampling=SAMPLING)
    assert (written.bars, written.reason, validity(written.abc).valid) == (40, "", True)
    slides = [decode(context[1:]) for context in contexts[1:]]  # the first one is the opening
    assert len(slides) >= 5
    for text, context in zip(slides, contexts[1:], strict=True):
        assert len(context) < writer.model.config.patch_length
        assert text.startswith(brief.opening + "[r:")
        lines = text.removeprefix(brief.opening).splitlines(keepends=True)
        numbers = [int(line.split("/")[0].removeprefix("[r:")) for line in lines]
        assert numbers == list(range(numbers[0], numbers[0] + len(lines)))
        # All lines but the one at work, which may be sampled again, stand in the piece as they are.
        assert "".join(lines[:-1]) in written.raw


@pytest.mark.parametrize(
    ("brief", "reason"),
    [
        (Brief(PROMPT, "3/4", "G", 60, 0), "at least one bar"),
        (Brief(PROMPT, "waltz", "G", 60, 8), "A metre is written like"),
        (Brief(PROMPT, "3/4", "H", 60, 8), "A key is written like"),
        (Brief(PROMPT, "3/4", "G", 0, 8), "A tempo of"),
        (Brief(prompt_lines("x" * 900), "3/4", "G", 60, 8), "leaves no room"),
    ],
)
def test_a_brief_that_cannot_be_written_is_refused(writer, brief, reason):
    with pytest.raises(ValueError, match=reason):
        list(writer.write(brief, seeds=[1], sampling=SAMPLING))

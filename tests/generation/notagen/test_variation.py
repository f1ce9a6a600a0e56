"""Going on from a theme and varying a piece, with the small model of tests/golden."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from curator.notation.abc import parse
from curator.notation.bars import unreduce
from curator.notation.validity import validity
from generation.etudes.composer import compose
from generation.etudes.stages import Stage, Texture
from generation.notagen import patches
from generation.notagen.checkpoint import load_checkpoint
from generation.notagen.constraints import Constraints
from generation.notagen.engine import Engine
from generation.notagen.header import prompt_lines
from generation.notagen.piece import LOWER, Brief, Written
from generation.notagen.sampling import Sampling
from generation.notagen.themes import read_theme

SMALL = Path(__file__).resolve().parents[2] / "golden" / "notagen" / "small" / "model.safetensors"
SAMPLING = Sampling(temperature=0.8)
ETUDE = compose(11, stage=Stage.PEACE, texture=Texture.WALTZ, metre="3/4", key="G", tempo=60, bars=12)
BRIEF = Brief(prompt_lines("Minimal", "Etude, Waltz", "Keyboard", "Peace"), "3/4", "G", 60, 6)


@pytest.fixture(scope="module")
def writer() -> Engine:
    torch.set_num_threads(1)
    return Engine(load_checkpoint(SMALL).model)


def write(writer: Engine, brief: Brief, *seeds: int) -> list[Written]:
    return sorted(writer.write(brief, seeds=seeds, sampling=SAMPLING), key=lambda written: written.index)


def sampled(written: Written) -> str:
    """The text without what was forced."""
    text, at = "", 0
    for start, end in written.forced:
        text, at = text + written.raw[at:start], end
    return text + written.raw[at:]


@pytest.mark.parametrize("bars", [2, 9])
def test_a_piece_goes_on_from_a_theme(writer, bars):
    """Nine bars of theme are more than the small model's context holds."""
    theme = read_theme(ETUDE.stored, bars=bars).lines
    brief = replace(BRIEF, theme=theme, bars=bars + 3)
    pieces = write(writer, brief, 1, 2)
    assert pieces[0].abc != pieces[1].abc
    for written in pieces:
        assert (written.reason, written.bars) == ("", bars + 3)
        assert written.lines_tried == written.lines_rolled_back + 3
        assert validity(written.abc).reason == ""
        assert parse(written.abc).bars[:bars] == parse(ETUDE.stored).bars[:bars]
        assert [written.raw[start:end] for start, end in written.forced] == [
            brief.opening,
            *brief.lines,
            *(f"[r:{bar}/{bars + 2 - bar}]" for bar in range(bars, bars + 3)),
        ]


def test_a_theme_of_all_bars_is_cut_and_nothing_is_written(writer):
    brief = replace(BRIEF, theme=read_theme(ETUDE.stored, bars=6).closed().lines)
    (written,) = write(writer, brief, 1)
    assert (written.bars, written.lines_tried, written.reason, sampled(written)) == (6, 0, "", "")
    assert written.abc.count("|]") == 2
    assert validity(written.abc).valid


@pytest.mark.parametrize("voice", [1, LOWER])
def test_a_variation_keeps_every_character_of_one_voice(writer, voice):
    kept = read_theme(ETUDE.stored, bars=6).kept(voice)
    pieces = write(writer, replace(BRIEF, kept=kept, kept_voice=voice), *range(6))
    assert len({written.abc for written in pieces}) == 6
    for written in pieces:
        assert (written.reason, written.bars) == ("", 6)
        score, before = parse(written.abc), parse(ETUDE.stored)
        for bar, old in zip(score.bars, before.bars, strict=False):
            assert [p.notes for p in bar.parts if p.voice == voice] == [p.notes for p in old.parts if p.voice == voice]
        assert score.bars != before.bars[:6]
        body = sampled(written)
        assert "[" + "V:" not in body
        assert not re.search(r"\[r:", body)
        rebuilt = unreduce(re.sub(r"^%[A-Z].*\n", "", written.raw, flags=re.MULTILINE))
        assert rebuilt == written.abc


def test_the_kept_voice_stands_in_patches_of_its_own():
    kept = ("c2 d2 e2 f/g/a/b/ c'2", "", "G6")
    upper = replace(BRIEF, kept=kept, kept_voice=1, bars=3)
    assert [patches.decode(part) for part in upper.given(0)] == ["[r:0/2][V:1]c2 d2 e2 f/g/a/b/ c'2|[V:2]", ""]
    assert [patches.decode(part) for part in upper.given(1)] == ["[r:1/1][V:2]", ""]
    assert [patches.decode(part) for part in upper.given(2)] == ["[r:2/0][V:1]G6|][V:2]", ""]
    assert upper.given(0)[0][:2] == patches.chunk("[r:0/2][V:1]c2 d2 e2 f/g/a/b/ c'2")[:2]
    lower = replace(BRIEF, kept=kept, kept_voice=LOWER, bars=4)
    assert [patches.decode(part) for part in lower.given(0)] == ["[r:0/3][V:1]", "|[V:2]c2 d2 e2 f/g/a/b/ c'2|\n"]
    assert [patches.decode(part) for part in lower.given(1)] == ["[r:1/2][V:1]", ""]
    assert [patches.decode(part) for part in lower.given(3)] == ["[r:3/0]", ""]


def test_constraints_are_kept_or_the_piece_fails_with_the_reason(writer):
    asked = replace(BRIEF, constraints=Constraints(highest=81, hands=True, density=6, tonic=True))
    for written in write(writer, asked, 1, 2, 3):
        assert written.reason == ""
        notes = [note for bar in parse(written.abc).bars for part in bar.parts for note in part.notes]
        assert max(note.pitch.midi for note in notes) <= 81
        last = parse(written.abc).bars[-1]
        assert min(note.pitch.midi for part in last.parts for note in part.notes) % 12 == 7
    (written,) = write(writer, replace(BRIEF, constraints=Constraints(lowest=70)), 1)
    assert written.reason == "Bar 1 would not stay in its register."


def test_a_theme_of_three_voices_brings_its_staves_along(writer):
    text = (
        ETUDE.stored.split("V:1")[0].replace("{ 1 | 2 }", "{ ( 1 2 ) | 3 }")
        + "V:1 treble\nV:2 treble\nV:3 bass\n"
        + "[V:1]d6|[V:2]B6|[V:3]G,,6|\n[V:1]e6|[V:2]z6|[V:3]C,6|\n"
    )
    theme = read_theme(text, bars=2)
    (written,) = write(writer, replace(BRIEF, theme=theme.lines, staves=theme.staves, bars=4), 1)
    assert (written.reason, written.bars) == ("", 4)
    assert parse(written.abc).header.staves == ((1, 2), (3,))
    notes = [[[part.notes for part in bar.parts] for bar in parse(abc).bars[:2]] for abc in (written.abc, text)]
    assert notes[0] == notes[1]

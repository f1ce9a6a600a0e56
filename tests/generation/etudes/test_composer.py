from fractions import Fraction
from itertools import product
from random import Random

import pytest

from curator.notation.abc import Note, Part, parse
from curator.notation.bars import unreduce
from curator.notation.convert import abc_to_musicxml, musicxml_to_abc
from curator.notation.validity import validity
from generation.etudes.composer import METRES, Etude, compose
from generation.etudes.form import plan
from generation.etudes.keys import key_of
from generation.etudes.stages import Stage, Texture

PIECES = [
    compose(number, stage=stage, texture=texture, metre=metre)
    for number, (stage, texture, metre) in enumerate(product(Stage, Texture, METRES))
]


def hands(etude: Etude) -> list[tuple[Part, Part]]:
    return [(bar.parts[0], bar.parts[1]) for bar in parse(etude.stored).bars]


def sounding_at_once(part: Part) -> list[list[Note]]:
    onsets = sorted({note.onset for note in part.notes})
    return [[note for note in part.notes if note.onset == onset] for onset in onsets]


def test_the_same_seed_gives_the_same_piece():
    assert compose(7) == compose(7)


def test_other_seeds_give_other_pieces():
    assert len({compose(seed).abc for seed in range(40)}) == 40


def test_every_stage_texture_and_metre_gives_a_valid_piece():
    verdicts = [validity(etude.stored) for etude in PIECES]
    assert [(v.valid, v.reason, v.irregular) for v in verdicts] == [(True, "", ())] * len(PIECES)


def test_the_stored_text_is_the_learned_text_without_its_reductions():
    etude = compose(3, bars=19)
    prompt = f"%Minimal\n%Etude, {etude.texture}\n%Keyboard\n%{etude.stage}\n"
    assert unreduce(etude.abc) == prompt + etude.stored


def test_the_learned_text_counts_its_lines():
    etude = compose(11, bars=16)
    lines = [line for line in etude.abc.splitlines() if line.startswith("[r:")]
    assert [line.split("]")[0] for line in lines] == [f"[r:{i}/{15 - i}" for i in range(16)]
    assert lines[-1].endswith("|]")


def test_what_is_asked_for_is_written():
    etude = compose(5, stage=Stage.PEACE, texture=Texture.WALTZ, metre="3/4", key="Db", tempo=51.5, bars=21)
    head = parse(etude.abc).header
    assert (head.metre_text, head.key, head.tempo, etude.bars) == ("3/4", "Db", Fraction("51.5"), 21)
    assert head.prompt == ("%Minimal", "%Etude, Waltz", "%Keyboard", "%Peace")


@pytest.mark.parametrize("bars", range(8, 49))
def test_every_length_is_met(bars: int):
    assert len(parse(compose(bars, bars=bars).stored).bars) == bars


def test_lengths_outside_the_plans_are_refused():
    with pytest.raises(ValueError, match="4 to 51 bars"):
        compose(1, bars=60)
    with pytest.raises(ValueError, match="written in"):
        compose(1, metre="5/4")


def test_hands_are_playable_and_never_cross():
    for etude in PIECES:
        for right, left in hands(etude):
            for part, span in ((right, 12), (left, 16)):
                for chord in sounding_at_once(part):
                    numbers = [note.pitch.midi for note in chord]
                    assert max(numbers) - min(numbers) <= span, etude.abc
            low = [note.pitch.midi for note in left.notes]
            high = [note.pitch.midi for note in right.notes]
            assert all(36 <= number <= 64 for number in low), etude.abc
            assert all(55 <= number <= 96 for number in high), etude.abc
            if low and high:
                assert max(low) < min(high), etude.abc


def test_every_piece_ends_on_its_tonic():
    for etude in PIECES:
        right, left = hands(etude)[-1]
        tonic = key_of(etude.key).tonic
        for part, pick in ((right, max), (left, min)):
            note = pick(part.notes, key=lambda note: note.pitch.midi)
            assert "CDEFGAB".index(note.pitch.step) == tonic, etude.abc
            assert note.length == sum((n.length for n in part.notes[:1]), start=0)


def test_both_staves_carry_a_dynamic_in_bar_one_and_change_together():
    for etude in PIECES:
        lines = [line for line in etude.stored.splitlines() if line.startswith("[V:1]")]
        marks = [[mark for mark in ("ppp", "pp", "p", "mp", "mf", "f", "ff") if f"!{mark}!" in line] for line in lines]
        assert marks[0], etude.abc
        for line, found in zip(lines, marks, strict=True):
            right, left = line.split("[V:2]")
            assert all(f"!{mark}!" in right and f"!{mark}!" in left for mark in found)
            assert line.count("!ped!") == line.count("!ped-up!")


@pytest.mark.parametrize("bars", range(4, 52))
def test_a_plan_has_the_bars_asked_for(bars: int):
    assert plan(bars, Random(bars)).bars == bars


@pytest.mark.parametrize("texture", [Texture.GNOSSIENNE, Texture.CHORALE, Texture.OSTINATO])
def test_the_reference_converters_give_the_same_text_back(texture: Texture):
    etude = compose(22, texture=texture, bars=10)
    there = abc_to_musicxml(etude.stored)
    assert there.warnings == ()
    assert musicxml_to_abc(there.text.encode()).text == etude.stored

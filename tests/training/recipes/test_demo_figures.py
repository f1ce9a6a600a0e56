from pathlib import Path

import torch

from generation.etudes.composer import METRES, compose
from generation.notagen.checkpoint import load_checkpoint
from generation.notagen.sampling import Sampling
from training.recipes.demo_figures import KEYS, LENGTHS, Copies, briefs, degrees_of, measure
from training.recipes.variety import bars_of

SMALL = Path(__file__).resolve().parents[2] / "golden" / "notagen" / "small" / "model.safetensors"


def test_the_longest_copied_run_is_counted_within_one_piece():
    copies = Copies(iter([["a", "b", "c", "d"], ["c", "d", "e", "b"], ["b", "b", "b"]]))
    assert copies.longest(["x", "b", "c", "d", "x"]) == 3
    assert copies.longest(["b", "c", "d", "e"]) == 3
    assert copies.longest(["b", "b", "b", "b"]) == 3
    assert copies.longest(["d", "c", "b", "a"]) == 1
    assert copies.longest(["x", "y"]) == 0


def test_a_training_piece_is_found_to_be_a_copy_whole_and_transposed():
    etude = compose(3, metre="3/4", key="C", bars=12)
    moved = compose(3, metre="3/4", key="D", bars=12)
    copies = Copies(iter([bars_of(etude.abc)]))
    assert copies.longest(bars_of(etude.abc)) == 12
    assert Copies(iter([degrees_of(etude.abc)])).longest(degrees_of(moved.abc)) > copies.longest(bars_of(moved.abc))


def test_bars_are_compared_without_marker_and_final_barline():
    text = "%x\nK:Amin\n[r:0/1][V:1]A^G,2|[V:2]!f!c'z|\n[r:1/0][V:1]a|]\n"
    assert bars_of(text) == ["[V:1]A^G,2|[V:2]!f!c'z|", "[V:1]a|"]
    assert degrees_of(text) == ["[V:1]<7>#<-1>2|[V:2]!f!<16>z|", "[V:1]<14>|"]


def test_the_briefs_cover_four_metres_keys_and_lengths():
    made = briefs()
    assert {(brief.metre, brief.bars) for brief in made} == {(m, n) for m in METRES for n in LENGTHS}
    for metre in METRES:
        assert {brief.key for brief in made if brief.metre == metre} == set(KEYS)


def test_measuring_tells_what_the_engine_did(monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setattr("training.recipes.demo_figures.LENGTHS", (3,))
    monkeypatch.setattr("training.recipes.demo_figures.METRES", ("3/4",))
    found = measure(load_checkpoint(SMALL).model, Sampling(temperature=0.8), pieces=4, each=2)
    assert (found.count, found.valid, found.long, len(found.copied)) == (2, 2, 2, 2)
    assert 1 <= found.tries < 3
    assert 0 < found.distinct <= 1

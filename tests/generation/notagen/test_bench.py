import json

import numpy as np
import pytest
import torch

from generation.notagen import bench
from generation.notagen.bench import Floor, floor
from generation.notagen.checkpoint import load_checkpoint
from generation.notagen.config import ModelConfig
from generation.notagen.model import NotaGen
from generation.notagen.sampling import Sampling
from tests.generation.notagen.test_decoding import GOLDEN, PROMPT, first_ended, write

TINY = ModelConfig(hidden=64, patch_layers=1, char_layers=1, patch_length=64)


def test_the_floor_counts_weights_once_a_pass_and_the_cache_once_a_row():
    block, head = 12 * 64 * 64, 128 * 64
    weights = block + 16 * (block + head)
    kept = 2 * 64 * (10 + 16 * 16 / 2)
    assert floor(TINY, patches=10, rows=1, characters=16, width=4) == Floor(
        bytes=int(4 * (weights + kept)), flops=int(2 * (weights + kept))
    )
    assert floor(TINY, patches=10, rows=8, characters=16, width=2) == Floor(
        bytes=int(2 * (weights + 8 * kept)), flops=int(16 * (weights + kept))
    )
    assert Floor(bytes=30, flops=1).seconds(10) == 3


def test_one_line_of_json_compares_all_ways_of_one_run(capsys):
    small = ["--hidden=64", "--patch-layers=1", "--char-layers=1", "--patches=8", "--repeats=2", "--side=64", "--json"]
    assert bench.main(small) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["seconds_per_patch"].keys() == {"one", "one_sixteen", "side_by_side", "reference"}
    assert found["times_faster"].keys() == {"one", "one_sixteen", "side_by_side"}
    assert all(seconds > 0 for seconds in found["seconds_per_patch"].values())
    assert (found["repeats"], found["rows"], found["dtype"]) == (2, 8, "float32")
    assert bench.main([*small[:-1], "--dtype=bfloat16", "--no-reference"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "dtype: bfloat16" in lines
    assert "times_faster: {}" in lines


def test_a_measured_patch_has_all_sixteen_characters():
    model = bench._endless(NotaGen(TINY).eval())
    measured = bench.Bench(model, patches=8, rows=2)
    for _ in range(20):
        measured.patch([0, 1])
        made = measured.decoder.cache.ids[:2, 8]
        assert (made != 0).all()
        assert (made != 2).all()
        assert measured.decoder.cache.lengths[:2] == [8, 8]
    measured.patch([1], 12)
    assert (measured.decoder.cache.ids[1, 8] != 0).tolist() == [True] * 12 + [False] * 4


@pytest.mark.parametrize("sampling", [Sampling(), Sampling(top_k=0, top_p=1, temperature=1)], ids=str)
def test_the_reference_measured_against_writes_what_the_engine_writes(sampling):
    """Built on transformers, it is a second witness for the model, the sampling and the cache."""
    from tests.bench.reference import Reference  # transformers takes a second to import

    model = load_checkpoint(GOLDEN / "tiny_checkpoint.pth").model
    reference = Reference(model)
    context, random = PROMPT, np.random.RandomState(11)
    for _ in range(12):
        patch = first_ended(reference.patch_of(context, random, sampling))
        context = torch.cat((context, torch.tensor([patch])))
    assert write(model, 12, sampling, seed=11) == context[len(PROMPT) :].tolist()

from pathlib import Path

import pytest
import torch

from generation.notagen.checkpoint import load_checkpoint
from generation.notagen.config import ModelConfig
from generation.notagen.decoding import Decoder
from generation.notagen.free import write_freely
from generation.notagen.model import NotaGen
from generation.notagen.sampling import Sampling

SMALL = Path(__file__).resolve().parents[2] / "golden" / "notagen" / "small" / "model.safetensors"
OPENINGS = ["%Minimal\n%Etude, Waltz\n%Keyboard\n%Peace\n", "%Minimal\n%Etude, Pulse\n%Keyboard\n%Chosen\n"]
SAMPLING = Sampling(top_k=0, top_p=0.95, temperature=0.8)


@pytest.fixture(scope="module")
def model() -> NotaGen:
    torch.set_num_threads(1)
    return load_checkpoint(SMALL).model


def written(model: NotaGen, rows: int, seeds: list[int], **more) -> dict[int, tuple[str, bool]]:
    found = write_freely(
        Decoder(model, rows), [OPENINGS[seed % 2] for seed in seeds], seeds=seeds, sampling=SAMPLING, **more
    )
    return {one.seed: (one.text, one.ended) for one in found}


def test_a_text_depends_on_its_seed_and_not_on_those_beside_it(model):
    alone = {**written(model, 1, [3], most=60), **written(model, 1, [4], most=60)}
    assert written(model, 2, [4, 3, 7], most=60) == alone | written(model, 3, [7], most=60)
    assert alone[3][0].startswith(OPENINGS[1])
    assert alone[4][0].startswith(OPENINGS[0])
    assert "\n[r:" in alone[3][0]
    assert alone[3] != alone[4]


def test_what_runs_into_the_end_of_its_context_loses_its_broken_line():
    torch.manual_seed(1)
    mute = NotaGen(ModelConfig(hidden=64, patch_layers=1, char_layers=1, patch_length=40)).eval()
    for text, ended in written(mute, 2, [0, 1, 2]).values():
        assert not ended
        assert text.endswith("\n")


def test_writing_ends_when_it_should(model):
    asked = iter([False] * 5)
    assert written(model, 2, [1, 2], should_stop=lambda: next(asked, True)) == {}

"""Cached decoding gives the reference's numbers, and a row does not feel its neighbours."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from generation.notagen import engine, sampling
from generation.notagen.characters import FREE, write_alone
from generation.notagen.checkpoint import load_checkpoint
from generation.notagen.decoding import Decoder
from generation.notagen.engine import write_patches
from generation.notagen.graphs import Graphs
from generation.notagen.model import NotaGen
from generation.notagen.patches import decode
from generation.notagen.sampling import DOUBT, Sampling, distribution
from tests.generation.notagen.uncached import write_patch

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "notagen" / "model"
EXPECTED = json.loads((GOLDEN / "golden.json").read_text())
PROMPT = torch.tensor(EXPECTED["prompt_ids"])


@pytest.fixture(scope="module")
def model() -> NotaGen:
    torch.set_num_threads(1)
    return load_checkpoint(GOLDEN / "tiny_checkpoint.pth").model


def first_ended(patch: list[int]) -> list[int]:
    """The ids up to the first end id, zeros behind it."""
    end = patch.index(2) + 1 if 2 in patch else 16
    return patch[:end] + [0] * (16 - end)


def write(model: NotaGen, count: int, sampling: Sampling, seed: int) -> list[list[int]]:
    decoder = Decoder(model, rows=3)
    state = decoder.open(PROMPT)
    decoder.begin(1)
    states = torch.randn(3, model.config.hidden).to(state.dtype)
    states[1] = state
    random = np.random.RandomState(seed)
    written = []
    for _ in range(count):
        uniforms = np.zeros((3, 16))
        uniforms[1] = random.random_sample(16)
        made = write_patches(decoder, states, [1], [(), (), ()], uniforms, sampling, close_lines=False)
        written.append(made[1].tolist())
        states = decoder.advance(torch.from_numpy(made), [1]).clone()
    return written


def test_prompt_state_and_first_probabilities_equal_the_reference(model):
    decoder = Decoder(model, rows=2)
    state = decoder.open(PROMPT)
    assert state.numpy() == pytest.approx(np.array(EXPECTED["prompt_last_hidden"]), abs=1e-5)
    inputs = state.repeat(2, 1)
    assert decoder.characters.probabilities(0, inputs)[0].numpy() == pytest.approx(
        np.array(EXPECTED["probs_first_char"]), abs=1e-6
    )
    for place, code in enumerate(b"[r:0/"):
        inputs = decoder.characters.embed(torch.tensor([code, code]))
        after = decoder.characters.probabilities(place + 1, inputs)
    assert after[1].numpy() == pytest.approx(np.array(EXPECTED["probs_after_[r:0/"]), abs=1e-6)


def test_greedy_patches_equal_the_reference(model):
    written = write(model, 24, Sampling(top_k=1, top_p=1, temperature=1), seed=0)
    assert written == EXPECTED["greedy_24_after_eos_zeroing"]
    assert decode(written) == EXPECTED["greedy_text"]


@torch.inference_mode()
def literal_patches(model: NotaGen, count: int, seed: int) -> list[list[int]]:
    """Patches as the reference's loop writes them: sixteen draws of numpy's global generator, zeros afterwards."""
    np.random.seed(seed)
    context = PROMPT.tolist()
    for _ in range(count):
        hidden = model.hidden(torch.tensor([context]))[:, -1]
        made: list[int] = []
        while len(made) < 16:
            logits = model.char_level_decoder(hidden, torch.tensor([[*made, 0]]))[0, -1]
            p = distribution(logits.softmax(dim=-1).numpy()[None], Sampling())[0]
            made.append(int(np.random.choice(128, p=p)))
        context.append(first_ended(made))
    return context[len(PROMPT) :]


def test_seeded_patches_equal_the_loop_of_the_reference(model):
    assert write(model, 16, Sampling(), seed=7) == literal_patches(model, 16, seed=7)


def test_cached_and_plain_decoding_write_the_same(model):
    context = [tuple(patch) for patch in EXPECTED["prompt_ids"]]
    random = np.random.RandomState(3)
    for _ in range(12):
        context.append(write_patch(model, context, random, Sampling()))
    assert [list(patch) for patch in context[len(PROMPT) :]] == write(model, 12, Sampling(), seed=3)


def test_steps_equal_one_pass_and_a_rolled_back_row_forgets(model):
    ids = torch.tensor(EXPECTED["train_ids"])
    with torch.inference_mode():
        whole = model.hidden(ids[None])[0]
    decoder = Decoder(model, rows=2)
    decoder.prefill(0, ids[:10])
    other = ids.flip(0)
    for place in range(10, 14):
        decoder.advance(torch.stack([other[place], other[place]]), [0])
    decoder.cache.lengths[0] = 10
    for place in range(10, len(ids)):
        state = decoder.advance(torch.stack([ids[place], other[place]]), [0])[0]
        assert state.numpy() == pytest.approx(whole[place].numpy(), abs=1e-4)


@torch.inference_mode()
def test_a_row_computed_alone_or_in_company_differs_by_far_less_than_what_counts_as_doubt(model):
    ids = torch.tensor(EXPECTED["train_ids"])

    def numbers(rows: list[int]) -> list[torch.Tensor]:
        decoder = Decoder(model, rows=8)
        for row in rows:
            decoder.prefill(row, ids[:12] if row == 3 else ids[: 5 + row].flip(0))
        inputs = decoder.prefill(3, ids[:12])[-1].expand(8, -1)
        found = []
        for patch in ids[12:16]:
            for place in range(16):
                found.append(decoder.characters.probabilities(place, inputs)[3])
                inputs = decoder.characters.embed(patch[place].expand(8))
            inputs = decoder.advance(patch.expand(8, 16), rows)[3].expand(8, -1)
            found.append(inputs[0])
        return found

    alone, crowded = numbers([3]), numbers(list(range(8)))
    assert max((a - b).abs().max().item() for a, b in zip(alone, crowded, strict=True)) < DOUBT / 3


@pytest.mark.parametrize("rows", [1, 3, 8])
def test_a_draw_in_doubt_is_settled_by_reading_the_whole_context(model, monkeypatch, rows):
    monkeypatch.setattr(sampling, "DOUBT", 2.0)  # every draw is now in doubt
    asked = []

    def counted(*arguments: Any, **named: Any) -> NDArray[np.int64]:
        asked.append(arguments[1])
        return write_alone(*arguments, **named)

    monkeypatch.setattr(engine, "write_alone", counted)
    decoder = Decoder(model, rows=rows)
    states = decoder.open(PROMPT).expand(rows, -1).clone()
    for row in range(rows):
        decoder.begin(row)
    uniforms = np.random.RandomState(5).random_sample((rows, 16))
    prefixes = [tuple(b"[r:0/7]")[:row] for row in range(rows)]
    made = write_patches(decoder, states, list(range(rows)), prefixes, uniforms, Sampling(), close_lines=True)
    assert [context.tolist() for context in asked] == [PROMPT.tolist()] * rows
    monkeypatch.undo()
    plain = [
        write_alone(model, PROMPT, prefix, numbers, Sampling(), close_lines=True)
        for prefix, numbers in zip(prefixes, uniforms, strict=True)
    ]
    assert (made == np.stack(plain)).all()


@pytest.mark.parametrize("close_lines", [False, True])
def test_the_run_that_a_gpu_records_writes_the_same_patches(model, close_lines):
    """The whole patch without a look at the host, and the masked step of the patch level, on the CPU."""
    decoder, recorded = Decoder(model, rows=3), Decoder(model, rows=3)
    states = decoder.open(PROMPT).expand(3, -1).clone()
    recorded.open(PROMPT)
    for row in range(3):
        decoder.begin(row)
        recorded.begin(row)
    others = states.clone()
    random = np.random.RandomState(2)
    prefixes = [(), tuple(b"[r:0/9]"), tuple(b"c\n")]
    forced = torch.full((3, 16), FREE)
    for row, prefix in enumerate(prefixes):
        forced[row, : len(prefix)] = torch.tensor(prefix)
    ways = Sampling(), Sampling(top_k=0, top_p=0.95, temperature=0.8), Sampling(top_k=5, top_p=1, temperature=1)
    for settings in ways * 3:
        uniforms = random.random_sample((3, 16))
        made = write_patches(decoder, states, [0, 1, 2], prefixes, uniforms, settings, close_lines=close_lines)
        found = recorded.characters.unrolled(
            others, forced, torch.from_numpy(uniforms), settings, close_lines=close_lines
        )
        assert found[:, :16].tolist() == made.tolist()
        states = decoder.advance(torch.from_numpy(made), [0, 1, 2]).clone()
        places = torch.tensor(recorded.cache.lengths[:3])
        others = recorded.step_masked(torch.from_numpy(made), places, reach=64)
        recorded.cache.lengths[:3] = [n + 1 for n in recorded.cache.lengths[:3]]
        assert others.numpy() == pytest.approx(states.numpy(), abs=1e-5)


def test_a_graph_is_recorded_on_a_gpu_only():
    def double(x: torch.Tensor) -> torch.Tensor:
        return 2 * x

    assert Graphs(torch.device("cpu")).record("double", double) is double


def test_half_precision_writes_too(model):
    half = NotaGen(model.config)
    half.load_state_dict(model.state_dict())
    half = half.to(torch.bfloat16).eval()
    made = write(half, 3, Sampling(), seed=1)
    assert [len(patch) for patch in made] == [16, 16, 16]
    assert all(0 <= code < 128 for patch in made for code in patch)


def test_a_full_context_is_refused(model):
    decoder = Decoder(model, rows=1)
    decoder.prefill(0, torch.full((64, 16), 65))
    with pytest.raises(ValueError, match="full"):
        decoder.advance(torch.full((1, 16), 65), [0])
    with pytest.raises(ValueError, match="1 to 64 patches"):
        decoder.prefill(0, torch.full((65, 16), 65))

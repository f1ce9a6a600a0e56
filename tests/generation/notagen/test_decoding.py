"""Cached decoding gives the reference's numbers, and a row does not feel its neighbours."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from generation.notagen.checkpoint import load_checkpoint
from generation.notagen.decoding import Decoder
from generation.notagen.engine import write_patches
from generation.notagen.model import NotaGen
from generation.notagen.patches import decode
from generation.notagen.sampling import Sampling, distribution
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
    states = torch.randn(3, model.config.hidden)
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
    assert decoder.character(0, inputs)[0].numpy() == pytest.approx(np.array(EXPECTED["probs_first_char"]), abs=1e-6)
    for place, code in enumerate(b"[r:0/"):
        inputs = decoder.embed_ids(torch.tensor([code, code]))
        after = decoder.character(place + 1, inputs)
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


@pytest.mark.parametrize("slot", [0, 3, 7])
def test_a_row_is_bit_for_bit_the_same_in_any_company(model, slot):
    ids = torch.tensor(EXPECTED["train_ids"])

    def states(slot: int, company: int) -> list[torch.Tensor]:
        decoder = Decoder(model, rows=8)
        neighbours = [row for row in range(8) if row != slot][:company]
        for row in neighbours:
            decoder.prefill(row, ids[: 5 + row].flip(0))
        inputs = torch.randn(8, model.config.hidden)
        inputs[slot] = decoder.prefill(slot, ids[:12])[-1]
        found = []
        for patch in ids[12:16]:
            for place in range(16):
                found.append(decoder.character(place, inputs)[slot].clone())
                codes = torch.randint(32, 127, (8,))
                codes[slot] = patch[place]
                inputs = decoder.embed_ids(codes)
            everyone = torch.randint(32, 127, (8, 16))
            everyone[slot] = patch
            inputs = decoder.advance(everyone, [slot, *neighbours]).clone()
            found.append(inputs[slot].clone())
        return found

    alone, crowded = states(0, 0), states(slot, 7)
    assert all(torch.equal(a, b) for a, b in zip(alone, crowded, strict=True))


def test_a_full_context_is_refused(model):
    decoder = Decoder(model, rows=1)
    decoder.prefill(0, torch.full((64, 16), 65))
    with pytest.raises(ValueError, match="full"):
        decoder.advance(torch.full((1, 16), 65), [0])
    with pytest.raises(ValueError, match="1 to 64 patches"):
        decoder.prefill(0, torch.full((65, 16), 65))

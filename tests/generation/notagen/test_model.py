"""Parity with the reference implementation on the tiny golden checkpoint."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from generation.notagen.checkpoint import Checkpoint, load_checkpoint
from generation.notagen.config import ModelConfig
from generation.notagen.model import NotaGen

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "notagen" / "model"
EXPECTED = json.loads((GOLDEN / "golden.json").read_text())


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    torch.set_num_threads(1)
    return load_checkpoint(GOLDEN / "tiny_checkpoint.pth")


def batch(*pieces: list[list[int]]) -> torch.Tensor:
    longest = max(len(piece) for piece in pieces)
    return torch.tensor([piece + [[0] * 16] * (longest - len(piece)) for piece in pieces])


ONE, OTHER = EXPECTED["train_ids"], EXPECTED["train_ids_b"]
COUNTS = EXPECTED["scored_tokens_single"], EXPECTED["scored_tokens_b"]
# The loss of a padded batch is the mean over all its scored ids.
BOTH = (COUNTS[0] * EXPECTED["loss_single"] + COUNTS[1] * EXPECTED["loss_b_alone"]) / sum(COUNTS)


def test_state_dict_has_the_keys_and_shapes_of_the_reference(checkpoint):
    shapes = {name: list(tensor.shape) for name, tensor in checkpoint.model.state_dict().items()}
    assert shapes == json.loads((GOLDEN / "state_dict_keys.json").read_text())


def test_config_counts_the_parameters_of_the_model_and_of_the_published_ones(checkpoint):
    assert checkpoint.config.parameters == EXPECTED["config"]["params"]
    assert sum(p.numel() for p in checkpoint.model.parameters()) == EXPECTED["config"]["params"]
    large = ModelConfig(hidden=1280, patch_layers=20, char_layers=6)
    small = ModelConfig(hidden=768, patch_layers=12, char_layers=3, patch_length=2048)
    assert (large.parameters, small.parameters) == (515_738_880, 109_579_776)


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [((ONE,), EXPECTED["loss_single"]), ((OTHER,), EXPECTED["loss_b_alone"]), ((ONE, OTHER), BOTH)],
)
def test_loss_equals_the_reference(checkpoint, pieces, expected):
    with torch.no_grad():
        loss = checkpoint.model(batch(*pieces)).item()
    assert loss == pytest.approx(expected, rel=1e-5)


def test_hidden_states_and_logits_equal_the_reference(checkpoint):
    model = checkpoint.model
    ids = batch(ONE)
    with torch.no_grad():
        hidden = model.hidden(ids)
        logits = model.char_level_decoder(hidden[0, :-1], ids[0, 1:])
    last = np.array(EXPECTED["patch_hidden_last3_first8dims"])
    assert hidden[0, -3:, :8].numpy() == pytest.approx(last, abs=1e-5)
    assert hidden.abs().sum().item() == pytest.approx(EXPECTED["patch_hidden_sum_abs"], rel=1e-5)
    assert logits[0, 0].numpy() == pytest.approx(np.array(EXPECTED["logits_row0_col0"]), abs=1e-5)
    assert logits[5, 3].numpy() == pytest.approx(np.array(EXPECTED["logits_row5_col3"]), abs=1e-5)


def test_token_log_probs_sum_to_the_loss_and_are_zero_where_nothing_is_scored(checkpoint):
    ids = batch(ONE, OTHER)
    with torch.no_grad():
        logps = checkpoint.model.token_log_probs(ids)
    scored = ids[:, 1:] != 0
    assert scored.sum(dim=(1, 2)).tolist() == list(COUNTS)
    assert not logps[~scored].any()
    assert -logps.sum().item() / scored.sum().item() == pytest.approx(BOTH, rel=1e-5)


def test_gradients_equal_the_reference(checkpoint):
    model = NotaGen(checkpoint.config)
    model.load_state_dict(checkpoint.model.state_dict())
    model(batch(ONE)).backward()
    norms = {name: p.grad.norm().item() for name, p in model.named_parameters() if p.grad is not None}
    without = [name for name, p in model.named_parameters() if p.grad is None]
    assert without == EXPECTED["params_without_grad"]
    assert {k: v for k, v in norms.items() if k in EXPECTED["grad_norms"]} == pytest.approx(
        EXPECTED["grad_norms"], rel=1e-4
    )


def test_four_training_steps_equal_the_reference(checkpoint):
    model = NotaGen(checkpoint.config)
    model.load_state_dict(checkpoint.model.state_dict())
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    losses = []
    for _ in range(4):
        loss = model(batch(ONE))
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses == pytest.approx(EXPECTED["adamw_lr1e-3_dropout_off_losses_4steps"], rel=1e-4)


def test_dropout_acts_in_train_mode_only():
    torch.manual_seed(0)
    model = NotaGen(ModelConfig(hidden=64, patch_layers=1, char_layers=1, patch_length=64), dropout=0.5)
    ids = batch(ONE)
    with torch.no_grad():
        assert model(ids).item() != model(ids).item()
        model.eval()
        assert model(ids).item() == model(ids).item()


def test_log_probs_of_both_pieces_of_the_preference_golden_equal_the_reference(checkpoint):
    """Policy and reference: the recipe of the golden moves every weight by 0.003 cos(0.37 k) in float64."""
    golden = json.loads((GOLDEN / "dpo.json").read_text())
    policy = NotaGen(checkpoint.config).eval()
    policy.load_state_dict(checkpoint.model.state_dict())
    with torch.no_grad():
        for weight in policy.parameters():
            k = torch.arange(weight.numel(), dtype=torch.float64).view_as(weight)
            weight.copy_(weight.double() + 0.003 * torch.cos(0.37 * k))
        found = {
            f"{name}_{piece}_logp": model.token_log_probs(batch(golden[f"{piece}_ids"])).sum().item()
            for name, model in (("policy", policy), ("ref", checkpoint.model))
            for piece in ("chosen", "rejected")
        }
    assert found == pytest.approx({name: golden[name] for name in found}, rel=1e-5)

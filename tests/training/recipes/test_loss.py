import json
from pathlib import Path

import pytest
import torch

from generation.notagen.checkpoint import load_checkpoint
from generation.notagen.model import NotaGen
from training.recipes.loss import LogProbs, preference_loss
from training.recipes.scoring import piece_log_probs, stack

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "notagen" / "model"
DPO = json.loads((GOLDEN / "dpo.json").read_text())


def some(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


POLICY = LogProbs(some(DPO["policy_chosen_logp"]), some(DPO["policy_rejected_logp"]))
REFERENCE = LogProbs(some(DPO["ref_chosen_logp"]), some(DPO["ref_rejected_logp"]))


def test_loss_equals_the_reference():
    found = preference_loss(POLICY, REFERENCE, beta=DPO["beta"], penalty=DPO["lambda_"])
    assert found.loss.item() == pytest.approx(DPO["loss"], rel=1e-6)
    assert found.margin.item() == pytest.approx(DPO["logits"], rel=1e-6)
    assert found.penalty.item() == pytest.approx(DPO["penalty"], rel=1e-6)


def test_log_probs_loss_and_gradient_of_the_model_equal_the_reference():
    parent = load_checkpoint(GOLDEN / "tiny_checkpoint.pth").model
    policy = NotaGen(parent.config).eval()
    policy.load_state_dict(parent.state_dict())
    with torch.no_grad():
        for weight in policy.parameters():
            k = torch.arange(weight.numel(), dtype=torch.float64).view_as(weight)
            weight.copy_(weight.double() + 0.003 * torch.cos(0.37 * k))
    ids = stack([torch.tensor(DPO["chosen_ids"]), torch.tensor(DPO["rejected_ids"])])
    scored = ids != 0
    scored[:, 0] = False
    with torch.no_grad():
        reference = piece_log_probs(parent, ids, scored)
    found = piece_log_probs(policy, ids, scored)
    wanted = [DPO[f"policy_{piece}_logp"] for piece in ("chosen", "rejected")]
    assert found.tolist() == pytest.approx(wanted, rel=1e-5)
    assert reference.tolist() == pytest.approx([DPO["ref_chosen_logp"], DPO["ref_rejected_logp"]], rel=1e-5)
    loss = preference_loss(
        LogProbs(found[:1], found[1:]), LogProbs(reference[:1], reference[1:]), beta=0.1, penalty=10.0
    ).loss.sum()
    loss.backward()
    assert loss.item() == pytest.approx(DPO["loss"], rel=1e-4)
    norm = torch.linalg.vector_norm(torch.stack([p.grad.norm() for p in policy.parameters() if p.grad is not None]))
    assert norm.item() == pytest.approx(DPO["grad_norm_total"], rel=1e-4)


def test_a_model_that_is_its_own_reference_feels_no_penalty():
    """A clamp would have gradient 1 at zero, where every run starts."""
    gradients = []
    for penalty in (0.0, 10.0):
        policy = LogProbs(some(-300.0).requires_grad_(), some(-250.0).requires_grad_())
        reference = LogProbs(some(-300.0), some(-250.0))
        preference_loss(policy, reference, beta=0.1, penalty=penalty).loss.sum().backward()
        gradients.append((policy.chosen.grad.item(), policy.rejected.grad.item()))
    assert gradients[0] == gradients[1] == (-0.05, 0.05)


def test_the_penalty_pulls_a_fallen_chosen_piece_up_again():
    policy = LogProbs(some(-301.0).requires_grad_(), some(-260.0).requires_grad_())
    preference_loss(policy, LogProbs(some(-300.0), some(-250.0)), beta=0.1, penalty=5.0).loss.sum().backward()
    assert policy.chosen.grad.item() == pytest.approx(6 * -policy.rejected.grad.item())


def test_the_anchor_pulls_the_chosen_piece_alone():
    policy = LogProbs(some(-300.0).requires_grad_(), some(-250.0).requires_grad_())
    preference_loss(
        policy, LogProbs(some(-300.0), some(-250.0)), beta=0.1, penalty=5.0, anchor=0.3
    ).loss.sum().backward()
    assert (policy.chosen.grad.item(), policy.rejected.grad.item()) == pytest.approx((-0.05 - 0.03, 0.05))


def test_exchanging_the_pieces_and_the_probability_changes_nothing():
    p = some(0.8)
    sides = LogProbs(*reversed(POLICY)), LogProbs(*reversed(REFERENCE))
    other = preference_loss(*sides, beta=0.1, penalty=3.0, anchor=0.2, p=1 - p)
    assert torch.equal(preference_loss(POLICY, REFERENCE, beta=0.1, penalty=3.0, anchor=0.2, p=p).loss, other.loss)


def test_a_sure_label_is_no_soft_label():
    hard = preference_loss(POLICY, REFERENCE, beta=0.1, penalty=3.0)
    soft = preference_loss(POLICY, REFERENCE, beta=0.1, penalty=3.0, p=some(1.0))
    assert torch.equal(hard.loss, soft.loss)


def test_a_tie_pulls_a_widened_margin_together():
    policy = LogProbs(some(-290.0).requires_grad_(), some(-260.0).requires_grad_())
    reference = LogProbs(some(-300.0), some(-250.0))
    preference_loss(policy, reference, beta=0.1, penalty=0.0, p=some(0.5)).loss.sum().backward()
    assert policy.chosen.grad.item() > 0 > policy.rejected.grad.item()


def test_means_a_character_weigh_long_and_short_pieces_alike():
    lengths = LogProbs(some(100.0), some(400.0))
    policy, reference = LogProbs(some(-90.0), some(-440.0)), LogProbs(some(-100.0), some(-400.0))
    found = preference_loss(policy, reference, beta=10.0, penalty=1.0, lengths=lengths)
    assert found.margin.item() == pytest.approx(0.2)
    assert found.loss.item() == pytest.approx(torch.nn.functional.softplus(some(-2.0)).item())

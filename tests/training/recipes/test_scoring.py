import pytest
import torch

from generation.etudes.composer import compose
from generation.notagen.config import ModelConfig
from generation.notagen.model import NotaGen
from generation.notagen.patches import encode_complete
from training.recipes.scoring import in_batches, piece_log_probs, stack


@pytest.fixture(scope="module")
def model() -> NotaGen:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return NotaGen(ModelConfig(hidden=64, patch_layers=1, char_layers=1, patch_length=256)).eval()


def two() -> torch.Tensor:
    return stack([torch.tensor([list(patch) for patch in encode_complete(compose(seed).abc)]) for seed in (1, 2)])


def test_only_scored_ids_count(model):
    ids = two()
    scored = (ids != 0) & (torch.rand(ids.shape, generator=torch.Generator().manual_seed(1)) < 0.6)
    scored[:, 0] = False
    scored[:, 3:9] = False
    with torch.no_grad():
        wanted = (model.token_log_probs(ids) * scored[:, 1:]).sum(dim=(1, 2))
        found = piece_log_probs(model, ids, scored)
    assert found.tolist() == pytest.approx(wanted.tolist(), rel=1e-5)


def test_a_piece_has_the_same_log_probability_alone_and_beside_others(model):
    ids = two()
    scored = ids != 0
    scored[:, 0] = False
    with torch.no_grad():
        together = piece_log_probs(model, ids, scored)
        short = int((ids[0, :, 0] != 0).sum())
        alone = piece_log_probs(model, ids[:1, :short], scored[:1, :short])
    assert alone.item() == pytest.approx(together[0].item(), rel=1e-5)


def test_a_piece_without_scored_ids_has_log_probability_zero(model):
    ids = two()
    with torch.no_grad():
        assert piece_log_probs(model, ids, torch.zeros_like(ids, dtype=torch.bool)).tolist() == [0.0, 0.0]


def test_batches_hold_every_piece_once_and_no_more_than_allowed():
    lengths = [5, 50, 7, 200, 6, 49]
    groups = in_batches(lengths, 100)
    assert groups == [[0, 4, 2], [5, 1], [3]]
    assert in_batches([], 100) == []

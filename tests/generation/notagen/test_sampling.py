import json
from pathlib import Path

import numpy as np
import pytest
import torch

from generation.notagen.sampling import (
    DOUBT,
    Sampling,
    distribution,
    draw,
    draw_on_device,
    heat,
    keep_top_k,
    keep_top_p,
    normalise,
    pick,
)

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "notagen" / "sampling" / "cases.json"
CASES = json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"k{case['top_k']}-p{case['top_p']}")
def test_each_stage_and_ten_draws_equal_the_reference(case):
    given = np.array([case["probs_float32"]], dtype=np.float32)
    by_k = keep_top_k(given.astype(np.float64), case["top_k"])
    by_p = keep_top_p(by_k, case["top_p"])
    warm = heat(by_p, case["temperature"])
    assert by_k[0] == pytest.approx(case["after_topk"], abs=1e-15)
    assert by_p[0] == pytest.approx(case["after_topp"], abs=1e-15)
    assert warm[0] == pytest.approx(case["after_temperature"], abs=1e-15)
    sampling = Sampling(case["top_k"], case["top_p"], case["temperature"])
    assert (distribution(given, sampling) == warm).all()
    uniforms = np.random.RandomState(case["numpy_seed"]).random_sample(10)
    assert pick(np.repeat(warm, 10, axis=0), uniforms).tolist() == case["ten_draws"]


def test_rows_of_a_batch_are_filtered_as_if_alone():
    rows = np.random.RandomState(1).dirichlet(np.full(128, 0.1), size=16)
    together = distribution(rows, Sampling())
    alone = np.concatenate([distribution(row[None], Sampling()) for row in rows])
    assert (together == alone).all()


def test_top_p_keeps_the_id_that_crosses_the_limit():
    p = np.array([[0.5, 0.25, 0.125, 0.125]])
    assert [(keep_top_p(p, limit)[0] > 1e-6).sum() for limit in (0.75, 0.74)] == [3, 2]


def test_normalise_takes_broken_numbers_as_zero():
    assert normalise(np.array([[np.nan, -1.0, 3.0]]))[0] == pytest.approx([0, 0, 1], abs=1e-11)


@pytest.mark.parametrize("values", [(-1, 0.9, 1), (9, 0, 1), (9, 1.1, 1), (9, 0.9, 0)])
def test_settings_that_make_no_sense_are_refused(values):
    with pytest.raises(ValueError, match="Sampling needs"):
        Sampling(*values)


WAYS = [
    Sampling(),
    Sampling(top_k=0, top_p=1, temperature=1),
    Sampling(top_k=0, top_p=0.95, temperature=0.8),
    Sampling(top_k=1, top_p=1, temperature=1),
    Sampling(top_k=40, top_p=0.5, temperature=2),
]


@pytest.mark.parametrize("sampling", WAYS, ids=str)
def test_draws_on_the_device_equal_those_on_the_host(sampling):
    random = np.random.RandomState(3)
    rows = np.concatenate([random.dirichlet(np.full(128, size), size=300) for size in (0.01, 0.1, 1)])
    rows = rows.astype(np.float32)
    uniforms = random.random_sample(len(rows))
    ids, doubts = draw(rows, sampling, uniforms)
    assert (ids == pick(distribution(rows, sampling), uniforms)).all()
    found, doubted = draw_on_device(torch.from_numpy(rows), sampling, torch.from_numpy(uniforms))
    assert found.tolist() == ids.tolist()
    assert doubted.tolist() == doubts.tolist()
    assert doubts.mean() < 0.01


@pytest.mark.parametrize("sampling", WAYS, ids=str)
def test_a_draw_that_rounding_changes_was_in_doubt(sampling, monkeypatch):
    for name in ("DOUBT", "TIE"):  # coarser, so that a few thousand draws show it
        monkeypatch.setattr(f"generation.notagen.sampling.{name}", 1e-3)
    random = np.random.RandomState(4)
    rows = random.dirichlet(np.full(128, 0.05), size=12_000)
    uniforms = random.random_sample(len(rows))
    ids, doubts = draw(rows, sampling, uniforms)
    other = rows * (1 + random.uniform(-2.5e-4, 2.5e-4, rows.shape))
    changed = ids != pick(distribution(other / other.sum(axis=-1, keepdims=True), sampling), uniforms)
    assert changed.any()
    assert not (changed & ~doubts).any()


@pytest.mark.parametrize(
    ("p", "sampling", "uniform", "doubt"),
    [
        ([0.5, 0.3, 0.2], Sampling(0, 1, 1), 0.5 + DOUBT / 2, True),
        ([0.5, 0.3, 0.2], Sampling(0, 1, 1), 0.6, False),
        ([0.4, 0.3, 0.3 + DOUBT / 5], Sampling(2, 1, 1), 0.2, True),  # which two of the three are kept?
        ([0.7, 0.1, 0.2], Sampling(2, 1, 1), 0.2, False),
        ([0.9 - DOUBT / 2, 0.06, 0.04], Sampling(0, 0.9, 1), 0.2, True),  # does the first reach top-p?
        ([0.8, 0.1 - DOUBT / 5, 0.1], Sampling(0, 0.85, 1), 0.2, True),  # which one crosses it?
        ([0.8, 0.15, 0.05], Sampling(0, 0.85, 1), 0.2, False),
    ],
)
def test_doubt_lies_where_another_order_of_a_sum_could_decide(p, sampling, uniform, doubt):
    assert draw(np.array([p]), sampling, np.array([uniform]))[1].tolist() == [doubt]

import json
from pathlib import Path

import numpy as np
import pytest

from generation.notagen.sampling import Sampling, distribution, heat, keep_top_k, keep_top_p, normalise, pick

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

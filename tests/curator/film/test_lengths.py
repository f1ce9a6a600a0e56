from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from curator.film.lengths import estimate, estimated_frames, runtime_frames, spread


@given(st.integers(0, 200_000), st.lists(st.integers(1, 10_000), min_size=1, max_size=60))
def test_parts_sum_to_the_whole_exactly(total, weights):
    parts = spread(total, weights)
    assert sum(parts) == max(total, len(weights))
    assert min(parts) >= 1
    for weight, part in zip(weights, parts, strict=True):
        share = Fraction(max(0, total - len(weights)) * weight, sum(weights))
        assert 0 <= part - 1 - share.__floor__() <= 1


def test_a_shot_with_more_to_say_is_longer():
    assert spread(2160, [200, 400, 600]) == [361, 720, 1079]
    assert estimate("", "") == 200
    assert estimate("Crates in rows", "") == 242
    assert estimate("", "Ich war (Pause) hier") == 200 + 4 * 40 + 100


def test_without_a_runtime_the_estimate_is_seconds():
    assert estimated_frames([200, 1], Fraction(24)) == [48, 1]
    assert runtime_frames(60, 120, Fraction(24)) == 2160
    assert runtime_frames(60, 121, Fraction(30000, 1001)) == 2712

import re

import pytest

from training.domain.curves import BOTTOM, HEIGHT, LEFT, MOST_POINTS, TOP, WIDTH, curves, smoothing


def rows(values, name="loss"):
    return [{"step": step, "epoch": 0, name: value} for step, value in enumerate(values, 1)]


def numbers(path: str) -> list[float]:
    return [float(text) for text in re.findall(r"-?[\d.]+", path)]


def test_a_curve_lies_within_its_box_and_its_levels_are_round():
    made = curves(recipe="dpo", rows=rows([0.69, 0.6, 0.55, 0.41]), steps=8)
    assert [one.name for one in made] == ["loss"]
    curve = made[0]
    assert [level.value for level in curve.levels] == pytest.approx([0.4, 0.5, 0.6, 0.7])
    assert (curve.levels[0].y, curve.levels[-1].y) == (BOTTOM, TOP)
    xs, ys = numbers(curve.raw)[::2], numbers(curve.raw)[1::2]
    assert all(LEFT <= x <= WIDTH for x in xs)
    assert all(TOP <= y <= BOTTOM <= HEIGHT for y in ys)
    assert xs == sorted(xs)
    assert curve.end == (xs[-1], numbers(curve.smooth)[-1])
    assert xs[-1] == pytest.approx((LEFT + WIDTH - 8) / 2, abs=0.1)


def test_held_out_values_are_dots_with_a_line_between():
    given = [*rows([0.7, 0.6]), {"step": 2, "eval_loss": 0.65}, {"step": 4, "eval_loss": 0.5}]
    curve = curves(recipe="sft", rows=given, steps=4)[0]
    assert len(curve.dots) == 2
    assert curve.held_out == 0.5
    assert curve.measured.startswith("M")
    assert curves(recipe="sft", rows=given[:3], steps=4)[0].measured == ""


def test_a_short_run_is_drawn_as_it_is_and_a_long_one_as_its_running_mean():
    short = curves(recipe="dpo", rows=rows([0.0, 1.0]), steps=5)[0]
    assert (short.smooth, short.last) == (short.raw, 1.0)
    long = curves(recipe="dpo", rows=rows([0.0, 1.0]), steps=500)[0]
    assert long.last == pytest.approx(1 / 1.85)
    assert [smoothing(steps) for steps in (0, 20, 40, 500)] == [0, 0, 0.5, 0.85]


def test_many_steps_are_thinned_and_the_last_one_is_kept():
    curve = curves(recipe="dpo", rows=rows([1.0] * 999 + [2.0]), steps=1000)[0]
    assert len(numbers(curve.raw)) // 2 <= MOST_POINTS
    assert numbers(curve.raw)[-2:] == [WIDTH - 8, TOP]


@pytest.mark.parametrize("values", [[0.0], [1.0, 1.0], [-3.0, -3.0], [1e-7, 2e-7], [5e3, -5e3]])
def test_any_values_have_a_drawing(values):
    curve = curves(recipe="dpo", rows=rows(values), steps=1)[0]
    assert 2 <= len(curve.levels) <= 8
    assert curve.levels[0].value <= min(values) + 1e-9
    assert curve.levels[-1].value >= max(values) - 1e-9


def test_values_that_are_no_number_leave_a_gap():
    curve = curves(recipe="dpo", rows=rows([0.5, None, 0.7]), steps=3)[0]
    assert len(numbers(curve.raw)) == 4
    assert curves(recipe="dpo", rows=rows([None]), steps=3) == []

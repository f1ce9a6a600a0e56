import pytest

from training.templatetags.rounds import figure


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.0399, 2, "0.04"),
        (-0.0599999, 2, "\u22120.06"),
        (-5e-7, 3, "0.000"),
        (5e-5, 5, "5e\u22125"),
        (0.0023, 6, "0.0023"),
        (0, 5, "0.0000"),
    ],
)
def test_figures_are_rounded_and_tiny_ones_keep_their_first_digit(value, decimals, text):
    assert figure(value, decimals) == text

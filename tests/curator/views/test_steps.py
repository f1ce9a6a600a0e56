"""A size that the address chooses."""

import pytest
from django.test import RequestFactory

from curator.views.steps import Step, step_of


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", Step(2, "?zoom=1", "?zoom=8")),
        ("zoom=8&view=time", Step(8, "?zoom=2&view=time", "")),
        ("zoom=1", Step(1, "", "?zoom=2")),
        ("zoom=3", Step(2, "?zoom=1", "?zoom=8")),
    ],
)
def test_a_step_has_the_addresses_of_the_next_ones(query, expected):
    assert step_of(RequestFactory().get(f"/?{query}"), "zoom", (1, 2, 8), usual=2) == expected

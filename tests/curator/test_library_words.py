"""How the library names things."""

import pytest
from django.utils.translation import override

from curator.templatetags.library import key_name, metre_name, spoken_length


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("C", "C major"),
        ("Dmin", "D minor"),
        ("F#m", "F♯ minor"),
        ("Bb maj", "B♭ major"),
        ("Ddor", "Ddor"),
        ("none", "no key"),
        ("", ""),
    ],
)
def test_keys(text, name):
    with override("en"):
        assert key_name(text) == name


def test_metres_and_lengths():
    with override("en"):
        assert (metre_name("3/4"), metre_name("free")) == ("3/4", "free")
        assert [spoken_length(s) for s in (40, 60, 2880, 11520)] == [
            "40 seconds",
            "1 minute",
            "48 minutes",
            "3 hours 12 minutes",
        ]

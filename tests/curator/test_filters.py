"""The library's address: read, written, read again."""

import pytest
from django.http import QueryDict

from curator.domain.wanted import Span, Wanted
from curator.filters import address_of, wanted_from


def test_everything_that_can_be_asked_for_comes_back_from_its_address():
    wanted = Wanted(
        words="slow waltz",
        composers=("Satie", "Einaudi"),
        origins=("corpus",),
        tags=("a,b",),
        keys=("Dmin",),
        metres=("3/4",),
        sources=("Mutopia",),
        rights=("public_domain",),
        tempo=Span(54, 92),
        length=Span(None, 90),
        density=Span(0.5),
        sort="tempo",
        view="list",
    )
    assert wanted_from(QueryDict(address_of(wanted)[1:])) == wanted
    assert address_of(Wanted()) == "?"


@pytest.mark.parametrize(
    ("written", "read"),
    [("54", 54), (" 0,5 ", 0.5), ("1:30", 90), ("1:00:05", 3605), ("", None), ("-1", None), ("nan", None),
     ("inf", None), ("1e9", None), ("x", None), ("\u0661", 1)],
)  # fmt: skip
def test_numbers(written, read):
    query = QueryDict(mutable=True)
    query["length_from"] = written
    assert wanted_from(query).length == Span(read)


def test_what_makes_no_sense_asks_for_nothing():
    assert wanted_from(QueryDict("rights=mine&origin=x&view=y&sort=z&page=-1&key=%00&tag=")) == Wanted()

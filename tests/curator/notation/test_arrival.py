"""From a file to a counted text."""

import pytest

from curator.notation.arrival import receive
from curator.notation.errors import NotationError
from tests.curator.notation.scores import note, two_staff


def test_a_score_comes_through_counted_by_two_readers():
    steps = []
    arrival = receive("a.xml", two_staff(2), tell=lambda done, of: steps.append((done, of)))
    shape = {"notes": 6, "bars": 2, "staves": 2}
    reader = arrival.count.pop("reader")
    assert reader.startswith("music21 ")
    assert arrival.count == {
        "file": shape,
        "text": shape,
        "second": shape,
        "differ": 0,
        "bars": [],
        "second_differ": 0,
        "second_bars": [],
    }
    assert (arrival.notes, arrival.warnings, steps) == (6, (), [(1, 3), (2, 3)])
    assert arrival.text.endswith("[V:1]c4 d2|[V:2]C,6|\n")


def test_notes_that_differ_are_told_and_kept():
    # The converter gives all notes of a chord the length of the first one.
    longer = note("E", 5, 4, 1, 1).replace("<note>", "<note><chord/>")
    data = two_staff(4).replace(b"<backup>", longer.encode() + b"<backup>", 1)
    arrival = receive("a.xml", data)
    assert "1 of 13 notes differ, bar 1." in arrival.warnings
    assert "A second reader finds" not in " ".join(arrival.warnings)
    assert (arrival.count["differ"], arrival.count["bars"], arrival.notes) == (1, [1], 13)


def test_a_conversion_that_changes_too_much_is_refused():
    longer = note("E", 5, 4, 1, 1).replace("<note>", "<note><chord/>") * 3
    data = two_staff(1).replace(b"<backup>", longer.encode() + b"<backup>", 1)
    with pytest.raises(NotationError, match=r"3 of 6 notes differ\."):
        receive("a.xml", data)


def test_an_end_asked_for_on_the_way_is_an_end():
    def stop(_done: int, _of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        receive("a.xml", two_staff(), tell=stop)

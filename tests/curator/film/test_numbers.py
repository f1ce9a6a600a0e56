import pytest

from curator.film.numbers import CueNumber, next_number, part_after, read_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1m1", CueNumber(1, 1)),
        ("1m01", CueNumber(1, 1)),
        (" 2M12a ", CueNumber(2, 12, "a")),
        ("0m1", None),
        ("1m0", None),
        ("m1", None),
        ("1m1ab", None),
        ("1m1 v2", None),
        ("p1", None),
    ],
)
def test_numbers_are_read(text, number):
    assert read_number(text) == number


def test_numbers_are_ordered_by_reel_number_and_part():
    told = ["2m1", "1m10", "1m2", "1m2a", "1m1"]
    assert sorted(told, key=read_number) == ["1m1", "1m2", "1m2a", "1m10", "2m1"]


def test_the_next_number_is_after_the_highest_of_its_reel():
    assert str(next_number(["1m1", "1m3a", "2m9", "p4"])) == "1m4"
    assert str(next_number(["1m1"], reel=2)) == "2m1"


def test_a_part_takes_the_next_free_letter():
    assert str(part_after(CueNumber(1, 2), ["1m2"])) == "1m2a"
    assert str(part_after(CueNumber(1, 2, "a"), ["1m2", "1m2a", "1m2b"])) == "1m2c"
    assert str(part_after(CueNumber(1, 2, "z"), ["1m2z", "1m7"])) == "1m8"

"""Safe reading, counting, schema."""

from fractions import Fraction

import pytest

from curator.notation.errors import NotationError
from curator.notation.musicxml import heads_by_bar, measures_of, note_count, read_xml, struck_count, validate
from tests.curator.notation.scores import two_staff


def test_counts_and_times():
    xml = two_staff(2)
    assert (heads_by_bar(xml), note_count(xml), struck_count(xml)) == ([3, 3], 6, 6)
    part = read_xml(xml).find("part")
    assert part is not None
    first = next(measures_of(part))
    assert (first.place, first.metre, first.length) == (1, Fraction(3, 4), Fraction(3, 4))
    assert [(event.onset, event.length, event.staff) for event in first.events] == [
        (Fraction(0), Fraction(1, 2), 1),
        (Fraction(1, 2), Fraction(1, 4), 1),
        (Fraction(0), Fraction(3, 4), 2),
    ]


def test_valid_and_invalid():
    assert validate(two_staff()) == ()
    broken = validate(two_staff().replace(b"<divisions>2<", b"<divisions>0<"))
    assert len(broken) == 1
    assert "must be greater than '0'" in broken[0]


ENTITY = b'<!DOCTYPE score-partwise [<!ENTITY x "%s">]><score-partwise>&x;</score-partwise>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"   ", "empty"),
        (b"<score-partwise>", "damaged"),
        (b"plain", "damaged"),
        (b"<html/>", "root is <html>"),
        (b"<score-timewise/>", "time-wise"),
        (ENTITY % b"a", "entities"),
        (ENTITY.replace(b'x "%s"', b'x SYSTEM "file:///etc/passwd"'), "entities"),
        (b'<!DOCTYPE s [<!ENTITY %% p SYSTEM "http://x/">%%p;]><score-partwise/>'.replace(b"%%", b"%"), "entities"),
        (b"<a>" * 100_000, "damaged"),
    ],
)
def test_bad_xml_is_refused_with_a_sentence(data, reason):
    with pytest.raises(NotationError, match=reason):
        read_xml(data)


def test_entities_in_attributes_are_refused():
    with pytest.raises(NotationError, match="entities"):
        read_xml(b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><score-partwise version="&x;"/>')


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((b"<duration>6</duration></backup>", b"<duration>600</duration></backup>"), "before its own beginning"),
        ((b"<divisions>2</divisions>", b""), "no divisions"),
        ((b"<duration>4</duration>", b"<duration>NaN</duration>"), "not a number"),
        ((b"<duration>4</duration>", b""), "without a duration"),
        ((b"<divisions>2<", b"<divisions>0<"), "by zero"),
    ],
)
def test_impossible_time_is_refused(change, reason):
    part = read_xml(two_staff().replace(*change)).find("part")
    assert part is not None
    with pytest.raises(NotationError, match=reason):
        list(measures_of(part))

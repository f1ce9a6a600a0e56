"""When the notes of a MusicXML bar sound, as its `backup` and `forward` say."""

from fractions import Fraction

from lxml import etree

Placed = tuple[etree._Element, Fraction, Fraction]
"""A `note` element, its onset from the start of the bar and its length, in quarters."""


def divisions_of(root: etree._Element) -> Fraction:
    """Parts of a quarter in which the durations of a file are counted."""
    return Fraction(root.findtext("part/measure/attributes/divisions") or "1")


def read_measure(measure: etree._Element, divisions: Fraction) -> tuple[list[Placed], Fraction]:
    """Notes and rests of a bar, those of a chord at one onset, and how long the bar is in quarters."""
    placed: list[Placed] = []
    now = onset = end = Fraction(0)
    for element in measure:
        length = Fraction(element.findtext("duration") or "0") / divisions
        if element.tag == "backup":
            now -= length
        elif element.tag == "forward":
            now += length
        elif element.tag == "note":
            if element.find("chord") is None:
                onset, now = now, now + length
            placed.append((element, onset, length))
        end = max(end, now)
    return placed, end

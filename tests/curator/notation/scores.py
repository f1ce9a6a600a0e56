"""Texts, files and strategies that several tests of the notation share."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from tests.shared import SHARED

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "notation"
needs_shared = pytest.mark.skipif(
    not (SHARED / "hostile").exists(),
    reason="needs the reference folder ../shared beside the checkout (scores/satie, hostile)",
)

# Enough examples for a grammar of this size; a loaded machine must not fail a test by being slow.
quick = settings(max_examples=40, deadline=None)

HEADER = """%%score { 1 | 2 }
L:1/8
Q:1/4=60
M:4/4
K:Dmin
V:1 treble nm="Piano" snm="Pno."
V:2 bass
"""

PIECE = (
    "%Minimal\n%Etude, Waltz\n"
    + HEADER
    + "[V:1](3cde (3f/g/a/ z/ [CEG]2- [CEG]/>c/ {/a}B .c/|[V:2]C,6- C,/4D,/4E,/4F,/4 z|\n"
    + '[V:1]!p! (5:4:5cdefg c4-|[V:2]"^poco" (7:4:7C/D/E/F/G/A/B/ C4 z2|\n'
    + "[V:1]c8|][V:2]z8|]\n"
)

_PITCHES = st.tuples(
    st.sampled_from(["", "^", "_", "=", "^^"]), st.sampled_from("ABCDEFGabcdefg"), st.sampled_from(["", ",", "'"])
).map("".join)
_LENGTHS = st.sampled_from(["1", "2", "3", "4", "1/2", "3/2"]).map(lambda units: (units, Fraction(units)))


@st.composite
def _plain(draw: st.DrawFn) -> tuple[str, Fraction, int]:
    """A note, chord or rest as (text, units, written notes)."""
    text, units = draw(_LENGTHS)
    kind = draw(st.sampled_from(["note", "chord", "rest", "grace"]))
    if kind == "rest":
        return draw(st.sampled_from("zx")) + text, units, 0
    if kind == "chord":
        heads = draw(st.lists(_PITCHES, min_size=1, max_size=4))
        return f"[{''.join(heads)}]{text}", units, len(heads)
    if kind == "grace":
        graces = draw(st.lists(_PITCHES, min_size=1, max_size=3))
        return f"{{{''.join(graces)}}}{draw(_PITCHES)}{text}", units, len(graces) + 1
    decoration = draw(st.sampled_from(["", "!p!", ".", "T", '"^lento"', "("]))
    return decoration + draw(_PITCHES) + text + (")" if decoration == "(" else ""), units, 1


@st.composite
def _group(draw: st.DrawFn) -> tuple[str, Fraction, int]:
    """A plain element, a tuplet or a broken pair."""
    kind = draw(st.sampled_from(["plain", "plain", "tuplet", "broken"]))
    if kind == "tuplet":
        notes, time = draw(st.sampled_from([(3, 2), (5, 4), (6, 4), (7, 8), (2, 3)]))
        inside = [draw(_plain()) for _ in range(notes)]
        text = f"({notes}:{time}:{notes}" + "".join(part for part, _, _ in inside)
        return text, sum(u for _, u, _ in inside) * Fraction(time, notes), sum(n for _, _, n in inside)
    if kind == "broken":
        first, second = draw(_PITCHES), draw(_PITCHES)
        return f"{first}2{draw(st.sampled_from(['>', '<', '>>']))}{second}2", Fraction(4), 2
    return draw(_plain())


@st.composite
def voices(draw: st.DrawFn) -> tuple[str, Fraction, int]:
    """The music of one voice in one bar with its barline: text, length in eighths, written notes."""
    groups = draw(st.lists(_group(), min_size=1, max_size=6))
    text = draw(st.sampled_from(["", " "])).join(part for part, _, _ in groups)
    barline = draw(st.sampled_from(["|", "||", "|]", ":|", "|:", "|1", ":|2", "::"]))
    return text + barline, sum((u for _, u, _ in groups), Fraction(0)), sum(n for _, _, n in groups)


def satie(name: str) -> bytes:
    """A Satie score of the reference folder."""
    return (SHARED / "scores" / "satie" / name).read_bytes()


def two_staff(bars: int = 2, *, title: str = "Study", divisions: int = 2, extra: str = "") -> bytes:
    """A small valid piano score: 3/4, a half and a quarter over a dotted half in each bar."""
    measures = []
    for number in range(1, bars + 1):
        attributes = (
            f"<attributes><divisions>{divisions}</divisions><key><fifths>0</fifths></key>"
            "<time><beats>3</beats><beat-type>4</beat-type></time><staves>2</staves>"
            '<clef number="1"><sign>G</sign><line>2</line></clef>'
            '<clef number="2"><sign>F</sign><line>4</line></clef></attributes>'
            if number == 1
            else ""
        )
        notes = (
            note("C", 5, 2 * divisions, 1, 1)
            + note("D", 5, divisions, 1, 1)
            + f"<backup><duration>{3 * divisions}</duration></backup>"
            + note("C", 3, 3 * divisions, 5, 2)
        )
        measures.append(f'<measure number="{number}">{attributes}{extra}{notes}</measure>')
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<score-partwise version="4.0">'
        f"<work><work-title>{title}</work-title></work>"
        '<identification><creator type="composer">A. Nonym</creator></identification>'
        '<part-list><score-part id="P1"><part-name>Piano</part-name></score-part></part-list>'
        f'<part id="P1">{"".join(measures)}</part></score-partwise>'
    ).encode()


def note(step: str, octave: int, duration: int, voice: int, staff: int) -> str:
    """A <note> element."""
    return (
        f"<note><pitch><step>{step}</step><octave>{octave}</octave></pitch><duration>{duration}</duration>"
        f"<voice>{voice}</voice><staff>{staff}</staff></note>"
    )

import numpy as np
import pytest

from generation.clamp.scores import Style
from generation.clamp.selection import aligned, grouped, select

HEAD = '%%score { 1 | 2 }\nL:1/8\nM:3/4\nK:C\nV:1 treble nm="Piano"\nV:2 bass nm="Piano"\n'
GOOD = HEAD + "[V:1]C6|[V:2]E,6|\n[V:1]D6|][V:2]F,6|]\n"
SHORT = HEAD + "[V:1]C6|[V:2]E,4|\n[V:1]D6|][V:2]F,6|]\n"
OTHER_LINES = HEAD + "[V:1]C6|[V:2]E,6||\n[V:1]D6|][V:2]F,6|]\n"
LOST_VOICE = HEAD + "[V:1]C6|[V:2]E,6|\n[V:1]D6|]\n"
UNGROUPED = 'L:1/8\nM:3/4\nK:C\nV:1 nm="Violin"\nV:2 nm="Piano"\nV:3 nm="Violin"\n[V:1]C6|[V:2]C6|[V:3]C6|\n'


def fan(count, references=3):
    """Vectors that turn away from the references step by step, the nearest first; none is a near copy."""
    style = np.zeros((references, 8), dtype=np.float32)
    style[:, 0] = 1
    style[np.arange(references), 1 + np.arange(references)] = 0.8
    pieces = np.zeros((count, 8), dtype=np.float32)
    pieces[:, 0] = np.linspace(1.0, 0.1, count)
    pieces[:, 7] = np.sqrt(1.1 - pieces[:, 0] ** 2)
    return pieces, style


def test_top_and_bottom_are_taken_by_the_mean_reference():
    pieces, style = fan(40)
    shuffled = np.random.default_rng(1).permutation(40)
    found = select([GOOD] * 40, pieces[shuffled], style)
    place = np.argsort(shuffled)
    assert found.chosen == tuple(place[:4])
    assert found.rejected == tuple(place[-4:])
    assert found.passed == ()
    assert found.average == pytest.approx(float(Style(style).likeness(pieces).mean.mean()), abs=1e-6)


def test_faulty_pieces_are_passed_over_at_the_top_and_stay_at_the_bottom():
    pieces, style = fan(30)
    texts = [GOOD] * 30
    texts[0], texts[2], texts[3], texts[28], texts[29] = SHORT, UNGROUPED, LOST_VOICE, SHORT, UNGROUPED
    pieces[1] = style[1]
    found = select(texts, pieces, style)
    assert dict(found.passed) == {0: "alignment", 1: "copy", 2: "grouping", 3: "alignment"}
    assert found.chosen == (4, 5, 6)
    assert found.rejected == (27, 28, 29)


def test_both_sides_stay_apart_when_most_are_faulty():
    pieces, style = fan(20)
    found = select([SHORT] * 18 + [GOOD] * 2, pieces, style)
    assert found.chosen == (18, 19)
    assert found.rejected == ()


@pytest.mark.parametrize(("count", "share"), [(19, 0.1), (5, 0.5), (20, 0.01), (20, 0.0), (40, 0.6)])
def test_too_few_pieces_select_nothing_instead_of_rejecting_all(count, share):
    pieces, style = fan(count)
    with pytest.raises(ValueError, match="select nothing"):
        select([GOOD] * count, pieces, style, share=share)


def test_equal_scores_keep_their_order():
    pieces, style = fan(20)
    pieces[:] = pieces[5]
    found = select([GOOD] * 20, pieces, style)
    assert (found.chosen, found.rejected) == ((0, 1), (18, 19))


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        (GOOD, True),
        (SHORT, False),
        (OTHER_LINES, False),
        (LOST_VOICE, False),
        (HEAD, False),
        (HEAD + "[V:1]C6[V:2]E,6\n", False),
        (HEAD + "[V:1]M:2/4\n", False),
        (HEAD + "[V:1]!p!(3CDE F4|[V:2][E,G,]6|\n", True),
    ],
)
def test_alignment(text, fine):
    assert aligned(text) is fine


def test_grouping():
    assert grouped(GOOD)
    assert grouped('V:1 nm="Violin"\nV:2 nm="Violin"\nV:3 nm="Piano"\nV:4\n')
    assert not grouped(UNGROUPED)

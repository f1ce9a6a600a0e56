"""How a piece lies among the others."""

import pytest

from curator.domain import corpus
from curator.domain.corpus import read_axes
from curator.models.library import Piece
from tests.factories import make_version

pytestmark = pytest.mark.django_db


def make_piece(**fields) -> Piece:
    piece = make_version().piece
    Piece.objects.filter(pk=piece.pk).update(**fields)
    piece.refresh_from_db()
    return piece


def test_a_piece_lies_between_the_lowest_and_the_highest():
    for number in (1.0, 5.0, 3.0, 3.0):
        make_piece(per_second=number)
    make_piece(per_second=100.0, archived_at="2026-01-01T00:00Z")
    piece = make_piece(per_second=2.0, repetition=0.5)
    dense, again = read_axes(piece=piece)
    assert (dense.name, dense.value, dense.low, dense.high, dense.place) == ("per_second", 2.0, 1.0, 5.0, 0.25)
    assert dense.others == (0.0, 0.5, 1.0)
    assert (again.name, again.place, again.others) == ("repetition", 0.5, ())


def test_a_piece_beyond_all_others_widens_the_line():
    make_piece(register=60.0)
    (axis,) = read_axes(piece=make_piece(register=72.0))
    assert (axis.low, axis.high, axis.place, axis.others) == (60.0, 72.0, 1.0, (0.0,))


def test_of_a_large_library_some_are_drawn(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(corpus, "MOST_STROKES", 3)
    for number in range(9):
        make_piece(major=number / 10)
    piece = make_piece(major=0.05)
    with django_assert_num_queries(2):
        (axis,) = read_axes(piece=piece)
    assert 1 <= len(axis.others) <= 3

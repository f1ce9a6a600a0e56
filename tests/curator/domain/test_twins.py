"""The same music under two names."""

import pytest

from curator.domain.twins import distinct_pieces
from curator.models.library import Piece
from tests.factories import make_version

pytestmark = pytest.mark.django_db


def test_each_music_is_kept_once_and_the_oldest_stays(django_assert_num_queries):
    first = make_version(fingerprint="a" * 64).piece
    other = make_version(fingerprint="b" * 64).piece
    again = make_version(fingerprint="a" * 64).piece
    unknown = [make_version().piece for _ in range(2)]
    with django_assert_num_queries(2):
        assert distinct_pieces(Piece.objects.all()) == ([first, other, *unknown], {again.pk: first})
    make_version(piece=again, fingerprint="c" * 64)  # its newest version counts
    assert distinct_pieces(Piece.objects.all()) == ([first, other, again, *unknown], {})

"""What is written down on a piece for the library."""

import pytest

from curator.domain.library import import_score
from curator.domain.rendering import make_rendering
from curator.domain.shelving import fold, shelve_pieces
from curator.models.library import Piece, Rendering, Source
from tests.curator.notation.scores import two_staff
from tests.factories import make_version

pytestmark = pytest.mark.django_db


def test_fold():
    assert fold("  Gymnopédie\tNo. 1, GROẞ ") == "gymnopedie no. 1, gross"


def test_an_imported_piece_is_shelved_with_the_facts_of_its_text():
    piece = import_score(name="a.xml", data=two_staff(2)).piece
    piece.save()  # a stale copy must not bring the empty shelf back
    piece.refresh_from_db()
    version = piece.versions.get()
    assert piece.words == fold(f"{piece.title} {piece.composer}")
    assert piece.metre == version.facts["metre"]
    assert (piece.bars, piece.tempo) == (2, version.facts["tempo"])


def test_the_newest_version_counts():
    version = make_version(facts={"key": "C", "metre": "4/4", "tempo": 60.0, "seconds": 4.0, "per_second": 2.5})
    make_version(piece=version.piece, facts={"key": "Dmin"})
    shelve_pieces(pieces=[version.piece_id])
    piece = Piece.objects.get()
    assert (piece.key, piece.metre, piece.tempo, piece.seconds, piece.per_second) == ("Dmin", "", None, None, None)


def test_a_drawing_knows_length_and_density_where_the_text_has_no_tempo():
    version = import_score(name="a.xml", data=two_staff(2)).version
    made = make_rendering(version=version)
    piece = Piece.objects.get()
    assert piece.seconds == round(made.engraving.seconds, 1)
    assert piece.per_second == round(made.engraving.facts["notes"] / made.engraving.seconds, 2)


def test_the_drawing_at_the_written_tempi_counts_before_others():
    version = make_version()
    for number, tempo_map in enumerate(([[1, 60]], [], [[1, 90]])):
        Rendering.objects.create(
            key=str(number), version=version, target="engraving", renderer="r", state="ready",
            tempo_map=tempo_map, seconds=10 * (number + 1), facts={"notes": 20},
        )  # fmt: skip
    shelve_pieces(pieces=[version.piece])
    assert (version.piece.seconds, version.piece.per_second) == (20, 1)


def test_a_source_is_found_by_its_name():
    piece = make_version().piece
    piece.source = Source.objects.create(name="Mutopia Project")
    piece.save()
    shelve_pieces(pieces=[piece])
    assert "mutopia project" in piece.words


def test_many_pieces_take_the_same_queries(django_assert_num_queries):
    pieces = [make_version().piece for _ in range(5)]
    with django_assert_num_queries(4):
        shelve_pieces(pieces=pieces[:1])
    with django_assert_num_queries(4):
        shelve_pieces(pieces=pieces)

"""Words on pieces."""

import pytest

from curator.domain.errors import DomainError
from curator.domain.tags import STAGE, STAGES, rename_tag, set_tags, tag_pieces
from curator.models.library import Piece, Tag
from generation.etudes.stages import Stage
from tests.factories import make_version

pytestmark = pytest.mark.django_db


def words(piece: Piece, kind: str = "") -> list[str]:
    return list(piece.tags.filter(kind=kind).values_list("name", flat=True))


def pieces(count: int) -> list[Piece]:
    return [make_version().piece for _ in range(count)]


def test_the_stages_are_those_of_the_prompts():
    assert tuple(stage.value for stage in Stage) == STAGES


def test_many_pieces_get_and_lose_words_at_one_stroke():
    one, two, three = pieces(3)
    tag_pieces(pieces=[one], add=["rain"])
    assert tag_pieces(pieces=[one, two, three], add=["dust", " slow  walk "], remove=["rain"]) == 3
    assert [words(piece) for piece in (one, two, three)] == [["dust", "slow walk"]] * 3
    assert not Tag.objects.filter(name="rain").exists()  # on no piece any more


def test_more_pieces_cost_no_more_questions(django_assert_num_queries):
    tag_pieces(pieces=pieces(1), add=["rain", "dust"])
    for count in (1, 3):
        rows = pieces(count)
        with django_assert_num_queries(8):
            tag_pieces(pieces=rows, add=["dust"], remove=["rain"])


def test_a_word_is_written_as_the_library_writes_it():
    one, two = pieces(2)
    tag_pieces(pieces=[one], add=["Rain"])
    tag_pieces(pieces=[two], add=["rain", "RAIN"])
    assert words(one) == words(two) == ["Rain"]
    assert Tag.objects.count() == 1


def test_a_word_both_added_and_removed_stays():
    (one,) = pieces(1)
    tag_pieces(pieces=[one], add=["dust"], remove=["dust"])
    assert words(one) == ["dust"]


def test_stages_are_a_kind_of_their_own():
    (one,) = pieces(1)
    tag_pieces(pieces=[one], add=["peace"])
    tag_pieces(pieces=[one], add=["peace", "Forgotten"], kind=STAGE)
    assert (words(one), words(one, STAGE)) == (["peace"], ["Forgotten", "Peace"])
    set_tags(piece=one, words=["Chosen"], kind=STAGE)
    assert (words(one), words(one, STAGE)) == (["peace"], ["Chosen"])
    with pytest.raises(DomainError, match="Happy is no stage of the arc"):
        tag_pieces(pieces=[one], add=["Happy"], kind=STAGE)


@pytest.mark.parametrize(("word", "said"), [("  ", "can be read"), ("a\0b", "can be read"), ("x" * 61, "60 signs")])
def test_what_is_no_word_is_refused(word, said):
    (one,) = pieces(1)
    with pytest.raises(DomainError, match=said):
        tag_pieces(pieces=[one], add=["good", word])
    assert not Tag.objects.exists()


def test_a_renamed_word_changes_on_every_piece():
    one, two = pieces(2)
    tag_pieces(pieces=[one, two], add=["rain"])
    tag = rename_tag(tag=Tag.objects.get(), name=" soft  rain ")
    assert (tag.name, words(one), words(two)) == ("soft rain", ["soft rain"], ["soft rain"])
    assert rename_tag(tag=tag, name="Soft rain").name == "Soft rain"


def test_a_word_renamed_to_another_becomes_that():
    one, two, three = pieces(3)
    tag_pieces(pieces=[one, two], add=["rain"])
    tag_pieces(pieces=[two, three], add=["Drizzle"])
    kept = rename_tag(tag=Tag.objects.get(name="rain"), name="drizzle")
    assert [words(piece) for piece in (one, two, three)] == [["Drizzle"]] * 3
    assert list(Tag.objects.all()) == [kept]


@pytest.mark.parametrize(("kind", "name"), [("", " "), ("", "x" * 61), ("", "a\u0000b"), (STAGE, "Hope")])
def test_what_cannot_be_a_words_new_name_is_refused(kind, name):
    tag = Tag.objects.create(kind=kind, name="Peace")
    with pytest.raises(DomainError):
        rename_tag(tag=tag, name=name)
    tag.refresh_from_db()
    assert tag.name == "Peace"

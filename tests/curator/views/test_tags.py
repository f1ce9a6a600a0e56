"""Words on many pieces, and their names."""

import pytest

from curator.domain.shelving import shelve_pieces
from curator.domain.tags import tag_pieces
from curator.models.library import Piece, Tag
from tests.factories import make_version

pytestmark = pytest.mark.django_db


def make_piece(title: str, **fields) -> Piece:
    piece = Piece.objects.create(title=title, origin="corpus", **fields)
    make_version(piece=piece)
    shelve_pieces(pieces=[piece])
    return piece


def words(piece: Piece) -> set[str]:
    return set(piece.tags.values_list("name", flat=True))


def test_chosen_pieces_get_words_and_lose_them(owner_client):
    one, two, three = (make_piece(name) for name in "abc")
    chosen = [one.public_id, two.public_id, "nothing"]
    response = owner_client.post(
        "/library/tags/put/", {"piece": chosen, "words": "dust,  slow walk,", "do": "add", "query": "?sort=title"}
    )
    assert response["Location"] == "/library/?sort=title"
    assert [words(piece) for piece in (one, two, three)] == [{"dust", "slow walk"}, {"dust", "slow walk"}, set()]
    owner_client.post("/library/tags/put/", {"piece": [one.public_id], "words": "dust", "do": "remove"})
    assert (words(one), words(two)) == ({"slow walk"}, {"dust", "slow walk"})


def test_all_that_was_found_is_tagged_and_nothing_else(owner_client):
    found = [make_piece(f"Waltz {number}") for number in range(14)]
    other, archived = make_piece("Song"), make_piece("Waltz", archived_at="2026-01-01T00:00Z")
    page = owner_client.post(
        "/library/tags/put/", {"all": "1", "words": "dance", "do": "add", "query": "?q=waltz&page=2"}, follow=True
    )
    assert "dance is on 14 pieces." in page.content.decode()
    assert page.redirect_chain == [("/library/?q=waltz&page=2", 302)]
    assert all(words(piece) == {"dance"} for piece in found)
    assert words(other) == words(archived) == set()


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"words": "dust", "do": "add"}, "Choose the pieces first."),
        ({"words": " ", "do": "add", "all": "1"}, "Write at least one tag."),
        ({"words": "dust", "do": "burn", "all": "1"}, "Select a valid choice."),
    ],
)
def test_half_a_wish_changes_nothing(owner_client, told, sentence):
    piece = make_piece("a")
    assert sentence in owner_client.post("/library/tags/put/", told, follow=True).content.decode()
    assert words(piece) == set()


def test_words_are_listed_with_their_pieces_and_renamed(owner_client):
    piece = make_piece("a")
    assert "No words yet" in owner_client.get("/library/tags/").content.decode()
    tag_pieces(pieces=[piece], add=["R&B, slow"])
    tag_pieces(pieces=[piece], add=["Peace"], kind="stage")
    page = owner_client.get("/library/tags/").content.decode()
    assert 'href="/library/?tag=R%26B%2C%20slow"' in page
    assert "Peace" not in page
    tag = Tag.objects.get(kind="")
    page = owner_client.post(f"/library/tags/{tag.pk}/rename/", {"name": "slow"}, follow=True).content.decode()
    assert "R&amp;B, slow is now slow." in page
    page = owner_client.post(f"/library/tags/{tag.pk}/rename/", {"name": ""}, follow=True).content.decode()
    assert "A tag is a word that can be read." in page
    assert owner_client.post("/library/tags/0/rename/", {"name": "x"}).status_code == 404
    assert owner_client.get(f"/library/tags/{tag.pk}/rename/").status_code == 405


def test_tags_take_the_same_queries_for_one_and_for_many(owner_client, django_assert_num_queries):
    piece = make_piece("a")
    tag_pieces(pieces=[piece], add=["one"])
    owner_client.get("/library/tags/")
    with django_assert_num_queries(5):
        owner_client.get("/library/tags/")
    tag_pieces(pieces=[piece], add=["two", "three"])
    with django_assert_num_queries(5):
        owner_client.get("/library/tags/")


def test_the_shelf_offers_the_words_there_are(owner_client):
    piece = make_piece("a")
    tag_pieces(pieces=[piece], add=["dust"])
    page = owner_client.get("/library/").content.decode()
    assert '<option value="dust"></option>' in page
    assert f'<input type="checkbox" form="bulk" name="piece" value="{piece.public_id}">' in page

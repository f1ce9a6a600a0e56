"""The form of what stands on a piece."""

import pytest
from django.urls import reverse

from curator.models.library import Piece, Source, Tag
from tests.factories import make_version

pytestmark = pytest.mark.django_db

GOOD = {"title": "Gymnopédie", "composer": "Satie, Erik", "period": "Romantic", "instrumentation": "Keyboard"}


@pytest.fixture
def piece() -> Piece:
    row = make_version().piece
    row.source = Source.objects.create(name="Shelf", rights="own_copy")
    row.composer = "Erik"
    row.save()
    row.tags.add(Tag.objects.create(name="rain"), Tag.objects.create(kind="stage", name="Peace"))
    return row


def url(piece: Piece) -> str:
    return reverse("piece_about", args=[piece.public_id])


def test_the_form_shows_what_stands_there_and_offers_known_words(owner_client, piece):
    page = owner_client.get(url(piece)).content.decode()
    assert 'value="Erik"' in page
    assert 'value="rain"' in page
    assert '<option value="Satie, Erik"></option>' in page
    assert 'value="Peace" id="id_stages_5" checked' in page
    assert "Rights of its source: In copyright, own copy." in page
    assert "No model here has seen: Erik." in page
    partial = owner_client.get(url(piece), headers={"HX-Request": "true"}).content.decode()
    assert partial.lstrip().startswith('<form class="form about" id="about"')
    version = piece.versions.get()
    assert owner_client.get(reverse("piece_about", args=[version.public_id])).status_code == 200


def test_what_is_sent_is_kept(owner_client, piece):
    data = GOOD | {"source": piece.source_id, "tags": "dust, , rain", "stages": ["Forgotten", "Chosen"]}
    answer = owner_client.post(url(piece), data)
    assert answer["Location"] == reverse("score", args=[piece.public_id])
    piece.refresh_from_db()
    assert (piece.title, piece.composer, piece.source.name) == ("Gymnopédie", "Satie, Erik", "Shelf")
    assert list(piece.tags.values_list("name", flat=True)) == ["dust", "rain", "Chosen", "Forgotten"]


def test_own_words_are_kept_with_a_warning(owner_client, piece):
    data = GOOD | {"composer": "Einaudi, Ludovico"}
    page = owner_client.post(url(piece), data, follow=True).content.decode()
    assert "No model here has seen: Einaudi, Ludovico." in page
    piece.refresh_from_db()
    assert piece.composer == "Einaudi, Ludovico"
    assert piece.source is None


def test_a_new_source_comes_with_its_rights(owner_client, piece):
    new = {"new_source": "Own hand", "rights": "creative_commons", "url": "https://example.org/"}
    owner_client.post(url(piece), GOOD | {"source": piece.source_id} | new)
    piece.refresh_from_db()
    assert (piece.source.name, piece.source.rights) == ("Own hand", "creative_commons")


@pytest.mark.parametrize(
    "bad",
    [
        {"title": ""},
        {"source": "999"},
        {"stages": ["Happy"]},
        {"tags": "x" * 61},
        {"url": "javascript:alert(1)", "new_source": "x"},
        {"composer": "x" * 201},
    ],
)
def test_a_bad_form_changes_nothing(owner_client, piece, bad):
    assert owner_client.post(url(piece), GOOD | bad).status_code == 400
    piece.refresh_from_db()
    assert piece.composer == "Erik"


def test_the_score_page_leads_here_and_says_whether_it_trains(owner_client, piece):
    page = owner_client.get(reverse("score", args=[piece.public_id])).content.decode()
    assert url(piece) in page
    assert "Erik is not on the list of composers that train." in page


def test_who_may_not(client, rater_client, owner_client, piece):
    for method in ("get", "post"):
        assert getattr(client, method)(url(piece)).status_code == 302
        assert getattr(rater_client, method)(url(piece)).status_code == 403
    assert owner_client.put(url(piece)).status_code == 405
    assert owner_client.get(reverse("piece_about", args=["nobody"])).status_code == 404

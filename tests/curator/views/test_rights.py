"""The page of rights."""

import pytest
from django.urls import reverse

from curator.domain.rights import DEFAULT_COMPOSERS, training_bar, training_composers, unconfirmed
from curator.models.library import Piece, Rights, Source
from curator.models.rights import Purpose, RightsConfirmation, TrainingComposers

pytestmark = pytest.mark.django_db

URL = "/library/rights/"


def piece(composer: str = "Ludovico Einaudi", **fields) -> Piece:
    return Piece.objects.create(**{"title": "Nuvole", "composer": composer, "origin": "uploaded"} | fields)


def entries(*pairs: tuple[str, str]) -> dict[str, str]:
    data = {"form-TOTAL_FORMS": str(len(pairs)), "form-INITIAL_FORMS": "0"}
    for number, (name, rights) in enumerate(pairs):
        data |= {f"form-{number}-name": name, f"form-{number}-rights": rights}
    return data


def test_the_page_names_composers_and_sources(owner_client):
    Source.objects.create(name="Mutopia <3>", rights=Rights.PUBLIC_DOMAIN)
    page = owner_client.get(URL).content.decode()
    assert 'value="Satie"' in page
    assert 'value="Einaudi"' in page
    assert "Mutopia &lt;3&gt;" in page
    assert "No piece of the library is in copyright" in page


def test_the_list_is_kept_and_an_empty_name_goes(owner_client, owner):
    data = entries(("Satie", "public_domain"), ("", "unknown"), ("Debussy", "public_domain"))
    assert owner_client.post(URL, data).status_code == 302
    assert [entry.name for entry in training_composers()] == ["Satie", "Debussy"]
    assert TrainingComposers.objects.get().by == owner


@pytest.mark.parametrize(
    "data",
    [
        {},
        entries(("Satie", "theft")),
        entries(("Satie", "unknown"), ("satie", "unknown")),
        entries(("-", "unknown")),
        {"form-TOTAL_FORMS": "x", "form-INITIAL_FORMS": "0"},
        {"form-TOTAL_FORMS": "1000000", "form-INITIAL_FORMS": "0"},
    ],
)
def test_a_bad_list_changes_nothing(owner_client, data):
    assert owner_client.post(URL, data).status_code == 400
    assert training_composers() == DEFAULT_COMPOSERS


def test_what_is_in_copyright_is_confirmed_by_name_and_taken_back(owner_client, owner):
    one, two = piece(title="Una mattina"), piece(title="Nuvole bianche")
    free = piece("Satie")
    url = reverse("confirm_rights", args=["training"])
    assert "2 wait" in owner_client.get(URL).content.decode()
    page = owner_client.get(url).content.decode()
    assert [title in page for title in ("Una mattina", "Nuvole bianche", free.public_id)] == [True, True, False]
    assert owner_client.post(url, {"piece": [one.public_id]}).status_code == 302
    row = RightsConfirmation.objects.get()
    assert (row.by, row.purpose, [entry["title"] for entry in row.named]) == (owner, "training", ["Una mattina"])
    assert (training_bar(one), training_bar(two) == "") == ("", False)
    assert unconfirmed(pieces=[one], purpose=Purpose.LEAVING) == [one]
    assert "Una mattina" in owner_client.get(URL).content.decode()
    owner_client.post(url, {"piece": [one.public_id], "answer": "back"})
    assert training_bar(one) != ""


def test_without_a_piece_nothing_is_confirmed(owner_client):
    url = reverse("confirm_rights", args=["leaving"])
    for data in ({}, {"piece": ["nobody"]}, {"piece": [piece("Satie").public_id]}):
        assert "No piece is named" in owner_client.post(url, data, follow=True).content.decode()
    assert not RightsConfirmation.objects.exists()
    assert owner_client.get(reverse("confirm_rights", args=["selling"])).status_code == 404


def test_a_source_says_its_terms_for_all_of_its_pieces(owner_client):
    source = Source.objects.create(name="Edition")
    bound = piece("Satie", source=source)
    url = reverse("source", args=[source.pk])
    assert "holds for 1 piece." in owner_client.get(url).content.decode()
    data = {"name": "Edition of 2020", "rights": "own_copy", "licence": "", "url": "https://example.org/x", "note": ""}
    assert owner_client.post(url, data).status_code == 302
    bound.refresh_from_db()
    assert (bound.source.name, bound.source.rights) == ("Edition of 2020", "own_copy")
    assert "edition of 2020" in bound.words
    assert training_bar(bound) != ""


@pytest.mark.parametrize(
    "data",
    [
        {"name": "", "rights": "unknown"},
        {"name": "x", "rights": "theft"},
        {"name": "x", "rights": "unknown", "url": "javascript:alert(1)"},
        {"name": "Taken", "rights": "unknown"},
    ],
)
def test_a_bad_source_is_refused_in_words(owner_client, data):
    Source.objects.create(name="Taken")
    source = Source.objects.create(name="Edition")
    answer = owner_client.post(reverse("source", args=[source.pk]), data)
    assert answer.status_code == 400
    source.refresh_from_db()
    assert source.name == "Edition"


def test_who_may_not(client, rater_client):
    source = Source.objects.create(name="Edition")
    for url in (URL, reverse("confirm_rights", args=["training"]), reverse("source", args=[source.pk])):
        for method in ("get", "post"):
            assert getattr(client, method)(url).status_code == 302
            assert getattr(rater_client, method)(url).status_code == 403
    assert rater_client.get(reverse("source", args=[source.pk])).status_code == 403


def test_unknown_sources_and_wrong_methods(owner_client):
    assert owner_client.get(reverse("source", args=[99])).status_code == 404
    assert owner_client.put(URL).status_code == 405

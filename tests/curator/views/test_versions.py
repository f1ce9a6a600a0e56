"""The editor, the comparison, the way back: work, refuse, and are the owner's."""

import pytest
from django.urls import reverse

from curator.domain.versions import revise_piece
from curator.models.library import PieceVersion
from tests.factories import ABC, make_version

pytestmark = pytest.mark.django_db

OTHER = ABC.replace("e2 d2 c2", "g2 f2 e2")


def test_the_editor_keeps_a_new_version_and_goes_to_it(owner_client, owner):
    first = make_version()
    url = reverse("edit_score", args=[first.public_id])
    assert ABC.replace('"', "&quot;") in owner_client.get(url).content.decode()
    response = owner_client.post(url, {"abc": OTHER, "do": "save"}, follow=True)
    made = PieceVersion.objects.get(number=2)
    assert response.redirect_chain == [(reverse("score", args=[made.public_id]), 302)]
    assert "This is version 2 now." in response.content.decode()
    assert (made.parent, made.created_by, made.abc) == (first, owner, OTHER)


def test_the_editor_checks_without_keeping(owner_client):
    url = reverse("edit_score", args=[make_version().public_id])
    html = owner_client.post(url, {"abc": OTHER, "do": "check"}).content.decode()
    assert "This can be kept." in html
    assert "2 bars, 15 notes." in html
    assert OTHER.replace('"', "&quot;") in html
    assert PieceVersion.objects.count() == 1


def test_the_editor_gives_a_wrong_text_back_with_the_reason(owner_client):
    url = reverse("edit_score", args=[make_version().public_id])
    for do in ("check", "save"):
        response = owner_client.post(url, {"abc": "%%abc-include /etc/passwd\n<b>" + ABC, "do": do})
        html = response.content.decode()
        assert response.status_code == 400
        assert "A score must not include another file." in html
        assert "%%abc-include /etc/passwd\n&lt;b&gt;" in html
        assert "root:" not in html
    assert PieceVersion.objects.count() == 1


def test_versions_are_compared_bar_by_bar_older_first(owner_client):
    first = make_version()
    second = revise_piece(version=first, abc=OTHER)
    for pair in ((first, second), (second, first)):
        html = owner_client.get(reverse("compare_scores", args=[one.public_id for one in pair])).content.decode()
        assert "1 line differs." in html
        assert html.index("<del>") < html.index("<ins>")
        assert "e2 d2 c2" in html[html.index("<del>") : html.index("</del>")]
    other = make_version()
    assert owner_client.get(reverse("compare_scores", args=[first.public_id, other.public_id])).status_code == 404


def test_going_back_makes_a_new_version_and_only_once(owner_client):
    first = make_version()
    revise_piece(version=first, abc=OTHER)
    url = reverse("bring_back", args=[first.public_id])
    assert "Version 1 is back, as version 3." in owner_client.post(url, follow=True).content.decode()
    assert "The newest version has this text already." in owner_client.post(url, follow=True).content.decode()
    assert PieceVersion.objects.count() == 3


def test_wrong_methods_and_nothing(owner_client):
    version = make_version()
    assert owner_client.get(reverse("bring_back", args=[version.public_id])).status_code == 405
    assert owner_client.delete(reverse("edit_score", args=[version.public_id])).status_code == 405
    assert owner_client.get(reverse("edit_score", args=["nothing"])).status_code == 404

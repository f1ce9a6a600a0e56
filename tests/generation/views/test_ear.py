import re
from datetime import timedelta

import pytest
from django.urls import reverse

from curator import jobs
from curator.models.jobs import Job
from curator.models.library import Origin, Piece
from curator.models.ranking import Pair
from generation.domain.ear import read_ear, request_scores, style_pieces
from generation.domain.encoders import encoder_in_use
from generation.models.encoders import Encoder
from tests.factories import ABC, make_cue, make_take, make_version
from tests.generation.encoding import other_notes, small_encoder

pytestmark = pytest.mark.django_db


@pytest.fixture
def cue():
    made = make_cue()
    for step in range(3):
        piece = Piece.objects.create(title=f"take {step}", origin=Origin.GENERATED)
        make_take(cue=made, version=make_version(piece=piece, abc=other_notes(ABC, 20 + step)))
    return made


def page_of(cue, client):
    return client.get(reverse("ear", args=[cue.film.slug, cue.number])).content.decode()


def library():
    owner = Piece.objects.create(title="Gymnopédie", composer="Satie, Erik", origin=Origin.CORPUS)
    return make_version(piece=owner, abc=other_notes(ABC, 21))


def scored(cue):
    jobs.execute(request_scores(cue=cue).pk)


def test_without_an_encoder_the_page_says_where_to_get_one(cue, owner_client):
    page = page_of(cue, owner_client)
    assert "No encoder is here yet" in page
    assert "docs/runbooks/clamp.md" in page


def test_the_button_asks_a_worker_and_the_page_then_shows_places(cue, owner_client, tmp_path):
    small_encoder(tmp_path)
    library()
    assert "Place 3 takes" in page_of(cue, owner_client)
    assert owner_client.post(reverse("ear_score", args=[cue.film.slug, cue.number])).status_code == 302
    job = Job.objects.get(kind="generation.score")
    assert "A worker reads the takes" in page_of(cue, owner_client)
    address = reverse("ear", args=[cue.film.slug, cue.number])
    assert owner_client.get(address, headers={"HX-Request": "true"}).status_code == 204
    jobs.execute(job.pk)
    assert owner_client.get(address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    page = page_of(cue, owner_client)
    assert all(f"Take {number}" in page for number in (1, 2, 3))
    assert page.count("<circle") >= 6
    assert "Gymnopédie" in page
    assert "near copy" in page
    assert "Place 3 takes" not in page


def test_takes_stand_in_the_order_that_is_asked_for(cue, owner_client, tmp_path):
    small_encoder(tmp_path)
    library()
    scored(cue)
    heard = list(read_ear(cue=cue).heard.values())

    def numbers(by):
        page = owner_client.get(reverse("ear", args=[cue.film.slug, cue.number]), {"by": by}).content.decode()
        return [int(number) for number in re.findall(r">Take (\d+)</a>", page)]

    for by, place in (("style", "nearest"), ("brief", "fit"), ("nonsense", "nearest")):
        wanted = sorted(heard, key=lambda one, place=place: (getattr(one, place), one.take.number))
        assert numbers(by) == [one.take.number for one in wanted]
    assert numbers("number") == [1, 2, 3]


def test_the_desk_shows_the_places_but_not_while_takes_are_compared(cue, owner, owner_client, tmp_path):
    small_encoder(tmp_path)
    library()
    scored(cue)
    desk = reverse("desk", args=[cue.film.slug, cue.number])
    assert owner_client.get(desk).content.decode().count("near the style") == 3
    left, right = cue.takes.all()[:2]
    Pair.objects.create(cue=cue, rater=owner, left=left, right=right, side_seed="s", policy="eig", probability=1)
    assert "near the style" not in owner_client.get(desk).content.decode()


def test_another_encoder_is_chosen_and_the_hash_is_shown(cue, owner_client, tmp_path):
    first = small_encoder(tmp_path)
    second = Encoder.objects.create(name="Other", family="CLaMP 2", sha256="e" * 64, size=1, dim=8,
                                    chosen_at=first.chosen_at - timedelta(days=1))  # fmt: skip
    assert first.sha256 in page_of(cue, owner_client)
    address = reverse("ear_encoder", args=[cue.film.slug, cue.number])
    owner_client.post(address, {"encoder": second.public_id})
    assert encoder_in_use() == second
    assert second.sha256 in page_of(cue, owner_client)
    owner_client.post(address, {"encoder": "nobody"})
    assert encoder_in_use() == second


def test_places_are_hidden_while_a_pair_of_the_cue_is_open(cue, owner, owner_client, tmp_path):
    small_encoder(tmp_path)
    library()
    scored(cue)
    left, right = cue.takes.all()[:2]
    pair = Pair.objects.create(cue=cue, rater=owner, left=left, right=right, side_seed="s", policy="eig", probability=1)
    page = page_of(cue, owner_client)
    assert "You are listening blind" in page
    assert "near copy" not in page
    pair.delete()
    assert "near copy" in page_of(cue, owner_client)


def test_the_style_is_chosen_among_what_the_library_has(cue, owner_client, tmp_path):
    small_encoder(tmp_path)
    library()
    czerny = Piece.objects.create(title="Étude", composer="Czerny", origin=Origin.CORPUS)
    make_version(piece=czerny)
    address = reverse("ear_style", args=[cue.film.slug, cue.number])
    owner_client.post(address, {"composers": ["Czerny"]})
    assert list(style_pieces(cue.film)) == [czerny]
    assert "Czerny" in page_of(cue, owner_client)
    owner_client.post(address, {"composers": ["Nobody"]})
    assert list(style_pieces(cue.film)) == [czerny]


def test_it_asks_a_constant_number_of_questions(cue, owner_client, tmp_path, django_assert_max_num_queries):
    small_encoder(tmp_path)
    library()
    scored(cue)
    with django_assert_max_num_queries(32):
        page_of(cue, owner_client)


def test_only_the_owner_sees_it(cue, rater_client, client):
    for browser, status in ((rater_client, 403), (client, 302)):
        assert browser.get(reverse("ear", args=[cue.film.slug, cue.number])).status_code == status

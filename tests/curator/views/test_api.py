import hashlib
import io
import json
import zipfile

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from curator.domain.approvals import revoke_approval
from curator.domain.tokens import CALLS_A_MINUTE, FETCH, LIST, make_token, revoke_token
from curator.models.delivery import ApiToken, DeliveredCue, Delivery
from curator.views.api import api
from tests.curator.delivery_scene import lantern, lit_cue, overfull, scored_cue

pytestmark = pytest.mark.django_db


@pytest.fixture
def film(db):
    return lantern(slug="lantern")


def machine(owner, *, film=None, scopes=(LIST, FETCH)) -> Client:
    """A client without cookies that sends a new token."""
    _row, text = make_token(name="dd", scopes=list(scopes), film=film, days=7, by=owner)
    return Client(headers={"Authorization": f"Bearer {text}"})


def test_a_script_lists_and_fetches_approved_cues(owner, film):
    cue = lit_cue(film, owner)
    lit_cue(film, owner, musicxml=overfull())
    scored_cue(film)
    client = machine(owner)
    [told] = client.get("/api/films").json()
    assert told == {
        "slug": "lantern",
        "title": "Die kleine Laterne",
        "fps": "24",
        "approved": 2,
        "cues_url": "/api/films/lantern/cues",
        "package_url": "/api/films/lantern/package",
    }
    listed = client.get(told["cues_url"]).json()
    assert [(cue["number"], cue["version"], cue["bars"], cue["seconds"], cue["fits"]) for cue in listed["cues"]] == [
        ("1m1", 1, 2, 7.218, True)
    ]
    [problem] = listed["problems"]
    assert (problem["number"], problem["about"]) == ("1m2", "bars")
    files = listed["cues"][0]["files"]
    assert [file["name"] for file in files] == [f"1m1_dachboden_v1.{kind}" for kind in ("musicxml", "mid", "abc")]
    for file in files:
        answer = client.get(file["url"])
        assert answer.status_code == 200
        assert answer["Content-Disposition"] == f'attachment; filename="{file["name"]}"'
        assert (len(answer.content), hashlib.sha256(answer.content).hexdigest()) == (file["bytes"], file["sha256"])
        assert answer["ETag"] == f'"{file["sha256"]}"'
        assert not answer.cookies
    assert set(Delivery.objects.values_list("channel", flat=True)) == {"api"}
    assert set(DeliveredCue.objects.values_list("cue", flat=True)) == {cue.pk}


def test_what_is_known_is_not_sent_again_and_a_range_is_only_that(owner, film):
    lit_cue(film, owner)
    client = machine(owner)
    url = reverse("api:cue_file", args=["lantern", "1m1", "musicxml"])
    whole = client.get(url)
    Delivery.objects.all().delete()
    known = client.get(url, headers={"If-None-Match": whole["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    part = client.get(url, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, whole.content[5:10])
    assert part["Content-Range"] == f"bytes 5-9/{len(whole.content)}"
    assert client.get(url, headers={"Range": "bytes=99999999-"}).status_code == 416
    assert whole["Cache-Control"] == "private, no-cache"
    assert not Delivery.objects.exists()
    listed = client.get("/api/films/lantern/cues")
    assert client.get("/api/films/lantern/cues", headers={"If-None-Match": listed["ETag"]}).status_code == 304


def test_the_package_is_that_of_the_page(owner, owner_client, film):
    lit_cue(film, owner)
    answer = machine(owner).get("/api/films/lantern/package")
    assert answer.content == owner_client.post(reverse("deliver_film", args=["lantern"])).content
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert json.loads(archive.read("manifest.json"))["film"]["slug"] == "lantern"
    assert Delivery.objects.get().channel == "api"


PATHS = ["/api/films", "/api/films/lantern/cues", "/api/films/lantern/package", "/api/films/lantern/cues/1m1/mid"]


@pytest.mark.parametrize("path", PATHS)
def test_no_call_is_answered_without_a_good_token(owner, owner_client, film, path):
    lit_cue(film, owner)
    row, text = make_token(name="dd", scopes=[LIST, FETCH], film=None, days=7, by=owner)
    good = {"Authorization": f"Bearer {text}"}
    assert Client().get(path, headers=good).status_code == 200
    assert Client().get(path, headers={"Authorization": f"bearer {text}"}).status_code == 200
    wrong = [{}, {"Authorization": text}, {"Authorization": f"Basic {text}"}, {"Authorization": "Bearer "}]
    for headers in wrong:
        answer = Client().get(path, headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"detail": "No good token."})
        assert answer["WWW-Authenticate"] == 'Bearer realm="cuewright"'
    assert owner_client.get(path).status_code == 401  # a cookie counts for nothing
    assert Client().get(f"{path}?token={text}").status_code == 401
    revoke_token(token=row)
    assert Client().get(path, headers=good).status_code == 401
    assert Client().post(path, headers=good).status_code == 405


def test_every_operation_wants_a_token():
    told = api.get_openapi_schema()
    operations = {path: list(methods.items()) for path, methods in told["paths"].items()}
    assert len(operations) == len(PATHS)
    for path, [(method, operation)] in operations.items():
        assert (method, operation["security"]) == ("get", [{"Token": []}]), path


def test_a_token_does_only_what_it_may(owner, film):
    lit_cue(film, owner)
    only_list = machine(owner, scopes=[LIST])
    assert only_list.get("/api/films/lantern/cues").status_code == 200
    assert only_list.get("/api/films/lantern/cues/1m1/mid").status_code == 403
    assert only_list.get("/api/films/lantern/package").status_code == 403
    only_fetch = machine(owner, scopes=[FETCH])
    assert only_fetch.get("/api/films").status_code == 403
    assert only_fetch.get("/api/films/lantern/cues/1m1/mid").status_code == 200
    assert not Delivery.objects.exclude(channel="api").exists()


def test_a_token_of_one_film_sees_no_other(owner, film):
    lit_cue(film, owner)
    lit_cue(lantern(slug="secret"), owner)
    client = machine(owner, film=film)
    assert [told["slug"] for told in client.get("/api/films").json()] == ["lantern"]
    for path in ("cues", "package", "cues/1m1/mid"):
        assert client.get(f"/api/films/secret/{path}").status_code == 404
        assert client.get(f"/api/films/lantern/{path}").status_code == 200


def test_too_many_calls_are_told_when_to_come_again(owner, film):
    client = machine(owner)
    assert client.get("/api/films").status_code == 200
    ApiToken.objects.update(calls=CALLS_A_MINUTE)
    answer = client.get("/api/films")
    assert (answer.status_code, answer.json()) == (429, {"detail": "Too many calls with this token."})
    assert 1 <= int(answer["Retry-After"]) <= 60


def test_what_is_not_there_and_what_cannot_go_is_said(owner, film):
    cue = lit_cue(film, owner)
    lit_cue(film, owner, musicxml=overfull())
    client = machine(owner)
    assert client.get("/api/films/lantern/cues/9m9/mid").status_code == 404
    assert client.get("/api/films/lantern/cues/1m1/pdf").status_code == 422
    assert client.get("/api/films/nowhere/cues").status_code == 404
    refused = client.get("/api/films/lantern/cues/1m2/mid")
    assert refused.status_code == 409
    assert refused.json()["detail"].startswith("Bar 1 holds 4 quarter notes")
    revoke_approval(cue=cue, by=owner)
    assert client.get("/api/films/lantern/cues/1m1/mid").status_code == 404
    assert client.get("/api/films/lantern/package").status_code == 409
    assert client.get("/api/films/lantern/cues").json()["cues"] == []


def test_the_description_is_open_and_that_of_the_docs():
    assert Client().get("/api/openapi.json").json() == json.loads(json.dumps(api.get_openapi_schema()))
    call_command("schemas", "--check")

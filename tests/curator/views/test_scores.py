"""The score page: works, needs the owner, other states, wrong methods, a constant number of queries."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from curator.domain.rendering import MP3_JOB, RENDER_JOB, make_rendering, rendering_key
from curator.domain.versions import bring_back, revise_piece
from curator.jobs import execute
from curator.models.jobs import Job
from curator.models.library import Piece, PieceVersion, Rendering, RenderingState
from curator.views import scores
from tests.factories import make_cue, make_take, make_version

pytestmark = pytest.mark.django_db

SCORES = Path(__file__).resolve().parents[2] / "golden" / "scores"
BROKEN = "<score-partwise><part-list/></score-partwise>"


def repeat_version(**fields) -> PieceVersion:
    piece = Piece.objects.create(title="Hin & her", composer="Test", origin="uploaded", **fields)
    return make_version(piece=piece, musicxml=(SCORES / "repeat.musicxml").read_text(), facts={"key": "C major"})


def page_of(version: PieceVersion) -> str:
    return reverse("score", args=[version.public_id])


def body(response: Any) -> bytes:
    async def collect() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return asyncio.run(collect()) if response.streaming else bytes(response.content)


def test_score_shows_its_pages_facts_and_player(owner_client):
    version = repeat_version()
    make_rendering(version=version)
    response = owner_client.get(page_of(version))
    html = response.content.decode()
    assert response.status_code == 200
    assert "Hin &amp; her" in html
    assert 'class="staff"' in html
    assert "C major" in html
    assert "Ambitus, C2 to G5" in html
    assert "<style" not in html
    assert " style=" not in html
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_score_says_key_and_making_as_a_musician_would(owner_client):
    making = {
        "checkpoint": "6f9824e292a1" + "0" * 52,
        "checkpoint_name": "Demo",
        "seed": 7,
        "sampling": {"top_k": 9, "top_p": 0.95, "temperature": 0.85, "rows": 8},
    }
    version = repeat_version(making=making)
    PieceVersion.objects.update(facts={"key": "Dmin", "metre": "3/4"})
    html = owner_client.get(page_of(version)).content.decode()
    for words in ("<dd>D minor</dd>", "<dd>Demo, 6f9824e2</dd>", "<dd>top-k 9, top-p 0.95, t 0.85</dd>"):
        assert words in html


def test_score_player_knows_sound_and_times_of_the_notes_on_the_page(owner_client):
    version = repeat_version()
    make_rendering(version=version)
    html = owner_client.get(page_of(version)).content.decode()
    attributes = dict(re.findall(r'(data-[\w-]+)="([^"]*)"', html[html.index("<footer") :]))
    timemap = json.loads(body(owner_client.get(attributes["data-timemap"])))
    assert attributes["data-player-notes"] == "w n"
    assert {f'id="w-{note}"' in html for _seconds, _bar, on, _off in timemap["moments"] for note in on} == {True}
    sound = owner_client.get(attributes["data-player-src"], headers={"Range": "bytes=0-3"})
    assert (sound.status_code, body(sound)) == (206, b"OggS")


def test_score_that_waits_asks_again_and_is_loaded_when_done(owner_client):
    version = repeat_version()
    url = page_of(version)
    assert b"Being engraved" in owner_client.get(url).content
    assert owner_client.get(url, headers={"HX-Request": "true"}).status_code == 204
    job = Job.objects.get(kind=RENDER_JOB)
    execute(job.pk)
    answer = owner_client.get(url, headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"
    assert b"every 2s" not in owner_client.get(url).content


def test_score_that_failed_says_why_and_can_be_tried_again(owner_client):
    version = make_version(musicxml=BROKEN)
    made = make_rendering(version=version)
    assert b"The score has no bars." in owner_client.get(page_of(version)).content
    response = owner_client.post(reverse("render_again", args=[version.public_id]))
    assert (response.status_code, response["Location"]) == (302, page_of(version))
    made.engraving.refresh_from_db()
    assert made.engraving.state == RenderingState.PENDING
    assert Job.objects.get().kind == RENDER_JOB


def test_score_without_sound_shows_its_pages_and_says_why(owner_client, settings, tmp_path):
    settings.PIANO_SAMPLES = tmp_path
    version = repeat_version()
    make_rendering(version=version)
    html = owner_client.get(page_of(version)).content.decode()
    assert 'class="staff"' in html
    assert "The recordings of the piano are missing" in html
    assert "data-player-src" not in html


def test_score_in_german_translates_the_sentence_of_a_failure(owner_client):
    version = make_version(musicxml=BROKEN)
    make_rendering(version=version)
    html = owner_client.get(page_of(version), headers={"Accept-Language": "de"}).content.decode()
    assert "Die Partitur hat keine Takte." in html


def test_score_as_text_is_escaped(owner_client):
    version = make_version(abc="%<script>alert(1)</script>\n")
    html = owner_client.get(page_of(version) + "?view=abc").content.decode()
    assert "%&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_score_by_the_id_of_its_piece_is_the_newest_version(owner_client):
    version = repeat_version()
    newer = make_version(piece=version.piece, abc="% newer\n")
    html = owner_client.get(reverse("score", args=[version.piece.public_id]) + "?view=abc").content.decode()
    assert newer.abc.strip() in html


def test_take_sounds_at_the_tempo_of_its_cue(owner_client):
    cue = make_cue(tempo_map=[[1, 90]])
    take = make_take(cue=cue, version=repeat_version())
    url = reverse("take", args=[cue.film.slug, cue.number, take.number])
    made = make_rendering(version=take.version, tempo_map=cue.tempo_map)
    html = owner_client.get(url).content.decode()
    assert f'data-player-key="{made.sound.key[:16]}"' in html
    assert made.engraving.seconds == pytest.approx(5 * 4 * 60 / 90, abs=0.01)
    assert "4 <small>of 16 bars</small>" in html


def test_render_again_of_a_take_goes_back_to_it(owner_client):
    cue = make_cue()
    take = make_take(cue=cue, version=make_version(musicxml=BROKEN))
    make_rendering(version=take.version, tempo_map=cue.tempo_map)
    response = owner_client.post(reverse("render_again", args=[take.version.public_id]), {"cue": cue.public_id})
    assert response["Location"] == reverse("take", args=[cue.film.slug, cue.number, take.number])
    assert Job.objects.count() == 1


def test_score_musicxml_is_a_file_of_its_name(owner_client):
    version = repeat_version()
    response = owner_client.get(reverse("score_musicxml", args=[version.public_id]))
    assert response["Content-Disposition"] == 'attachment; filename="hin-her.musicxml"'
    assert response.content.decode() == version.musicxml
    assert owner_client.get(reverse("score_musicxml", args=[make_version().public_id])).status_code == 404


def test_sound_mp3_waits_for_the_worker(owner_client, monkeypatch):
    monkeypatch.setattr(scores, "MP3_WAIT_SECONDS", 0.0)
    monkeypatch.setattr(scores, "MP3_POLL_SECONDS", 0.01)
    sound = make_rendering(version=repeat_version()).sound
    url = reverse("sound_mp3", args=[sound.key])
    assert owner_client.get(url).status_code == 503
    execute(Job.objects.get(kind=MP3_JOB).pk)
    answer = owner_client.get(url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "audio/mpeg")
    assert body(answer)[:3] in (b"ID3", b"\xff\xfb\x94", b"\xff\xfb\x90")
    assert owner_client.get(reverse("sound_mp3", args=["0" * 64])).status_code == 404


def test_continuous_score_is_drawn_when_it_is_asked_for(owner_client):
    version = repeat_version()
    url = page_of(version) + "?view=continuous"
    assert b"Being engraved" in owner_client.get(url).content
    assert not Rendering.objects.filter(target="strip").exists()  # first the pages and the sound
    make_rendering(version=version)
    html = owner_client.get(url).content.decode()
    assert "?view=continuous" in re.findall(r'hx-get="([^"]+)" hx-trigger="every 2s"', html)[0]
    execute(Job.objects.get(kind="curator.strip").pk)
    assert owner_client.get(url, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    html = owner_client.get(url).content.decode()
    assert "every 2s" not in html
    assert html.count('class="measure"') == 4
    assert 'data-player-notes="c"' in html
    timemap = re.findall(r'data-timemap="([^"]*)"', html)[0]
    moments = json.loads(body(owner_client.get(timemap)))["moments"]
    assert {f'id="c-{note}"' in html for _seconds, _bar, on, _off in moments for note in on} == {True}


def test_continuous_score_that_failed_says_why(owner_client):
    version = repeat_version()
    make_rendering(version=version)
    Rendering.objects.create(
        key=rendering_key(version=version, tempo_map=(), target="strip"),
        version=version, target="strip", renderer="r", state="failed", error="The score has no bars.",
    )  # fmt: skip
    html = owner_client.get(page_of(version) + "?view=continuous").content.decode()
    assert "The score has no bars." in html
    owner_client.post(reverse("render_again", args=[version.public_id]), {"strip": "1"})
    assert Job.objects.get().kind == "curator.strip"


def test_size_stands_in_the_address_and_has_ends(owner_client):
    version = repeat_version()
    make_rendering(version=version)
    html = owner_client.get(page_of(version) + "?size=200").content.decode()
    assert 'data-size="200"' in html
    assert 'href="?size=150"' in html
    assert 'data-key="+ =" aria-disabled="true"' in html
    assert 'data-size="100"' in owner_client.get(page_of(version) + "?size=3000").content.decode()


def test_score_tells_its_certainty_marks_and_place_in_the_library(owner_client):
    version = repeat_version()
    facts = {"key": "Dmin", "certainty": 0.84, "marks": [[1, 60], [9, 72]], "repetition": 0.5, "register": 62.6}
    PieceVersion.objects.update(facts=facts)
    make_rendering(version=version)
    html = owner_client.get(page_of(version)).content.decode()
    assert "clear (0.84)" in html
    assert "2 tempo marks" in html
    assert "bar 9" in html
    for words in ("Against the library", "Notes a second", "ostinato"):
        assert words in html


def test_facts_that_an_old_version_lacks_are_read_from_its_text(owner_client):
    version = make_version()
    html = owner_client.get(page_of(version)).content.decode()
    assert "<dd>C major</dd>" in html
    assert '<dd class="cap">unclear (0.66)</dd>' in html


def test_score_lists_its_versions_and_where_they_come_from(owner_client, owner):
    first = make_version(original_name="waltz.mxl")
    second = revise_piece(version=first, abc=first.abc.replace("e2", "g2"), created_by=owner)
    third = bring_back(version=first)
    html = owner_client.get(page_of(second)).content.decode()
    for words in ("waltz.mxl", f"edited from version 1, {owner}", "as version 1"):
        assert words in html
    for row in (first, third):
        assert reverse("compare_scores", args=[second.public_id, row.public_id]) in html
    assert reverse("bring_back", args=[third.public_id]) not in html  # it is the newest


PAGES = ["score", "score_musicxml", "render_again"]


@pytest.mark.parametrize("name", [*PAGES, "take", "sound_mp3"])
def test_score_pages_are_for_the_owner_alone(name, rater_client):
    take = make_take()
    arguments = {
        "take": [take.cue.film.slug, take.cue.number, take.number],
        "sound_mp3": ["0" * 64],
    }.get(name, [take.version.public_id])
    url = reverse(name, args=arguments)
    send = "post" if name == "render_again" else "get"
    assert getattr(rater_client, send)(url).status_code == 403
    refused = getattr(Client(), send)(url)
    assert refused.status_code == 302
    assert refused["Location"].startswith(reverse("sign_in"))


@pytest.mark.parametrize("name", PAGES)
def test_score_pages_of_nothing_are_404(name, owner_client):
    url = reverse(name, args=["no-such-id"])
    assert getattr(owner_client, "post" if name == "render_again" else "get")(url).status_code == 404


def test_score_pages_refuse_the_wrong_method(owner_client):
    version = make_version()
    assert owner_client.post(page_of(version)).status_code == 405
    assert owner_client.get(reverse("render_again", args=[version.public_id])).status_code == 405
    assert owner_client.get(reverse("take", args=["no", "1m1", 1])).status_code == 404


def test_score_page_needs_as_many_queries_for_many_pages_as_for_one(owner_client, django_assert_max_num_queries):
    version = repeat_version()
    make_rendering(version=version)
    for _ in range(3):
        make_version(piece=version.piece)
    owner_client.get(page_of(version))
    with django_assert_max_num_queries(16):
        owner_client.get(page_of(version))

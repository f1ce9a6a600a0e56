"""The media view: authorised, ranges, ETag, headers, bounded pieces."""

import asyncio
import hashlib

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from curator.domain.media import store_media
from curator.models.library import MediaFile
from curator.views.media import CHUNK, media_url

pytestmark = pytest.mark.django_db
DATA = bytes(range(256)) * 4


@pytest.fixture
def url(owner):
    return media_url(store_media(data=DATA, suffix=".opus"), owner)


def body(response) -> bytes:
    return b"".join(response) if response.streaming else response.content


async def _collect(stream) -> list[bytes]:
    return [piece async for piece in stream]


def get(client, url, **headers):
    response = client.get(url, headers=headers)
    content = b"".join(asyncio.run(_collect(response.streaming_content))) if response.streaming else response.content
    return response, content


def test_the_whole_file_comes_with_safe_headers(owner_client, url):
    response, content = get(owner_client, url)
    assert (response.status_code, content) == (200, DATA)
    assert response["Content-Type"] == "audio/ogg"
    assert response["Content-Length"] == "1024"
    assert response["Accept-Ranges"] == "bytes"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("asked", "status", "answer", "content_range"),
    [
        ("bytes=0-3", 206, DATA[:4], "bytes 0-3/1024"),
        ("bytes=1020-", 206, DATA[1020:], "bytes 1020-1023/1024"),
        ("bytes=-4", 206, DATA[-4:], "bytes 1020-1023/1024"),
        ("bytes=1000-9999", 206, DATA[1000:], "bytes 1000-1023/1024"),
        ("bytes=1024-", 416, b"", "bytes */1024"),
        ("bytes=5-2", 416, b"", "bytes */1024"),
        ("bytes=-0", 416, b"", "bytes */1024"),
        ("bytes=0-1,4-5", 200, DATA, None),
        ("bytes=-", 200, DATA, None),
        ("lines=1-2", 200, DATA, None),
        (f"bytes={'9' * 5000}-", 200, DATA, None),
        (f"bytes=0-{'9' * 5000}", 200, DATA, None),
    ],
)
def test_ranges(owner_client, url, asked, status, answer, content_range):
    response, content = get(owner_client, url, range=asked)
    assert (response.status_code, content, response.get("Content-Range")) == (status, answer, content_range)


def test_etag_saves_a_second_transfer_and_guards_a_resumed_one(owner_client, url):
    etag = get(owner_client, url)[0]["ETag"]
    assert get(owner_client, url, **{"if-none-match": etag})[0].status_code == 304
    assert get(owner_client, url, **{"if-range": '"other"', "range": "bytes=0-3"})[0].status_code == 200


def test_head_says_the_size_and_sends_nothing(owner_client, url):
    response = owner_client.head(url)
    assert (response["Content-Length"], response.content) == ("1024", b"")


def test_the_url_is_good_for_its_user_alone(rater_client, url):
    assert rater_client.get(url).status_code == 404


def test_needs_sign_in(url):
    assert Client().get(url).status_code == 302


def test_other_methods_are_refused(owner_client, url):
    assert owner_client.post(url).status_code == 405


def test_a_forged_token_is_not_found(owner_client):
    assert owner_client.get("/media/abc:def/").status_code == 404


def test_a_lost_file_is_not_found(owner_client, owner, settings):
    media = store_media(data=b"gone", suffix=".opus")
    (settings.MEDIA_ROOT / media.name).unlink()
    assert owner_client.get(media_url(media, owner)).status_code == 404


def test_a_large_file_comes_in_small_pieces(owner):
    data = b"x" * (3 * CHUNK + 5)
    url = media_url(store_media(data=data, suffix=".opus"), owner)

    async def fetch() -> list[int]:
        client = AsyncClient()
        await client.aforce_login(owner)
        response = await client.get(url)
        return [len(piece) async for piece in response]  # type: ignore[attr-defined]  # a streaming one

    assert async_to_sync(fetch)() == [CHUNK, CHUNK, CHUNK, 5]


def test_the_same_bytes_are_kept_once(settings):
    first = store_media(data=b"same", suffix=".svg")
    second = store_media(data=b"same", suffix=".svg")
    sha256 = hashlib.sha256(b"same").hexdigest()
    assert (first.pk, first.name) == (second.pk, f"{sha256[:2]}/{sha256}.svg")
    assert MediaFile.objects.count() == 1
    assert [path.name for path in settings.MEDIA_ROOT.rglob("*.svg")] == [f"{sha256}.svg"]


def test_a_file_cut_short_by_a_crash_is_written_again(settings):
    media = store_media(data=b"whole", suffix=".svg")
    (settings.MEDIA_ROOT / media.name).write_bytes(b"wh")
    store_media(data=b"whole", suffix=".svg")
    assert (settings.MEDIA_ROOT / media.name).read_bytes() == b"whole"

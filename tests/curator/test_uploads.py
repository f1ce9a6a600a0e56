"""What is too large is refused before Django, which would keep it on the disk first, has seen it."""

import asyncio

import pytest

from curator.uploads import MOST_AT_ONCE, BoundedBody

MOST = MOST_AT_ONCE * 1024 * 1024


@pytest.fixture(autouse=True)
def _one_megabyte(settings):
    settings.MAX_UPLOAD_MB = 1


class Reader:
    """An application that reads the whole body as Django does, and says how much came."""

    def __init__(self):
        self.taken = 0

    async def __call__(self, scope, receive, send):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            self.taken += len(message["body"])
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def post(reader, *, pieces, piece=1024 * 1024, stated=None):
    """The status of a request that announces `stated` bytes and sends `pieces` of `piece` bytes."""
    left = iter(range(pieces, 0, -1))
    sent = []

    async def receive():
        return {"type": "http.request", "body": bytes(piece), "more_body": next(left) > 1}

    async def send(message):
        sent.append(message)

    headers = [] if stated is None else [(b"content-length", str(stated).encode())]
    asyncio.run(BoundedBody(reader)({"type": "http", "headers": headers}, receive, send))
    return [message["status"] for message in sent if message["type"] == "http.response.start"]


def test_what_may_be_sent_goes_through():
    reader = Reader()
    assert post(reader, pieces=MOST_AT_ONCE, stated=MOST) == [200]
    assert reader.taken == MOST


def test_what_announces_too_much_is_refused_unread():
    reader = Reader()
    assert post(reader, pieces=1, stated=MOST + 1) == [413]
    assert reader.taken == 0


def test_what_announces_nothing_is_counted():
    reader = Reader()
    assert post(reader, pieces=10_000) == [413]
    assert reader.taken <= MOST


@pytest.mark.parametrize("stated", ["", "-1", "many", "9" * 5000])
def test_a_length_that_is_none_is_not_believed(stated):
    reader = Reader()
    assert post(reader, pieces=1, stated=stated) in ([200], [413])


def test_the_application_that_is_served_has_the_bound():
    from curator.asgi import application

    assert isinstance(application, BoundedBody)

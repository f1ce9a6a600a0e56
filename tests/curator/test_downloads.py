"""Fetching from addresses that others wrote down."""

import gzip
import threading

import pytest

from curator.downloads import Fetcher, NotFetched, is_public
from tests.https_server import HOST, OTHER, Server, https_server


@pytest.fixture
def server():
    with https_server() as started:
        yield started


INSIDE = """127.0.0.1 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 240.0.0.1 198.18.0.1
192.0.0.8 255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:10.0.0.1 fe80::1 fe80::1%eth0 fc00::1 fec0::1 ff02::1 2002:7f00:1::
64:ff9b::7f00:1 2001::1 2001:db8::1 x"""


@pytest.mark.parametrize("address", INSIDE.split())
def test_addresses_inside_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "::ffff:8.8.8.8", "2606:2800:220:1::1"])
def test_addresses_outside_are_public(address):
    assert is_public(address)


def test_a_file_comes_with_its_name_from_the_checked_address_under_its_own_name(server: Server):
    headers = {"Content-Disposition": "attachment; filename*=UTF-8''d%2FG%C3%A9.mxl", "Content-Type": "application/zip"}
    server.answers["/x?y=%20z"] = (200, headers, b"data")
    found = server.fetcher().fetch(server.url("/x?y= z"), most=10)
    assert (found.data, found.name, found.content_type) == (b"data", "Gé.mxl", "application/zip")
    assert (server.asked, server.names) == ([(f"{HOST}:{server.port}", "/x?y=%20z")], [HOST])


def test_redirects_are_followed_and_checked_again(server: Server):
    server.answers["/a"] = (302, {"Location": server.url("/b/c.xml", OTHER)}, b"")
    server.answers["/b/c.xml"] = (200, {}, b"score")
    found = server.fetcher().fetch(server.url("/a"), most=10)
    assert (found.name, found.url, server.names) == ("c.xml", server.url("/b/c.xml", OTHER), [HOST, OTHER])


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("http://scores.example/a", "https://"),
        ("https://127.0.0.1/a", "not on the public network"),
        ("https://[::1]/a", "not on the public network"),
        ("https://inside.example/a", "not on the public network"),
        ("file:///etc/passwd", "https://"),
        ("https://me:secret@scores.example/", "user name"),
        ("https://scores.example:22/", "port"),
        ("/a", "on and on"),
    ],
)
def test_a_redirect_leads_nowhere_else(server: Server, where, reason):
    server.answers["/a"] = (302, {"Location": where}, b"")
    with pytest.raises(NotFetched, match=reason):
        server.fetcher().fetch(server.url("/a"), most=10)
    assert {host for host, _path in server.asked} == {f"{HOST}:{server.port}"}


@pytest.mark.parametrize(
    "url",
    ["http://scores.example/", "ftp://scores.example/", "file:///etc/passwd", "https://", "https:///a", "//x", "",
     "https://a b/", "https://exa\nmple.org/", "https://[::1", "https://x:99999/", "https://" + "a" * 600],
)  # fmt: skip
def test_what_is_no_address_is_not_asked(url):
    def resolver(host: str, port: int) -> tuple[str, ...]:
        raise AssertionError((host, port))

    with pytest.raises(NotFetched) as refused:
        Fetcher(resolver=resolver).fetch(url, most=10)
    assert not refused.value.again


@pytest.mark.parametrize("found", [("127.0.0.1",), ("8.8.8.8", "10.0.0.1"), ("::ffff:127.0.0.1",), ()])
def test_a_name_with_one_address_inside_is_not_asked(found):
    with pytest.raises(NotFetched, match="not on the public network"):
        Fetcher(resolver=lambda host, port: found).fetch("https://rebinding.example/", most=10)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_this_machine_is_not_asked_however_it_is_written(host):
    with pytest.raises(NotFetched, match=r"not on the public network|There is no host"):
        Fetcher().fetch(f"https://{host}/", most=10)


def test_a_certificate_of_another_name_is_not_believed(server: Server):
    fetcher = server.fetcher(resolver=lambda host, port: ("127.0.0.1",))
    with pytest.raises(NotFetched, match=r"certificate of wrong\.example is not valid"):
        fetcher.fetch(server.url("/", "wrong.example"), most=10)


@pytest.mark.parametrize(
    ("status", "reason", "again"),
    [(404, "nothing at this address", False), (410, "nothing", False), (403, "browser", False), (429, "429", True),
     (500, "500", True), (503, "503", True), (204, "204", False), (302, "where to", False)],
)  # fmt: skip
def test_answers_that_are_no_file(server: Server, status, reason, again):
    server.answers["/"] = (status, {}, b"")
    with pytest.raises(NotFetched, match=reason) as refused:
        server.fetcher().fetch(server.url("/"), most=10)
    assert refused.value.again is again


def test_size_is_bounded_whatever_the_server_says(server: Server):
    server.answers["/said"] = (200, {"Content-Length": "99999999999999999999"}, b"")
    server.answers["/unsaid"] = lambda handler: _write(handler, b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 5000)
    packed = gzip.compress(b" " * 1_000_000)
    server.answers["/packed"] = (200, {"Content-Encoding": "gzip"}, packed)
    for path in ("/said", "/unsaid", "/packed"):
        with pytest.raises(NotFetched, match="larger than 0 MB"):
            server.fetcher().fetch(server.url(path), most=2000)
    server.answers["/packed"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"score"))
    assert server.fetcher().fetch(server.url("/packed"), most=2000).data == b"score"


def test_an_answer_that_breaks_off_may_be_tried_again(server: Server):
    server.answers["/"] = lambda handler: _write(handler, b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    with pytest.raises(NotFetched, match="broke off") as refused:
        server.fetcher().fetch(server.url("/"), most=1000)
    assert refused.value.again


def test_a_server_that_drips_is_ended(server: Server):
    done = threading.Event()

    def drip(handler) -> None:
        while not done.wait(0.05):
            _write(handler, b"H")

    server.answers["/"] = drip
    try:
        with pytest.raises(NotFetched, match="did not answer") as refused:
            server.fetcher(seconds=0.5).fetch(server.url("/"), most=1000)
        assert refused.value.again
    finally:
        done.set()


def test_one_host_is_asked_slowly_and_two_hosts_at_once(server: Server):
    waited: list[float] = []
    server.answers["/"] = (200, {}, b"x")
    fetcher = server.fetcher(pause=100.0, sleep=waited.append)
    fetcher.fetch(server.url("/"), most=10)
    fetcher.fetch(server.url("/", OTHER), most=10)
    assert waited == []
    fetcher.fetch(server.url("/"), most=10)
    assert len(waited) == 1
    assert 0 < waited[0] <= 100


def _write(handler, data: bytes) -> None:
    handler.wfile.write(data)
    handler.wfile.flush()

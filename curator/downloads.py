"""Fetches files from addresses that others wrote down: https only, from public addresses only, bounded and slowly.

A name is resolved once; every address it has must be public, and the connection goes to exactly the checked one, so
that no second answer of a name server leads into this machine or its network. Each redirect is checked again.
"""

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from django.utils.translation import gettext as _

from curator.domain.errors import DomainError

MOST_REDIRECTS = 5
MOST_ADDRESS = 500
SECONDS = 60.0
PAUSE = 2.0
"""Seconds between two requests to one host."""

_AGENT = "Cuewright (a library of piano scores; one request at a time)"
# What Python 3.11 takes for global and yet leads inside: embedded IPv4 addresses, old site-local ones.
_INSIDE = tuple(
    map(
        ipaddress.ip_network,
        ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/23", "fec0::/10", "192.0.0.0/24"),
    )
)

Resolver = Callable[[str, int], Sequence[str]]


class NotFetched(DomainError):
    """Nothing came from an address; `again` when another try later may help."""

    def __init__(self, sentence: str, *, again: bool = False) -> None:
        super().__init__(sentence)
        self.again = again


@dataclass(frozen=True)
class Fetched:
    """What came: the bytes, the name the server or the address gives them, their declared type, the last address."""

    data: bytes
    name: str
    content_type: str
    url: str


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public network: no loopback, private, link-local, shared or reserved one."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_unspecified:
        return False
    return not any(ip.version == network.version and ip in network for network in _INSIDE)


def resolve(host: str, port: int) -> Sequence[str]:
    """The IP addresses of a host, in the order in which they should be tried. Raises OSError when it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass
class Fetcher:
    """Fetches one address after the other, with a pause between two requests to one host.

    The fields exist for tests: how names are resolved, which addresses and ports may be asked, whose certificates
    count, and what waiting is.
    """

    resolver: Resolver = resolve
    permitted: Callable[[str], bool] = is_public
    ports: tuple[int, ...] = (443,)
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    seconds: float = SECONDS
    pause: float = PAUSE
    sleep: Callable[[float], None] = time.sleep
    _asked: dict[str, float] = field(default_factory=dict)

    def fetch(self, url: str, *, most: int) -> Fetched:
        """What is at `url`, at most `most` bytes. Raises NotFetched with the reason."""
        for _step in range(MOST_REDIRECTS + 1):
            host, port, path = _parted(url, self.ports)
            self._wait(host)
            try:
                answer = self._ask(host, port, path, most)
            finally:
                self._asked[host] = time.monotonic()
            if isinstance(answer, str):
                url = urljoin(url, answer)
                continue
            data, headers = answer
            return Fetched(data, _name(headers, url), headers.get_content_type(), url)
        raise NotFetched(_("The address leads on and on and never to a file."))

    def _wait(self, host: str) -> None:
        before = self._asked.get(host)
        if before is not None and (left := before + self.pause - time.monotonic()) > 0:
            self.sleep(left)

    def _ask(self, host: str, port: int, path: str, most: int) -> tuple[bytes, Message] | str:
        """One request: the body and its headers, or where it leads."""
        connection = _Pinned(host, port, self._addresses(host, port), self.seconds, self.context)
        # Single steps have the same bound, but a server that drips byte after byte is ended by this clock.
        clock = threading.Timer(self.seconds, connection.abort)
        clock.daemon = True
        clock.start()
        try:
            headers = {"User-Agent": _AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
            connection.request("GET", path, headers=headers)
            with connection.getresponse() as response:
                if response.status in (301, 302, 303, 307, 308):
                    where = response.headers.get("Location")
                    if not where:
                        raise NotFetched(_("The address leads on, but the server does not say where to."))
                    return where
                _good(response.status)
                return _body(response, most), response.headers
        except ssl.SSLCertVerificationError as error:
            raise NotFetched(_("The certificate of %(host)s is not valid.") % {"host": host}) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            if connection.aborted or isinstance(error, TimeoutError):
                sentence = _("%(host)s did not answer in %(seconds)d seconds.")
                raise NotFetched(sentence % {"host": host, "seconds": self.seconds}, again=True) from error
            sentence = _("%(host)s cannot be reached, or its answer broke off.")
            raise NotFetched(sentence % {"host": host}, again=True) from error
        finally:
            clock.cancel()
            connection.close()

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            found = self.resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise NotFetched(_("There is no host %(host)s.") % {"host": host}, again=True) from error
        if not found or not all(self.permitted(address) for address in found):
            raise NotFetched(_("%(host)s is not on the public network.") % {"host": host})
        return found


class _Pinned(http.client.HTTPSConnection):
    """HTTPS to addresses that were checked, under the name they were checked for."""

    def __init__(self, host: str, port: int, addresses: Sequence[str], seconds: float, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=seconds, context=context)
        self._addresses, self._tls = addresses, context
        self.aborted = False
        self._raw: socket.socket | None = None

    def connect(self) -> None:
        """Connect to the first checked address that answers, then prove the name by its certificate."""
        for place, address in enumerate(self._addresses, start=1):
            try:
                self._raw = socket.create_connection((address, self.port), self.timeout)
                break
            except OSError:
                if place == len(self._addresses) or self.aborted:
                    raise
        if self._raw is None or self.aborted:
            raise TimeoutError
        secured = self._tls.wrap_socket(self._raw, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock = self._raw = secured
        secured.do_handshake()

    def abort(self) -> None:
        """End the connection from another thread."""
        self.aborted = True
        if self._raw is not None:
            try:
                self._raw.shutdown(socket.SHUT_RDWR)
            except OSError:
                return


def _parted(url: str, ports: tuple[int, ...]) -> tuple[str, int, str]:
    """Host, port and path of an address that may be asked. Raises NotFetched for any other."""
    if not url.isprintable():
        raise NotFetched(_("This is no address."))
    if len(url) > MOST_ADDRESS:
        raise NotFetched(_("The address is longer than %(most)d characters.") % {"most": MOST_ADDRESS})
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port or ports[0]
        name = host.encode("idna").decode("ascii") if not host.isascii() else host
    except (ValueError, UnicodeError) as error:
        raise NotFetched(_("This is no address.")) from error
    if parts.scheme.lower() != "https":
        raise NotFetched(_("Only addresses that begin with https:// are asked."))
    if not name or re.search(r"[^\w.:-]", name, re.ASCII):
        raise NotFetched(_("This is no address."))
    if parts.username is not None or parts.password is not None:
        raise NotFetched(_("The address holds a user name; such addresses are not asked."))
    if port not in ports:
        raise NotFetched(_("The address names a port; only the usual one is asked."))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # Letters of other scripts and blanks, as a browser would send them; what is escaped already stays.
    path = "".join(sign if "!" <= sign <= "~" else "".join(f"%{byte:02X}" for byte in sign.encode()) for sign in path)
    return name, port, path


def _good(status: int) -> None:
    if status == 200:
        return
    if status in (404, 410):
        raise NotFetched(_("There is nothing at this address (%(status)d).") % {"status": status})
    if status in (401, 403):
        sentence = _("The server does not give this file to a program (%(status)d): open it in the browser and drop "
                     "the file here.")  # fmt: skip
        raise NotFetched(sentence % {"status": status})
    again = status in (408, 425, 429) or status >= 500
    raise NotFetched(_("The server answers %(status)d.") % {"status": status}, again=again)


def _body(response: http.client.HTTPResponse, most: int) -> bytes:
    size = response.headers.get("Content-Length", "")
    too_large = NotFetched(_("The file is larger than %(size)d MB.") % {"size": most // 1_000_000})
    if size.isascii() and size.isdigit() and int(size[:18]) > most:
        raise too_large
    data = response.read(most + 1)
    if len(data) > most:
        raise too_large
    if size.isascii() and size.isdigit() and len(data) < int(size[:18]):
        raise http.client.IncompleteRead(data)
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing in ("gzip", "x-gzip", "deflate"):
        unpacker: Any = zlib.decompressobj(47)  # zlib's number for either header
        try:
            data = unpacker.decompress(data, most + 1)
        except zlib.error as error:
            raise http.client.HTTPException("packed wrongly") from error
        if len(data) > most:
            raise too_large
    elif packing != "identity":
        raise NotFetched(_("The server packs the file in an unknown way."))
    return data


def _name(headers: Message, url: str) -> str:
    """A plain file name: the one the server gives, else the end of the address."""
    given = headers.get_filename() or unquote(urlsplit(url).path)
    last = given.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return " ".join("".join(sign if sign.isprintable() else " " for sign in last).split())[-200:]

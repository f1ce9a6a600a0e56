"""A small HTTPS server on this machine, under names that only a test resolves."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from curator.downloads import Fetcher

CERTIFICATE = Path(__file__).parent / "golden" / "tls" / "server.pem"
HOST, OTHER = "scores.example", "other.example"

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Server:
    """What it answers at which path, and what it was asked: (Host header, path)."""

    port: int
    answers: dict[str, Answer | Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)  # names by which it was greeted (SNI)

    def url(self, path: str, host: str = HOST) -> str:
        """The address of a path."""
        return f"https://{host}:{self.port}{path}"

    def fetcher(self, **changes: object) -> Fetcher:
        """A fetcher that finds the server under its two names and asks for nothing else."""
        settings: dict[str, object] = {
            "resolver": lambda host, _port: ("127.0.0.1",) if host in (HOST, OTHER) else (),
            "permitted": lambda address: address == "127.0.0.1",
            "ports": (self.port, 443),
            "context": ssl.create_default_context(cafile=CERTIFICATE),
            "seconds": 20.0,
            "sleep": lambda seconds: None,
        }
        return Fetcher(**{**settings, **changes})  # type: ignore[arg-type] # as the fields are typed


@contextmanager
def https_server() -> Iterator[Server]:
    """The server, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 5  # seconds; a client that says nothing must not hold the test

        def do_GET(self) -> None:
            server.asked.append((self.headers["Host"], self.path))
            answer = server.answers.get(self.path, (404, {}, b""))
            if callable(answer):
                answer(self)
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = False  # so that closing waits for them

        def handle_error(self, *arguments: object) -> None:
            """A client that hangs up is part of the tests."""

    listener = Quiet(("127.0.0.1", 0), Handler)
    server = Server(listener.server_address[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    context.sni_callback = lambda _socket, name, _context: server.names.append(name)
    listener.socket = context.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()

"""The stand-in as a server on the loopback, whose pods really run: a shell with the order's arguments. Tests only."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from curator.processes import end_group, new_group
from tests.runpod.provider import Provider, RentedPod


class Shell:
    """A container: a process group of its own with the environment that RunPod would give it."""

    def __init__(self, pod: RentedPod, folder: Path) -> None:
        self.log = folder / f"{pod.id}-{pod.starts}.log"
        self.home = folder / f"{pod.id}-{pod.starts}"  # RunPod wipes the disk when it starts again
        environment = {
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), "/usr/bin", "/bin")),
            "HOME": str(folder),
            "OMP_NUM_THREADS": "1",
            "CUEWRIGHT_HOME": str(self.home),
            "RUNPOD_POD_ID": pod.id,
            "RUNPOD_API_KEY": pod.own_key,
            **pod.body["env"],
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                shlex.split(pod.body["args"]), env=environment, cwd=folder, stdout=log, stderr=log, **new_group()
            )

    def poll(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        end_group(self.process, grace=5.0)

    def lines(self) -> list[str]:
        return self.log.read_text(errors="replace").splitlines()


@contextmanager
def serving(**more: float) -> Iterator[tuple[Provider, str]]:
    """The stand-in and its address."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        provider = Provider(time.time, lambda pod: Shell(pod, folder), **more)  # type: ignore[arg-type]
        lock = threading.RLock()

        class Handler(BaseHTTPRequestHandler):
            def _do(self) -> None:
                data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {key.lower(): value for key, value in self.headers.items()}
                with lock:
                    reply = provider.handle(self.command, self.path, headers, data)
                if reply is None:
                    self.close_connection = True
                    return
                body = b"" if reply.body is None else reply.body if isinstance(reply.body, bytes) else (
                    reply.body.encode() if isinstance(reply.body, str) else json.dumps(reply.body).encode()
                )  # fmt: skip
                self.send_response(reply.status)
                for key, value in reply.headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_DELETE = _do

            def log_message(self, *_arguments: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        stop = threading.Event()

        def tick() -> None:
            while not stop.wait(0.2):
                with lock:
                    provider.tick()

        threads = [
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True),
            threading.Thread(target=tick, daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            yield provider, f"http://127.0.0.1:{server.server_port}"
        finally:
            stop.set()
            server.shutdown()
            server.server_close()
            with lock:
                for pod in provider.living:
                    provider.vanish(pod)
            for thread in threads:
                thread.join()

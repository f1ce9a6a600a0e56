"""The web server of this installation."""

import threading
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand

from curator.processes import parent_is_gone


class Command(BaseCommand):
    """Serve the pages on the loopback address. Started by `serve`; useful alone behind another supervisor."""

    help = "Serve the pages on 127.0.0.1."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run uvicorn until asked to stop or the supervisor is gone."""
        server = uvicorn.Server(
            uvicorn.Config(
                "curator.asgi:application",
                host="127.0.0.1",
                port=settings.PORT,
                lifespan="off",
                access_log=False,  # paths of sign-in links are secrets
                log_level="warning",
                server_header=False,
                timeout_graceful_shutdown=3,
            )
        )

        def watch() -> None:
            while not parent_is_gone():
                if ended.wait(2):
                    return
            server.should_exit = True

        ended = threading.Event()
        threading.Thread(target=watch, name="parent-watch", daemon=True).start()
        server.run()
        ended.set()

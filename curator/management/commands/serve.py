"""The whole application: set up what a start needs, then web, workers and sweeper."""

import contextlib
import hashlib
import socket
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError

from curator import supervisor
from curator.domain import accounts
from curator.environment import ROOT
from curator.models.film import Film


class Command(BaseCommand):
    """What run.py starts."""

    help = "Prepare the database, static files and demo data, then serve with workers until Ctrl-C."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Prepare, print the address and a sign-in link, keep everything running."""
        if is_taken(settings.PORT):
            raise CommandError(
                f"Port {settings.PORT} is taken: Cuewright may be running already. "
                "Stop it, or choose another port with CUEWRIGHT_PORT."
            )
        self._prepare()
        token = accounts.create_sign_in_link(user=accounts.ensure_owner())
        address = f"http://localhost:{settings.PORT}"
        self.stdout.write(f"\nCuewright is at {address}\nSign in once with {address}/sign-in/{token}/\n")
        self.stdout.write(f"Logs are in {settings.DATA / 'logs'}. Ctrl-C stops everything.\n\n")
        self.stdout.flush()
        supervisor.run()

    def _prepare(self) -> None:
        settings.DATA.mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0, interactive=False)
        call_command("messages", compile=True, verbosity=0)
        stamp = settings.STATIC_ROOT / ".stamp"
        state = _static_state()
        if not stamp.exists() or stamp.read_text() != state:
            call_command("collectstatic", verbosity=0, interactive=False, clear=True)
            stamp.write_text(state)
        if "seed_demo" in get_commands() and not Film.objects.real().exists():
            self.stdout.write("First start: the demo film is being set up ...")
            self.stdout.flush()
            call_command("seed_demo", verbosity=0)


def is_taken(port: int) -> bool:
    """Whether somebody answers on `port` of localhost, by either of its addresses: browsers try both."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with contextlib.suppress(OSError), contextlib.closing(socket.socket(family)) as probe:
            probe.settimeout(1)  # Windows asks a closed port for two seconds
            if probe.connect_ex((address, port)) == 0:
                return True
    return False


def _static_state() -> str:
    """Changes when a static file or an installed package does."""
    digest = hashlib.sha256()
    for folder in (ROOT / "static", *(Path(config.path) / "static" for config in apps.get_app_configs())):
        for path in sorted(folder.rglob("*")):
            digest.update(f"{path} {path.stat().st_mtime_ns} {path.stat().st_size}\n".encode())
    for path in (ROOT / "package-lock.json", ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()

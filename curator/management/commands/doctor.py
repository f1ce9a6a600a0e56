"""What is missing on this machine."""

import importlib.util
import json
import os
import shutil
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from curator.checks import tables_are_missing
from curator.crew import live_workers
from curator.domain.disk import LOW_BYTES


class Check(NamedTuple):
    """One thing that must hold, and how to mend it."""

    name: str
    ok: bool
    hint: str

    def told(self) -> dict[str, Any]:
        """As the JSON has it; nothing is to be mended where all is well."""
        return {"name": self.name, "ok": self.ok, "hint": "" if self.ok else self.hint}


class Command(BaseCommand):
    """Say what is missing and how to mend it."""

    requires_system_checks = []  # this command is for when things are not right
    help = "Check this machine and say how to mend what is missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Form of the answer."""
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(self, *_args: Any, as_json: bool, **_options: Any) -> None:
        """Run every check; the exit status is 1 when one fails."""
        checks = list(_checks())
        ok = all(check.ok for check in checks)
        if as_json:
            self.stdout.write(json.dumps({"ok": ok, "checks": [check.told() for check in checks]}))
        else:
            for check in checks:
                self.stdout.write(f"{'ok     ' if check.ok else 'MISSING'} {check.name}")
                if not check.ok:
                    self.stdout.write(f"        {check.hint}")
        if not ok:
            raise CommandError("Something is missing; the checks above say what and how to mend it.")


def _checks() -> Iterator[Check]:
    yield Check(
        "Python 3.11 or newer", sys.version_info >= (3, 11), "Install Python 3.11 or newer and run run.py with it."
    )
    for package in ("torch", "verovio", "av", "abctoolkit"):
        found = importlib.util.find_spec(package) is not None
        yield Check(f"Python package {package}", found, "Run `python run.py set-up`.")
    yield Check(
        "piano samples and fonts (npm)",
        all(path.is_dir() for path in _npm_folders()),
        "Install Node.js 20 or newer and run `python run.py set-up`.",
    )
    yield Check(
        "secret key",
        not settings.SECRET_KEY_IS_EPHEMERAL,
        "Run `python run.py set-up`, or set CUEWRIGHT_SECRET_KEY in the environment.",
    )
    yield _data_folder()
    database = _database()
    yield database
    yield _broker()
    yield _workers(database)


def _npm_folders() -> list[Path]:
    return [
        settings.PIANO_SAMPLES,
        *(Path(entry[1]) for entry in settings.STATICFILES_DIRS if isinstance(entry, tuple)),
    ]


def _data_folder() -> Check:
    try:
        settings.DATA.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(settings.DATA).free
    except OSError as error:
        return Check(f"folder {settings.DATA}", False, f"It cannot be made: {error.strerror}. Change CUEWRIGHT_DATA.")
    if not os.access(settings.DATA, os.W_OK):
        return Check(f"folder {settings.DATA}", False, "It cannot be written to. Mend that or change CUEWRIGHT_DATA.")
    return Check(
        f"free space in {settings.DATA} ({free / 1e9:.1f} GB)",
        free >= LOW_BYTES,
        f"Free at least {LOW_BYTES / 1e9:.0f} GB, or point CUEWRIGHT_DATA to another folder.",
    )


def _database() -> Check:
    name = f"database ({connection.vendor})"
    try:
        missing = tables_are_missing()
    except DatabaseError as error:
        return Check(name, False, f"It does not answer: {error}. Check DATABASE_URL.")
    return Check(name, not missing, "Its tables are not up to date. Run `python manage.py migrate`.")


def _workers(database: Check) -> Check:
    name = "workers for gpu, cpu and training"
    if not database.ok:
        return Check(name, False, "They are looked for in the database; mend that first.")
    waiting = [queue for queue in ("gpu", "cpu", "training") if not live_workers(queue)]
    hint = f"No worker answers for {', '.join(waiting)}. Start everything with `python run.py`."
    return Check(name, not waiting, hint)


def _broker() -> Check:
    parts = urlsplit(settings.BROKER_URL)
    if parts.scheme == "filesystem":
        return Check("queue (filesystem)", settings.DATA.is_dir(), f"Make the folder {settings.DATA} writable.")
    port = parts.port or {"redis": 6379, "rediss": 6379, "amqp": 5672}.get(parts.scheme, 0)
    try:
        socket.create_connection((parts.hostname or "localhost", port), timeout=3).close()
    except OSError as error:
        return Check(f"queue ({parts.scheme})", False, f"It does not answer: {error}. Check BROKER_URL.")
    return Check(f"queue ({parts.scheme})", True, "")

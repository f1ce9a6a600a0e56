"""What another machine needs to work for this installation."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from curator import supervisor
from curator.domain.errors import DomainError
from curator.domain.joining import worker_settings
from generation.domain.carrying import share_all


class Command(BaseCommand):
    """Write the env file of a second machine and lay the weights where it finds them."""

    help = "Write the file with which another machine joins as a worker (docs/runbooks/gpu-worker.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, and how the other machine sees this one."""
        parser.add_argument("--out", metavar="FILE", help="default: worker.env in CUEWRIGHT_DATA")
        parser.add_argument(
            "--host", default="", help="where the other machine reaches this one (default: its address)"
        )
        parser.add_argument(
            "--media", default="", metavar="FOLDER", help="CUEWRIGHT_MEDIA as the other machine sees it"
        )
        parser.add_argument("--queue", action="append", choices=supervisor.QUEUES, help="default: gpu")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(
        self,
        *_args: Any,
        out: str | None,
        host: str,
        media: str,
        queue: list[str] | None,
        as_json: bool,
        **_options: Any,
    ) -> None:
        """Write, share, tell. The exit status is 1 when weights could not be shared."""
        try:
            told = worker_settings(host=host, media=media)
        except DomainError as error:
            raise CommandError(str(error)) from error
        path = Path(out) if out else settings.DATA / "worker.env"
        try:
            _write(path, told.text(",".join(queue or ["gpu"])))
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        shared, refused = share_all()
        answer = {"file": str(path), "host": told.host, "storage": told.storage, "weights": shared, "refused": refused}
        if as_json:
            self.stdout.write(json.dumps(answer))
        else:
            self.stdout.write(f"{path} is written; it holds passwords. This machine is {told.host} in it.")
            self.stdout.write("Put it beside run.py on the other machine as .env, then there: python run.py worker")
            self.stdout.write(f"{shared} files of weights lie in the storage ({told.storage}) for it.")
        if refused:
            raise CommandError(f"The storage did not take {', '.join(refused)}; the log says why.")


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner reads, where the system knows such files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)

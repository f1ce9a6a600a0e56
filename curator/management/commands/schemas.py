"""The two descriptions for machines in docs/: of the API and of a package's manifest."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.http import HttpRequest
from django.urls import resolve, reverse

from curator.delivery.manifest import json_schema
from curator.environment import ROOT


class Command(BaseCommand):
    """Write docs/openapi.json and docs/package.schema.json from the types they describe."""

    help = "Write docs/openapi.json and docs/package.schema.json; with --check only look."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to write."""
        parser.add_argument("--check", action="store_true")

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        """Write what is out of date; with --check the exit status is 1 where something is."""
        described = resolve(reverse("api:openapi-json")).func(HttpRequest())
        told = {"openapi.json": json.loads(described.content), "package.schema.json": json_schema()}
        for name, schema in told.items():
            path = ROOT / "docs" / name
            text = json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
            if path.exists() and path.read_text("utf-8") == text:
                continue
            if check:
                raise CommandError(f"docs/{name} is out of date; `manage.py schemas` writes it.")
            path.write_text(text, "utf-8", newline="\n")
            self.stdout.write(f"docs/{name} written")

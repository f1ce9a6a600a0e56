"""System checks: what is missing on this machine and how to mend it."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def tables_are_missing() -> bool:
    """True while the database has not seen every migration. Raises DatabaseError where it does not answer."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@register()
def check_secret_key(**_kwargs: Any) -> list[CheckMessage]:
    """A key that is made up at each start ends all sessions with it."""
    if not settings.SECRET_KEY_IS_EPHEMERAL:
        return []
    return [
        Warning(
            "CUEWRIGHT_SECRET_KEY is not set: sessions and links end when the server stops.",
            hint="Start with run.py, which writes one into .env, or set it in the environment.",
            id="curator.W001",
        )
    ]


@register()
def check_npm_packages(**_kwargs: Any) -> list[CheckMessage]:
    """Fonts and piano samples come from npm at set-up."""
    if settings.PIANO_SAMPLES.is_dir():
        return []
    return [
        Warning(
            "The npm packages are missing: no piano sound, no fonts.",
            hint="Run `npm ci` in the project's root, or start with run.py.",
            id="curator.W002",
        )
    ]

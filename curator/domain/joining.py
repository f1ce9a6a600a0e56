"""How another machine joins this installation as a worker: what it must be told, and whether it can work."""

import os
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from django.utils.translation import gettext as _

from curator.checks import tables_are_missing
from curator.domain.errors import DomainError

HERE = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 (names that lead to this machine, not bound)
S3_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION")
PASSED_ON = ("CUEWRIGHT_LEASE", "CUEWRIGHT_RESEND", "CUEWRIGHT_TIME_ZONE")
"""Settings that all machines must agree on."""
MOST_SECONDS_APART = 3.0
"""A lease is renewed every ten seconds and good for thirty; clocks may differ by much less only."""


@dataclass(frozen=True)
class WorkerSettings:
    """The lines of an env file for another machine, and what they name."""

    values: dict[str, str]
    host: str
    storage: str

    def text(self, queue: str) -> str:
        """The file."""
        lines = [
            f"# For a worker of the installation on {socket.gethostname()}, made by manage.py worker_env.",
            "# It holds passwords: keep it to yourself. Put it beside run.py as .env, then: python run.py worker",
            *(f"{name}={value}" for name, value in self.values.items()),
            f"CUEWRIGHT_QUEUES={queue}",
        ]
        return "\n".join(lines) + "\n"


def worker_settings(*, host: str = "", media: str = "") -> WorkerSettings:
    """What another machine needs to work for this installation, and no secret more.

    host: where this machine is reached, when database or queue run on it; by default its address in the network.
    media: the folder of media as the other machine names it. Raises DomainError where no other machine can join.
    """
    if missing := keeps_others_out():
        raise DomainError(_("Another machine cannot join yet: %(reasons)s.") % {"reasons": "; ".join(missing)})
    host = host or own_address()
    values = {
        "DATABASE_URL": _reached("DATABASE_URL", os.environ["DATABASE_URL"], host),
        "BROKER_URL": _reached("BROKER_URL", settings.BROKER_URL, host),
    }
    if os.environ.get("CUEWRIGHT_S3_BUCKET"):
        names = ("CUEWRIGHT_S3_BUCKET", "CUEWRIGHT_S3_ENDPOINT", *S3_KEYS)
        values |= {name: os.environ[name] for name in names if os.environ.get(name)}
        if endpoint := values.get("CUEWRIGHT_S3_ENDPOINT"):
            values["CUEWRIGHT_S3_ENDPOINT"] = _reached("CUEWRIGHT_S3_ENDPOINT", endpoint, host)
        storage = "s3"
    else:
        values["CUEWRIGHT_MEDIA"] = media or str(settings.MEDIA_ROOT)
        storage = "folder"
    values |= {name: os.environ[name] for name in PASSED_ON if os.environ.get(name)}
    return WorkerSettings(values, host, storage)


def keeps_others_out() -> list[str]:
    """What of this installation no other machine can reach; nothing where one may join."""
    found = []
    if connection.vendor != "postgresql":
        found.append(_("the database is a file of this machine (set DATABASE_URL to a PostgreSQL server)"))
    if settings.BROKER_URL.startswith("filesystem:"):
        found.append(_("the queue is a folder of this machine (set BROKER_URL to a Redis server)"))
    if not settings.STORAGE_IS_SHARED:
        found.append(
            _(
                "files lie in a folder of this machine (set CUEWRIGHT_MEDIA to a folder that both see, or "
                "CUEWRIGHT_S3_BUCKET)"
            )
        )
    return found


def _reached(name: str, url: str, host: str) -> str:
    """`url` with `host` in it where it names this machine itself."""
    parts = urlsplit(url)
    if not parts.hostname or parts.hostname.startswith("%"):
        sentence = _("%(name)s leads over a socket of this machine; give it a host name and a port.")
        raise DomainError(sentence % {"name": name})
    if parts.hostname not in HERE:
        return url
    secrets, at, _host = parts.netloc.rpartition("@")
    shown = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=f"{secrets}{at}{shown}" + (f":{parts.port}" if parts.port else "")))


def own_address() -> str:
    """The address under which others in the network reach this machine, else its name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation: nothing is sent
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()


def check_joined() -> None:
    """Raise DomainError with a sentence where this machine cannot work for the installation that its settings name."""
    where = connection.settings_dict.get("HOST") or connection.settings_dict["NAME"]
    try:
        older = tables_are_missing()
        newer = MigrationLoader(connection)
    except DatabaseError as error:
        reason = str(error).strip().partition("\n")[0]
        sentence = _("The database at %(where)s does not answer (DATABASE_URL): %(reason)s.")
        raise DomainError(sentence % {"where": where, "reason": reason.rstrip(".")}) from error
    if older or set(newer.applied_migrations) - set(newer.disk_migrations or {}):
        raise DomainError(
            _("This machine has another version of Cuewright than the database at %(where)s: bring both to the same.")
            % {"where": where}
        )
    if connection.vendor == "postgresql" and (apart := abs(_seconds_apart())) > MOST_SECONDS_APART:
        sentence = _("This machine's clock is %(seconds)d s off the database's: let network time set both.")
        raise DomainError(sentence % {"seconds": round(apart)})
    broker = urlsplit(settings.BROKER_URL)
    if broker.scheme == "filesystem":
        return
    port = broker.port or {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}.get(broker.scheme, 0)
    try:
        socket.create_connection((broker.hostname or "localhost", port), timeout=5).close()
    except OSError as error:
        sentence = _("The queue at %(where)s does not answer (BROKER_URL): %(reason)s.")
        reason = error.strerror or type(error).__name__
        raise DomainError(sentence % {"where": broker.hostname, "reason": reason}) from error


def _seconds_apart() -> float:
    """How far this machine's clock is ahead of the database's; leases and heartbeats compare the two."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return float((timezone.now() - cursor.fetchone()[0]).total_seconds())

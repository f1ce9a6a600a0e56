"""A new sign-in link."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from curator.domain import accounts
from curator.domain.errors import DomainError


class Command(BaseCommand):
    """Print a link that signs the owner, or a listener, in once."""

    help = "Print a link that signs in once (the owner, or a listener with --rater NAME)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whom."""
        parser.add_argument("--rater", metavar="NAME", help="a listener; made when there is none of that name")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(self, *_args: Any, rater: str | None, as_json: bool, **_options: Any) -> None:
        """Make and print the link."""
        try:
            user = accounts.ensure_owner() if rater is None else accounts.ensure_rater(name=rater)
        except DomainError as error:
            raise CommandError(str(error)) from error
        if rater is not None and user.is_owner:
            raise CommandError(f"{user.username} is an owner, no listener. Without --rater the link is the owner's.")
        token = accounts.create_sign_in_link(user=user)
        url = f"http://localhost:{settings.PORT}/sign-in/{token}/"
        self.stdout.write(json.dumps({"user": user.username, "url": url}) if as_json else url)

"""Pieces in copyright: which wait for a confirmation, and the confirmation by name."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator.domain.errors import DomainError
from curator.domain.rights import confirm_rights, in_copyright, unconfirmed
from curator.models.accounts import User
from curator.models.library import Piece
from curator.models.rights import Purpose


class Command(BaseCommand):
    """Without a piece, name those that wait; with pieces, write down that they may."""

    help = "Confirm by name that pieces in copyright may train or leave this machine."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """For what, by whom, which pieces."""
        parser.add_argument("pieces", nargs="*", metavar="PIECE", help="public ids")
        parser.add_argument("--for", dest="purpose", choices=Purpose.values, required=True)
        parser.add_argument("--by", metavar="NAME", help="user name of whoever confirms; needed with pieces")
        parser.add_argument("--take-back", action="store_true")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(
        self, *_args: Any, pieces: list[str], purpose: str, by: str | None, take_back: bool, as_json: bool, **_more: Any
    ) -> None:
        """One confirmation names all of the pieces."""
        rows = list(Piece.objects.filter(archived_at__isnull=True).select_related("source").order_by("pk"))
        if pieces:
            user = User.objects.filter(username=by).first()
            if user is None:
                raise CommandError("--by names the user who confirms.")
            named = [row for row in rows if row.public_id in pieces]
            unknown = sorted(set(pieces) - {row.public_id for row in named})
            if unknown:
                raise CommandError(f"There is no piece {unknown[0]}.")
            try:
                confirm_rights(
                    pieces=named, purpose=Purpose(purpose), by=user, granted=not take_back, channel="command"
                )
            except DomainError as error:
                raise CommandError(str(error)) from error
        bound = in_copyright(rows)
        waiting = unconfirmed(pieces=bound, purpose=Purpose(purpose))
        if as_json:
            report = [{"piece": row.public_id, "title": row.title, "composer": row.composer} for row in waiting]
            self.stdout.write(json.dumps({"in_copyright": len(bound), "waiting": report}, ensure_ascii=False))
            return
        for row in waiting:
            self.stdout.write(f"{row.public_id}  {row.title}, {row.composer}")
        self.stdout.write(f"{len(waiting)} of {len(bound)} pieces in copyright wait.")

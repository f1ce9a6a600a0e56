"""A training round without the browser."""

import json
import sys
from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator import jobs
from curator.domain.errors import DomainError
from generation.domain.checkpoints import find_checkpoint
from training.domain.executors import EXECUTORS
from training.domain.renting import Terms
from training.domain.rounds import RENTED, find_data, outlook, rented_terms, start_round
from training.models.rounds import Recipe, Round, RoundState


class Command(BaseCommand):
    """Start a round and, with --wait, wait for its end."""

    help = "Start a training round. With --wait it is trained here when no worker is up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What is learned, from what, by which model, where."""
        parser.add_argument("--recipe", required=True, choices=Recipe.values)
        parser.add_argument("--data", required=True, metavar="ID", help="training set (sft) or preference set (dpo)")
        parser.add_argument("--base", default="", metavar="NAME", help="checkpoint; without it the one in use")
        parser.add_argument("--executor", default="local", choices=sorted(EXECUTORS))
        parser.add_argument("--budget-eur", default="", metavar="N", help="most that a rented machine may cost")
        parser.add_argument(
            "--setting",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="another value than the recipe's own (docs/training.md), such as epochs=3; may be given again",
        )
        parser.add_argument("--yes", action="store_true", help="rent without being asked on a terminal")
        parser.add_argument("--wait", action="store_true")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(self, *_args: Any, recipe: str, wait: bool, as_json: bool, **options: Any) -> None:
        """Start, wait, tell. The exit status is 1 when a waited for round did not come to a checkpoint."""
        budget = _euros(options["budget_eur"])
        settings = dict(_setting(text) for text in options["setting"])
        try:
            data = find_data(recipe, options["data"])
            base = find_checkpoint(name=options["base"])
            found = outlook(data=data, base=base, executor=options["executor"])
            if found.trouble:
                raise CommandError(found.trouble)
            for warning in found.warnings:
                self.stderr.write(self.style.WARNING(warning))
            if options["executor"] == RENTED:
                self.stderr.write(_told(rented_terms(data=data, base=base, budget_eur=budget, settings=settings)))
                if not options["yes"] and sys.stdin.isatty() and input("Rent and start? [y/N] ").lower() != "y":
                    raise CommandError("Nothing was rented.")
            row = start_round(data=data, base=base, executor=options["executor"], budget_eur=budget, settings=settings)
        except DomainError as error:
            raise CommandError(str(error)) from error
        if wait and row.job is not None:
            jobs.wait_for(row.job)
        row = Round.objects.select_related("result").get(pk=row.pk)
        self.stdout.write(json.dumps(_answer(row)) if as_json else _summary(row, wait))
        if wait and row.state != RoundState.MEASURED:
            raise CommandError(row.error or f"Round {row.number} is {row.get_state_display().lower()}.")


def _answer(row: Round) -> dict[str, Any]:
    return {
        "round": row.public_id,
        "number": row.number,
        "state": row.state,
        "checkpoint": row.result.public_id if row.result else None,
        "sha256": row.result.sha256 if row.result else None,
        "cost_eur": float(row.cost_eur),
        "metrics": row.metrics,
        "error": row.error,
    }


def _summary(row: Round, waited: bool) -> str:
    if not waited:
        return f"Round {row.number} ({row.public_id}) is started; the training worker does it."
    told = f"Round {row.number} ({row.public_id}): {row.state}"
    return f"{told}, checkpoint {row.result.name} ({row.result.public_id})" if row.result else told


def _told(found: Terms) -> str:
    """What a machine is rented for, as the page says it before the start."""
    return (
        f"{found.cheapest.name}: {found.eur_per_hour} € an hour, at the latest gone {found.hours:.1f} hours after the "
        f"start, worst case {found.worst_eur} €. If this app is off and the machine cannot delete itself, only the "
        "prepaid balance of your RunPod account ends it."
    )


def _euros(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise CommandError(f"{text} is no amount in euros.") from error
    if not amount.is_finite() or amount >= 1_000_000:
        raise CommandError(f"{text} is no amount in euros.")
    return amount


def _setting(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise CommandError(f"A setting is NAME=VALUE, not {text}.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value

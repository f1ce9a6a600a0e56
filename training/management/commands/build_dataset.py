"""The NotaGen training files of a choice of pieces."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator.domain.errors import DomainError
from curator.models.library import Origin, Rights
from generation.notagen.header import HEADER_STYLES
from training.domain.choosing import Choice, composers_like
from training.domain.datasets import build_set, export_set, find_set
from training.models.sets import TrainingSet
from training.recipes.data import Transposition


class Command(BaseCommand):
    """Choose, prepare, freeze, write."""

    help = "Write pieces of the library as the files that NotaGen's fine-tuning script reads, and freeze them as a set."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What goes in, how, and where to."""
        parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="new, empty, or an earlier export")
        parser.add_argument("--set", dest="frozen", default="", metavar="ID", help="write a frozen set (id or name)")
        chosen = parser.add_argument_group("what goes in; without these all that may train")
        chosen.add_argument("--composer", action="append", default=[], metavar="NAME", help="all its words must stand")
        chosen.add_argument("--tag", action="append", default=[])
        chosen.add_argument("--stage", action="append", default=[])
        chosen.add_argument("--origin", action="append", default=[], choices=Origin.values)
        chosen.add_argument("--rights", action="append", default=[], choices=Rights.values)
        made = parser.add_argument_group("how it is made")
        made.add_argument("--keys", default=Transposition.NEAR.value, choices=[one.value for one in Transposition])
        made.add_argument("--eval-share", type=float, default=0.1, metavar="SHARE", help="of the works, 0.01 to 0.5")
        made.add_argument("--seed", type=int, default=0, help="another split for another number")
        made.add_argument("--base", default="", metavar="NAME", help="checkpoint whose words and header are taken")
        made.add_argument("--header", default="", choices=["", *HEADER_STYLES], help="another header than the base's")
        made.add_argument("--name", default="", help="of the frozen set")
        made.add_argument("--root", default="", metavar="PATH", help="folder before the paths in the indices")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(self, *_args: Any, out: Path, frozen: str, as_json: bool, **options: Any) -> None:
        """Build or find the set, write it, tell what is in it and what is not."""
        began = time.monotonic()
        try:
            if frozen:
                row, new = find_set(frozen), False
            else:
                built = build_set(choice=_choice(options), name=options["name"])
                row, new = built.training_set, built.new
            export_set(training_set=row, out=out, root=options["root"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        seconds = round(time.monotonic() - began, 2)
        self.stdout.write(json.dumps(_answer(row, new, out, seconds)) if as_json else _summary(row, out))


def _choice(options: dict[str, Any]) -> Choice:
    if not 0.01 <= options["eval_share"] <= 0.5:
        raise CommandError("The share to measure with lies between 0.01 and 0.5.")
    return Choice(
        composers=tuple(name for wish in options["composer"] for name in composers_like(wish)),
        tags=tuple(options["tag"]),
        stages=tuple(options["stage"]),
        origins=tuple(options["origin"]),
        rights=tuple(options["rights"]),
        transposition=Transposition(options["keys"]),
        eval_share=options["eval_share"],
        seed=options["seed"],
        header=options["header"],
        base=options["base"],
    )


def _answer(row: TrainingSet, new: bool, out: Path, seconds: float) -> dict[str, Any]:
    totals = row.manifest["totals"]
    return {
        "set": row.public_id,
        "name": row.name,
        "new": new,
        "out": str(out),
        "pieces": len(row.manifest["pieces"]),
        "train": row.train_count,
        "eval": row.eval_count,
        "left_out": row.manifest["left_out"],
        "sha256": row.sha256,
        "header": row.header,
        "keys": row.keys,
        **{name: totals[name] for name in ("works", "bars", "patches", "over_context", "minutes")},
        "seconds": seconds,
    }


def _summary(row: TrainingSet, out: Path) -> str:
    lines = [f"Left out: {one['title']}. {one['reason']}" for one in row.manifest["left_out"]]
    totals = row.manifest["totals"]
    pieces = f"{len(row.manifest['pieces'])} pieces: {row.train_count} to learn from, {row.eval_count} to measure with"
    long = f", {totals['over_context']} beyond 1024" if totals["over_context"] else ""
    lines.append(f"{out}: {pieces}; {totals['bars']} bars, {totals['patches']} patches{long}. {row.header}.")
    lines.append(f"Set {row.name} ({row.public_id}), SHA-256 {row.sha256}")
    return "\n".join(lines)

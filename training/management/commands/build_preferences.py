"""What a model may learn from a film's judgements, as files."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator.domain.errors import DomainError
from curator.models.film import Film
from curator.preference.pairs import P_ORDER, P_ORDER_STRICT
from training.domain.preferences import Choice, draft_preferences, files_of, freeze_preferences


class Command(BaseCommand):
    """Freeze the preference pairs of a film and write them as JSON lines."""

    help = "Freeze the preference pairs of a film and write them as JSON lines that TRL reads."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which film, where to, and what else the owner may choose."""
        parser.add_argument("--film", required=True, metavar="SLUG")
        parser.add_argument("--out", required=True, type=Path, metavar="DIR")
        parser.add_argument(
            "--source", choices=("votes", "posterior"), help="default: votes below 200 of them, then posterior"
        )
        parser.add_argument("--threshold", type=float, choices=(P_ORDER, P_ORDER_STRICT), default=P_ORDER)
        parser.add_argument("--unbalanced", action="store_true", help="keep pairs that teach length")
        parser.add_argument("--hold-out", nargs="*", metavar="NUMBER", help="cues to measure with, such as 1m3")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(
        self,
        *_args: Any,
        film: str,
        out: Path,
        source: Any,
        threshold: float,
        unbalanced: bool,
        hold_out: list[str] | None,
        as_json: bool,
        **_options: Any,
    ) -> None:
        """Draft, freeze, write."""
        row = Film.objects.filter(slug=film).first()
        if row is None:
            raise CommandError(f"There is no film {film}.")
        held = None if hold_out is None else _cues(row, hold_out)
        choice = Choice(source=source, threshold=threshold, balanced=not unbalanced, held_out=held)
        draft = draft_preferences(film=row, choice=choice)
        try:
            frozen = freeze_preferences(draft=draft)
            files = files_of(frozen=frozen)
        except DomainError as error:
            raise CommandError(str(error)) from error
        try:
            out.mkdir(parents=True, exist_ok=True)
            for name, data in files.items():
                (out / name).write_bytes(data)
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}.") from error
        manifest = frozen.manifest
        report = {
            "name": frozen.name,
            "pairs": manifest["pairs"],
            "unpaired": len(manifest["unpaired"]),
            "held_out": manifest["held_out"],
            "evidence": manifest["evidence"],
            "expected_correct": manifest["expected_correct"],
            "sha256": frozen.sha256,
            "source": manifest["source"],
            "answers": manifest["answers"],
            "left_out": manifest["left_out"],
            "votes_missing": draft.missing,
            "cues_missing": draft.enough.missing_cues,
            "out": str(out),
        }
        if as_json:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
            return
        self.stdout.write(
            f"{frozen.name}: {report['pairs']} pairs from {report['answers']} votes, {report['held_out']} held out, "
            f"{report['unpaired']} unpaired, expected to be right {100 * (frozen.expected_correct or 0):.0f} %\n"
            f"{out}: SHA-256 {frozen.sha256}"
        )
        if draft.enough.sentence:
            self.stdout.write(draft.enough.sentence)
        elif draft.evidence < 0:
            self.stdout.write("Coins explain these answers better than a taste does: no round starts on them.")
        elif draft.missing:
            self.stdout.write(f"About {draft.missing} more votes would do good.")


def _cues(film: Film, numbers: list[str]) -> frozenset[str]:
    known = dict(film.cues.filter(number__in=numbers).values_list("number", "public_id"))
    if unknown := sorted(set(numbers) - set(known)):
        raise CommandError(f"There is no cue {', '.join(unknown)} in the film {film.slug}.")
    return frozenset(known.values())

"""Takes for a cue without the browser."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curator.crew import GPU_QUEUE, gpu_is_freed, ready_workers
from curator.domain.briefs import brief_of_cue, constraints_of
from curator.domain.errors import DomainError
from curator.models.film import Cue
from generation.domain.checkpoints import find_checkpoint
from generation.domain.prompts import never_seen
from generation.domain.requests import request_takes, wait_for_request
from generation.domain.starts import Start, StartMode, find_start
from generation.models.requests import Candidate, CueRequest

SAMPLING = ("temperature", "top_k", "top_p")
CONSTRAINTS = ("lowest", "highest", "density", "hands", "tonic")


class Command(BaseCommand):
    """Ask for candidates of a cue and, with --wait, wait until all have reached their final state."""

    help = "Write candidates for a cue. With --wait the work is done here when no worker is up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which cue, how many, how drawn."""
        parser.add_argument("--film", required=True, help="slug of the film")
        parser.add_argument("--cue", required=True, help="number of the cue, such as 1m1")
        parser.add_argument("--count", type=int, default=8)
        parser.add_argument("--checkpoint", default="", help="name, id or sha256; without it the one in use")
        parser.add_argument("--style", default="", help="one the checkpoint knows, or Period / Composer / Keyboard")
        parser.add_argument("--stage", default="", help="stage of the arc, for checkpoints trained with it")
        parser.add_argument("--seed", type=int)
        parser.add_argument("--temperature", type=float)
        parser.add_argument("--top-k", type=int)
        parser.add_argument("--top-p", type=float)
        music = parser.add_argument_group("music to start from")
        music.add_argument("--from", dest="source", default="", metavar="ID", help="take number, or id of a version")
        music.add_argument("--mode", default=StartMode.FIRST, choices=[mode.value for mode in StartMode])
        music.add_argument("--first", type=int, default=4, metavar="BARS", help="how many of its bars (mode first)")
        keep = parser.add_argument_group("what every bar must keep")
        keep.add_argument("--lowest", type=int, metavar="MIDI")
        keep.add_argument("--highest", type=int, metavar="MIDI")
        keep.add_argument("--density", type=float, metavar="NOTES", help="most struck notes a second")
        keep.add_argument("--hands", action="store_true", help="playable by two hands")
        keep.add_argument("--tonic", action="store_true", help="ends on the tonic")
        parser.add_argument("--wait", action="store_true")
        parser.add_argument("--json", dest="as_json", action="store_true")

    def handle(self, *_args: Any, wait: bool, as_json: bool, **options: Any) -> None:
        """Ask, wait, tell. The exit status is 1 when a candidate failed."""
        began = time.monotonic()
        cue = Cue.objects.select_related("film").filter(film__slug=options["film"], number=options["cue"]).first()
        if cue is None:
            raise CommandError(f"There is no cue {options['cue']} in a film called {options['film']}.")
        try:
            checkpoint = find_checkpoint(name=options["checkpoint"])
            request = request_takes(
                cue=cue,
                count=options["count"],
                checkpoint=checkpoint,
                style=options["style"],
                stage=options["stage"],
                constraints=constraints_of(brief_of_cue(cue=cue)) | _given(options),
                theme=_start(cue, options),
                sampling={name: options[name] for name in SAMPLING if options[name] is not None},
                seed=options["seed"],
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        warning = never_seen(checkpoint=checkpoint, style=options["style"])
        if warning:
            self.stderr.write(self.style.WARNING(warning))
        if wait:
            if not ready_workers(GPU_QUEUE) and gpu_is_freed():
                self.stderr.write("The GPU is freed for other programs; the takes are written when it is taken again.")
            wait_for_request(request=request)
        answer = _answer(request, time.monotonic() - began) | {"warning": warning}
        self.stdout.write(json.dumps(answer) if as_json else _summary(request, answer, wait))
        if answer["failed"]:
            raise CommandError(f"{answer['failed']} of {answer['requested']} candidates were not written.")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The constraints that were named; they go before those of the cue's brief."""
    return {name: options[name] for name in CONSTRAINTS if options[name] not in (None, False)}


def _start(cue: Cue, options: dict[str, Any]) -> Start | None:
    """The music to start from; a number is a take of the cue."""
    source = options["source"]
    if not source:
        return None
    take = cue.takes.select_related("version").filter(number=source).first() if source.isdecimal() else None
    version = take.version.public_id if take else source
    return find_start(version=version, mode=StartMode(options["mode"]), bars=options["first"])


def _answer(request: CueRequest, seconds: float) -> dict[str, Any]:
    rows = list(request.candidates.select_related("version"))
    return {
        "request": request.public_id,
        "requested": request.count,
        "valid": sum(_valid(row) for row in rows),
        "failed": sum(row.finished_at is not None and not _valid(row) for row in rows),
        "seconds": round(seconds, 2),
        "checkpoint": request.checkpoint.sha256,
        "seed": request.seed,
        "candidates": [
            {
                "id": row.public_id,
                "index": row.index,
                "take": row.number,
                "seed": row.seed,
                "state": row.state,
                "valid": _valid(row),
                "reason": row.reason,
                "bars_asked": row.bars_asked,
                "bars_found": row.verdict.get("bars", row.bars_written),
                "abc": row.abc,
                "raw": row.raw,
                "musicxml": row.version.musicxml if row.version else "",
                "forced": row.forced,
                "rolled_back": round(row.rolled_back_share, 4),
            }
            for row in rows
        ],
    }


def _valid(row: Candidate) -> bool:
    return bool(row.verdict.get("valid"))


def _summary(request: CueRequest, answer: dict[str, Any], waited: bool) -> str:
    if not waited:
        return f"{request.count} candidates are asked for; the workers write them. Request {request.public_id}."
    lines = [
        f"take {row['take']}: {row['bars_found']} of {row['bars_asked']} bars, {row['reason'] or 'valid'}"
        for row in answer["candidates"]
    ]
    done = f"{answer['valid']} of {answer['requested']} valid in {answer['seconds']} s."
    return "\n".join([*lines, done])

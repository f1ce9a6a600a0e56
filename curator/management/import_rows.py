"""What became of each file of an import: the rows that the importing commands print, for people and as JSON."""

import json
from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from curator import jobs
from curator.domain.library import Imported
from curator.domain.rendering import RENDER_JOB, SOUND_JOB
from curator.models.jobs import Job
from curator.models.library import Rendering

Row = dict[str, Any]


def row_of(file: str, done: Imported) -> Row:
    """The row of a file that is in the library now, or was before."""
    return {
        "file": file,
        "status": done.status,
        "reason": "",
        "warnings": list(done.warnings),
        "piece": done.piece.public_id,
        "like": {"piece": done.like.piece.public_id, "how": done.like.how} if done.like else None,
        "notes_in": done.notes_in,
        "notes_out": done.notes_out,
    }


def refused(file: str, reason: str) -> Row:
    """The row of a file that is not in the library, and why."""
    nothing: Row = {"warnings": [], "piece": None, "like": None, "notes_in": None, "notes_out": None}
    return {"file": file, "status": "refused", "reason": reason, **nothing}


def line_of(row: Row) -> str:
    """A row for people."""
    more = row["reason"] or " ".join(row["warnings"])
    return f"{row['status']:9} {row['file']}" + (f"\n          {more}" if more else "")


def finish(rows: list[Row], *, out: OutputWrapper, as_json: bool, **more: Any) -> None:
    """Print the sums, with `more`, or everything as JSON. Raises CommandError when one was refused."""
    sums = {
        "imported": sum(row["status"] == "imported" for row in rows),
        "duplicates": sum(row["status"] == "duplicate" for row in rows),
        "refused": sum(row["status"] == "refused" for row in rows),
    }
    if as_json:
        out.write(json.dumps({**sums, "files": rows, **more}, ensure_ascii=False))
    else:
        out.write(", ".join(f"{count} {what}" for what, count in sums.items()))
    if sums["refused"]:
        raise CommandError(f"{sums['refused']} of {len(rows)} files were refused; the reasons stand above.")


def wait_for_renderings(pieces: Iterable[str]) -> None:
    """Wait until the pieces of these public ids are engraved and sounded; in this process when no worker is up."""
    engravings = Rendering.objects.filter(version__piece__public_id__in=list(pieces)).values_list("pk", flat=True)
    open_jobs = Job.objects.open().filter(
        kind__in=(RENDER_JOB, SOUND_JOB), arguments__engraving_id__in=list(engravings)
    )
    while waiting := list(open_jobs.all()):  # to engrave a piece may leave its sound to a job of its own
        for job in waiting:
            jobs.wait_for(job)

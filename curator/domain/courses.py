"""What music does over time, computed once a text and kept by its hash."""

from collections.abc import Iterable, Sequence
from typing import Any

from curator.film.course import Heard
from curator.jobs import Run, enqueue
from curator.models.courses import Course
from curator.models.jobs import Job
from curator.models.library import PieceVersion
from curator.notation.errors import NotationError
from curator.rendering.course import SCHEME, course_of

COURSE_JOB = "curator.course"


def read_courses(*, versions: Iterable[PieceVersion]) -> dict[str, list[Heard]]:
    """The played bars of each version by the SHA-256 of its text, in one query; those not yet computed are missing."""
    wanted = {version.sha256 for version in versions}
    rows = Course.objects.filter(sha256__in=wanted, scheme=SCHEME)
    return {row.sha256: [Heard(*bar) for bar in row.bars] for row in rows}


def keep_course(*, version: PieceVersion) -> Course:
    """Compute and keep what a version does over time, once; 20 ms for 32 bars of piano.

    A version without MusicXML, or with one that cannot be read, gets an empty course.
    """
    present = Course.objects.filter(sha256=version.sha256, scheme=SCHEME).first()
    if present is not None:
        return present
    try:
        bars: Sequence[Sequence[Any]] = course_of(version.musicxml.encode())
    except NotationError:
        bars = ()
    row, _new = Course.objects.get_or_create(
        sha256=version.sha256, scheme=SCHEME, defaults={"bars": [list(bar) for bar in bars]}
    )
    return row


def request_courses(*, versions: Iterable[PieceVersion]) -> Job | None:
    """Have a worker compute what is missing of these versions; None where nothing is."""
    versions = list(versions)
    known = set(read_courses(versions=versions))
    missing = sorted(version.pk for version in versions if version.sha256 not in known)
    if not missing:
        return None
    key = f"courses:{missing[0]}:{missing[-1]}:{len(missing)}"
    return enqueue(kind=COURSE_JOB, queue="cpu", arguments={"versions": missing}, key=key, priority=4)


def keep_courses(*, versions: Sequence[int], run: Run) -> dict[str, int]:
    """The work of that job."""
    for done, key in enumerate(versions):
        run.progress(done, len(versions))
        version = PieceVersion.objects.filter(pk=key).first()
        if version is not None:
            keep_course(version=version)
    return {"courses": len(versions)}

"""The kinds of job of this app. Each handler is safe to run twice."""

from typing import Any

from curator.domain import courses, housekeeping, library, measures, parcels, rendering, sketches, strips
from curator.jobs import Run, job
from curator.sweeps import swept


@job(rendering.RENDER_JOB, on_end=rendering.rendering_ended)
def render(run: Run, *, engraving_id: int, sound_id: int) -> None:
    """Engrave and sound one piece version."""
    rendering.fulfil(engraving_id=engraving_id, sound_id=sound_id, run=run)


@job(rendering.SOUND_JOB, on_end=rendering.rendering_ended)
def perform(run: Run, *, engraving_id: int, sound_id: int) -> None:
    """Sound one piece version that is engraved."""
    rendering.fulfil(engraving_id=engraving_id, sound_id=sound_id, run=run)


@job(rendering.MP3_JOB)
def mp3(run: Run, *, sound_id: int, quieter: int = 0) -> None:
    """Make the MP3 of one sound, turned down by so many half decibels."""
    rendering.add_mp3(sound_id=sound_id, quieter=quieter, run=run)


@job(strips.STRIP_JOB, on_end=strips.strip_ended)
def strip(run: Run, *, strip_id: int) -> None:
    """Draw one piece version as an endless score."""
    strips.draw_strip(strip_id=strip_id, run=run)


@job(library.IMPORT_JOB)
def import_upload(run: Run, *, media: int, name: str, about: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make a piece of one uploaded file; `more`: user, language and put_up, as curator.domain.library takes them."""
    return library.import_upload(media=media, name=name, about=about, run=run, **more)


@job(library.PARCEL_JOB)
def unpack_upload(
    run: Run,
    *,
    media: int,
    name: str,  # noqa: ARG001 (shown in the list of uploads)
    about: dict[str, Any],
    user: int | None = None,
    language: str | None = None,
    put_up: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Make an upload of every score in a zip file."""
    return parcels.unpack_upload(media=media, about=about, user=user, language=language, put_up=put_up, run=run)


@job(library.MANIFEST_JOB)
def import_list(
    run: Run,
    *,
    media: int,
    name: str,  # noqa: ARG001 (shown in the list of uploads)
    user: int | None = None,
    language: str | None = None,
) -> dict[str, Any]:
    """Fetch and import the scores of a list of addresses."""
    return parcels.import_list(media=media, user=user, language=language, run=run)


@job(sketches.SKETCH_JOB)
def sketch(run: Run) -> dict[str, Any]:
    """Sketch the versions that have none yet, and compare them."""
    return sketches.sketch_all(run=run)


@job(courses.COURSE_JOB)
def course(run: Run, *, versions: list[int]) -> dict[str, int]:
    """Compute what the music of these versions does over time."""
    return courses.keep_courses(versions=versions, run=run)


@job(measures.MEASURE_JOB)
def measure(run: Run, *, take: int) -> dict[str, Any]:
    """Measure a take that was put up."""
    return measures.measure_take(take_id=take, run=run)


@swept(every=6 * 3600)
def keep_house() -> None:
    """Remove renderings and files that nobody needs any more, some at a time: lost jobs wait behind this."""
    housekeeping.tidy(most=1000)

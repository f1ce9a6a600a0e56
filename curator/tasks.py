"""The kinds of job of this app. Each handler is safe to run twice."""

from curator.domain import rendering
from curator.jobs import Run, job


@job(rendering.RENDER_JOB, on_end=rendering.rendering_ended)
def render(run: Run, *, engraving_id: int, sound_id: int) -> None:
    """Engrave and sound one piece version."""
    rendering.fulfil(engraving_id=engraving_id, sound_id=sound_id, run=run)


@job(rendering.MP3_JOB)
def mp3(run: Run, *, sound_id: int) -> None:
    """Make the MP3 of one sound."""
    rendering.add_mp3(sound_id=sound_id, run=run)

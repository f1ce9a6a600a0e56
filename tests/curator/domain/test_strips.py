"""The endless score: asked for once, drawn once, beside pages and sound."""

from pathlib import Path

import pytest

from curator.domain.rendering import make_rendering
from curator.domain.sheets import read_sheet
from curator.domain.strips import STRIP_JOB, draw_strip, read_strip, request_strip
from curator.jobs import execute
from curator.models.jobs import Job
from curator.models.library import Rendering, RenderingState
from tests.factories import make_version

pytestmark = pytest.mark.django_db

REPEAT = (Path(__file__).resolve().parents[2] / "golden" / "scores" / "repeat.musicxml").read_text()


def test_a_strip_is_drawn_once_by_a_worker():
    version = make_version(musicxml=REPEAT)
    strip = request_strip(version=version)
    assert (request_strip(version=version), read_strip(strip)) == (strip, "")
    job = Job.objects.get(kind=STRIP_JOB)
    execute(job.pk)
    strip.refresh_from_db()
    assert strip.state == RenderingState.READY
    assert 'class="system"' in read_strip(strip)
    assert request_strip(version=version) == strip
    draw_strip(strip_id=strip.pk)  # safe to run twice
    assert (Job.objects.count(), strip.files.count()) == (1, 1)


def test_each_tempo_map_has_a_strip_of_its_own():
    version = make_version(musicxml=REPEAT)
    assert request_strip(version=version, tempo_map=[[1, 90]]) != request_strip(version=version)


def test_a_strip_is_no_sheet():
    version = make_version(musicxml=REPEAT)
    draw_strip(strip_id=request_strip(version=version).pk)
    assert read_sheet(version=version).engraving is None
    made = make_rendering(version=version)
    assert read_sheet(version=version).engraving == made.engraving


def test_a_strip_that_cannot_be_drawn_says_why_and_is_tried_again():
    version = make_version(musicxml="<score-partwise><part-list/></score-partwise>")
    strip = request_strip(version=version)
    execute(Job.objects.get().pk)
    strip.refresh_from_db()
    assert (strip.state, strip.error) == (RenderingState.FAILED, "The score has no bars.")
    assert request_strip(version=version).state == RenderingState.FAILED
    assert request_strip(version=version, again=True).state == RenderingState.PENDING
    job = Job.objects.filter(state="queued").get()
    Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    from curator.jobs import sweep

    sweep()
    assert Rendering.objects.get().state == RenderingState.FAILED


def test_a_strip_of_a_piece_that_is_gone_draws_nothing():
    draw_strip(strip_id=0)

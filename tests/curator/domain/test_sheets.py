import pytest

from curator.domain.rendering import make_rendering
from curator.domain.sheets import read_sheet, read_sheets, read_take_sheets
from curator.models.library import Rendering
from tests.factories import make_cue, make_take, make_version

pytestmark = pytest.mark.django_db


def test_read_sheet_of_a_version_never_drawn_is_empty():
    sheet = read_sheet(version=make_version())
    assert (sheet.drawn, sheet.heard, sheet.trouble, sheet.incipit, sheet.pages) == (False, False, "", "", [])
    assert (sheet.timemap, sheet.opus, sheet.seconds, sheet.bars) == (None, None, None, None)


def test_read_sheet_gives_pages_incipit_and_files():
    version = make_version()
    make_rendering(version=version)
    sheet = read_sheet(version=version)
    assert (sheet.drawn, sheet.heard, sheet.seconds, sheet.bars) == (True, True, 6.0, 2)
    assert [svg[:5] for svg in (*sheet.pages, *sheet.narrow_pages, sheet.incipit)] == ["<svg "] * 3
    assert sheet.timemap is not None
    assert sheet.opus is not None
    assert sheet.opus.content_type == "audio/ogg"


def test_read_sheet_at_a_tempo_takes_no_other():
    version = make_version()
    make_rendering(version=version, tempo_map=[[1, 90]])
    assert read_sheet(version=version, tempo_map=[[1, 90]]).drawn
    assert read_sheet(version=version).drawn
    assert not read_sheet(version=version, tempo_map=[[1, 60]]).drawn
    assert not read_sheet(version=version, tempo_map=()).drawn


def test_read_sheets_says_why_and_prefers_what_is_ready():
    version = make_version(musicxml="<score-partwise><part-list/></score-partwise>")
    made = make_rendering(version=version)
    assert read_sheet(version=version).trouble == "The score has no bars."
    Rendering.objects.filter(pk=made.sound.pk).update(error="")
    assert read_sheet(version=version).silence == "The work was stopped before the score was drawn."


def test_read_sheets_needs_three_queries_whatever_the_number(django_assert_num_queries):
    versions = [make_version(abc=f"{n}") for n in range(3)]
    for version in versions:
        Rendering.objects.create(key=f"{version.pk}", version=version, target="engraving", renderer="test")
    with django_assert_num_queries(2):  # no files, so no query for media
        one = read_sheets(versions=versions[:1])
    with django_assert_num_queries(2):
        all_of_them = read_sheets(versions=versions)
    assert (list(one), list(all_of_them)) == ([versions[0].pk], [version.pk for version in versions])


def test_read_sheet_takes_pages_and_sound_of_one_tempo():
    version = make_version()
    ready = [
        Rendering.objects.create(
            key=f"{target}{tempo}",
            version=version,
            target=target,
            tempo_map=tempo,
            renderer="test",
            state="pending" if (target, tempo) == ("sound", [[1, 90]]) else "ready",
        )
        for tempo in ([[1, 60]], [[1, 90]])
        for target in ("engraving", "sound")
    ]
    sheet = read_sheet(version=version)
    assert [sheet.engraving, sheet.sound] == ready[:2]
    Rendering.objects.filter(key="sound[[1, 90]]").update(state="ready")
    sheet = read_sheet(version=version)
    assert [sheet.engraving, sheet.sound] == ready[2:]


def test_read_take_sheets_takes_each_at_the_tempo_of_its_cue(django_assert_num_queries):
    version = make_version()
    slow, fast = (make_take(cue=make_cue(tempo_map=[[1, tempo]]), version=version) for tempo in (60, 90))
    make_rendering(version=version, tempo_map=[[1, 90]])
    with django_assert_num_queries(3):
        sheets = read_take_sheets(takes=[slow, fast])
    assert (sheets[slow.pk].heard, sheets[fast.pk].heard) == (False, True)

import pytest

from curator.domain.courses import COURSE_JOB, keep_course, read_courses, request_courses
from curator.domain.takes import put_up_take
from curator.jobs import execute
from curator.models.courses import Course
from curator.models.jobs import Job
from curator.notation.convert import abc_to_musicxml
from tests.factories import ABC, make_cue, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def version():
    return make_version(musicxml=abc_to_musicxml(ABC).text)


def test_a_take_that_is_put_up_is_followed_once(version):
    put_up_take(cue=make_cue(), version=version)
    put_up_take(cue=make_cue(), version=version)
    [course] = Course.objects.all()
    assert [bar[:3] for bar in course.bars] == [[1, 3.0, 8], [2, 3.0, 7]]


def test_equal_texts_share_what_was_computed(version, django_assert_num_queries):
    keep_course(version=version)
    other = make_version(musicxml=version.musicxml)
    with django_assert_num_queries(1):
        found = read_courses(versions=[version, other])
    assert [(bar.bar, bar.struck) for bar in found[other.sha256]] == [(1, 8), (2, 7)]


def test_what_cannot_be_read_gets_an_empty_course():
    version = make_version(musicxml="<nonsense/>")
    assert keep_course(version=version).bars == []
    assert read_courses(versions=[version]) == {version.sha256: []}


def test_a_worker_computes_what_is_missing_and_only_that(version):
    other = make_version(abc="another text", musicxml=version.musicxml)
    keep_course(version=other)
    job = request_courses(versions=[version, other])
    assert job is not None
    assert job.arguments == {"versions": [version.pk]}
    assert request_courses(versions=[version]) == job
    execute(Job.objects.get(kind=COURSE_JOB).pk)
    assert set(read_courses(versions=[version, other])) == {version.sha256, other.sha256}
    assert request_courses(versions=[version, other]) is None


def test_a_version_that_is_gone_meanwhile_is_passed_over(version):
    job = request_courses(versions=[version])
    version.piece.delete()
    assert job is not None
    execute(job.pk)
    job.refresh_from_db()
    assert (job.state, Course.objects.count()) == ("done", 0)

"""Files become pieces, or are refused with a reason."""

import hashlib

import pytest
from django.utils.translation import override

from curator import jobs
from curator.domain.errors import DomainError
from curator.domain.library import (
    IMPORT_JOB,
    About,
    forget_import,
    import_score,
    recent_imports,
    retry_import,
    upload_score,
)
from curator.domain.rendering import RENDER_JOB
from curator.models.jobs import Job, JobState
from curator.models.library import MediaFile, Piece, PieceVersion, Rendering
from tests.curator.notation.scores import two_staff
from tests.factories import make_user

pytestmark = pytest.mark.django_db

SCORE = two_staff(2)
BAD = SCORE.replace(b"</step>", b"</step><alter>0.5</alter>")
QUARTER_TONES = "The score has quarter tones, which a piano does not have."


@pytest.mark.parametrize(
    ("name", "title", "kept"),
    [
        ("\udcff\udcfe.musicxml", "Untitled", ".musicxml"),  # bytes of a disk that are no UTF-8
        ("a\x1b[31mred\nline.musicxml", "a [31mred line", "a [31mred line.musicxml"),
        ("C:\\scores\\b_c.v2.XML", "b c.v2", "C:\\scores\\b_c.v2.XML"),
        ("x" * 300 + ".musicxml", "x" * 200, "x" * 246 + ".musicxml"),
    ],
)
def test_a_file_name_is_taken_as_a_plain_line(name, title, kept):
    done = import_score(name=name, data=SCORE.replace(b"Study", b""))
    assert (done.piece.title, done.version.original_name) == (title, kept)


def test_the_installation_may_allow_less_than_a_score_may_have(settings):
    settings.MAX_UPLOAD_MB = 1
    with pytest.raises(DomainError, match="larger than 1 MB"):
        upload_score(name="a.xml", data=b"x" * 1_000_001)


def test_import_makes_a_piece_with_its_text_and_asks_for_its_picture():
    user = make_user()
    done = import_score(name="a b.musicxml", data=SCORE, created_by=user, about=About(period="Modern", tags=("x", "y")))
    assert (done.status, done.notes_in, done.notes_out, done.warnings, done.like) == ("imported", 6, 6, (), None)
    piece, version = Piece.objects.get(), PieceVersion.objects.get()
    assert (piece.title, piece.composer, piece.period, piece.origin) == ("Study", "A. Nonym", "Modern", "uploaded")
    assert sorted(piece.tags.values_list("name", flat=True)) == ["x", "y"]
    assert version.abc.endswith("[V:1]c4 d2|[V:2]C,6|\n")
    assert version.sha256 == hashlib.sha256(version.abc.encode()).hexdigest()
    assert version.original_sha256 == hashlib.sha256(SCORE).hexdigest()
    assert (version.original_name, version.converter, version.number) == ("a b.musicxml", "abctoolkit 0.0.6", 1)
    assert (version.facts["bars"], version.facts["count"]["second"]) == (2, {"notes": 6, "bars": 2, "staves": 2})
    assert Rendering.objects.count() == 2
    assert Job.objects.get().kind == RENDER_JOB


def test_words_of_the_user_come_before_those_of_the_file():
    done = import_score(name="a.xml", data=SCORE, about=About(title="Mine", composer="Me"))
    assert (done.piece.title, done.piece.composer) == ("Mine", "Me")


def test_without_a_title_the_file_name_stands_for_it():
    nameless = SCORE.replace(b"<work-title>Study</work-title>", b"<work-title/>")
    done = import_score(name="Am_Pier (2).xml", data=nameless)
    assert done.piece.title == "Am Pier (2)"
    assert done.warnings == ("The file names no title; its file name stands for it.",)


def test_the_same_file_and_the_same_notes_are_duplicates():
    first = import_score(name="a.xml", data=SCORE)
    again = import_score(name="b.xml", data=SCORE)
    same = import_score(name="c.xml", data=two_staff(2, divisions=96, title="Other"))
    assert [(done.status, done.like.how, done.like.piece) for done in (again, same) if done.like] == [
        ("duplicate", "same file", first.piece),
        ("duplicate", "same notes", first.piece),
    ]
    assert Piece.objects.count() == 1


def test_an_archived_piece_hides_no_new_one():
    Piece.objects.filter(pk=import_score(name="a.xml", data=SCORE).piece.pk).update(archived_at="2026-01-01T00:00Z")
    assert import_score(name="a.xml", data=SCORE).status == "imported"


def test_a_refused_file_changes_nothing():
    with pytest.raises(DomainError, match="quarter tones"):
        import_score(name="a.xml", data=BAD)
    assert (Piece.objects.count(), Job.objects.count()) == (0, 0)


def test_bars_off_the_metre_are_told_and_kept():
    long = SCORE.replace(b"<duration>2</duration>", b"<duration>4</duration>", 1).replace(
        b"<backup><duration>6</duration>", b"<backup><duration>8</duration>", 1
    )
    long = long.replace(b"<duration>6</duration><voice>5<", b"<duration>8</duration><voice>5<", 1)
    assert import_score(name="a.xml", data=long).warnings[0] == "Bars longer or shorter than their metre: 1."


def test_upload_goes_through_a_job():
    user = make_user()
    row = upload_score(name="a.xml", data=SCORE, about=About(title="T", tags=("x",)), created_by=user)
    assert (row.kind, row.queue, row.state, row.created_by) == (IMPORT_JOB, "cpu", JobState.QUEUED, user)
    jobs.execute(row.pk)
    row.refresh_from_db()
    piece = Piece.objects.get()
    assert (row.state, row.error) == (JobState.DONE, "")
    told = {"status": "imported", "piece": piece.public_id, "title": "T", "how": "", "warnings": [], "take": None}
    assert row.result == told
    assert (piece.created_by, [tag.name for tag in piece.tags.all()]) == (user, ["x"])


def test_a_refusal_is_in_the_language_of_the_page_it_was_added_on():
    with override("de"):
        row = upload_score(name="a.xml", data=BAD)
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert row.error == "Die Partitur hat Vierteltöne; ein Klavier hat keine."


def test_the_same_upload_twice_is_one_job():
    assert upload_score(name="a.xml", data=SCORE) == upload_score(name="a.xml", data=SCORE)


def test_a_refused_upload_keeps_its_file_and_can_be_tried_again_or_forgotten():
    row = upload_score(name="a.xml", data=BAD)
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error, MediaFile.objects.count()) == (JobState.FAILED, QUARTER_TONES, 1)
    again = retry_import(job=row)
    assert recent_imports() == [again]
    with pytest.raises(DomainError, match="still being read"):
        forget_import(job=again)
    jobs.execute(again.pk)
    again.refresh_from_db()
    forget_import(job=again)
    assert recent_imports() == []


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"x", "none of the endings"),
        ("a.xml", b"", "empty"),
        ("a.xml", b"x" * 20_000_001, "larger than 20 MB"),
    ],
)
def test_what_needs_no_worker_is_refused_at_once(name, data, reason):
    with pytest.raises(DomainError, match=reason):
        upload_score(name=name, data=data)
    assert Job.objects.count() == 0

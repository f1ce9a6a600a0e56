"""The same music under two names: found, decided on, and kept once for training."""

import pytest

from curator.domain.errors import DomainError
from curator.domain.library import import_score
from curator.domain.shelving import shelve_pieces
from curator.domain.sketches import SKETCH_JOB, request_sketches, sketch_missing, sketch_version, unsketched
from curator.domain.twins import (
    decide_twins,
    decisions_in_force,
    distinct_pieces,
    suspects_page,
    take_back_decision,
    twins_of,
    undecided,
)
from curator.jobs import work_through
from curator.models.jobs import Job, JobState
from curator.models.library import Origin, Piece, PieceVersion, Source, Tag
from curator.models.twins import Resemblance, Sketch, TwinAnswer, TwinDecision
from tests.curator.notation.scores import needs_shared
from tests.curator.notation.test_sounding import MELODY, moved, score
from tests.factories import make_take, make_user, make_version
from tests.shared import SHARED

pytestmark = pytest.mark.django_db

LONG = [*MELODY * 2, *moved(MELODY, 2)]
CHANGED = [*LONG[:-1], "D4+F#4+B4:16"]
BACKWARD = [" ".join(reversed(bar.split())) for bar in reversed(LONG)]


def make_piece(bars: list[str], title: str = "Etwas", **fields) -> Piece:
    """A sketched piece of these bars."""
    piece = Piece.objects.create(title=title, origin=fields.pop("origin", Origin.UPLOADED), **fields)
    sketch_version(version=version_of(piece, bars))
    return piece


def version_of(piece: Piece, bars: list[str]) -> PieceVersion:
    musicxml = score(*bars).decode()
    return make_version(piece=piece, musicxml=musicxml, facts={"ambitus": [59, 77]})


def found() -> list[tuple[str, str, str, float]]:
    rows = undecided().select_related("first", "second")
    return [(row.first.title, row.second.title, row.kind, row.likeness) for row in rows]


def test_what_resembles_what():
    make_piece(LONG, "original")
    make_piece(LONG, "copy")
    make_piece(moved(LONG, 3), "higher")
    make_piece(CHANGED, "changed")
    make_piece(BACKWARD, "other")
    make_piece(MELODY[:1], "short")
    make_piece(moved(MELODY[:1], 1), "short too")
    rows = found()
    assert {row[:3] for row in rows} == {
        ("original", "copy", "same notes"),
        ("original", "higher", "transposed"),
        ("copy", "higher", "transposed"),
        ("original", "changed", "nearly the same notes"),
        ("copy", "changed", "nearly the same notes"),
        ("higher", "changed", "nearly the same notes"),
    }
    assert [row[3] for row in rows[:3]] == [1, 1, 1]
    assert 0.7 < rows[3][3] < 1


def test_too_short_a_piece_is_known_by_all_of_its_notes():
    make_piece(MELODY[:1], "short")
    make_piece(MELODY[:1], "short again")
    assert found() == [("short", "short again", "same notes", 1.0)]


def test_what_a_model_wrote_twice_asks_nobody():
    make_piece(LONG, "written", origin=Origin.GENERATED)
    make_piece(LONG, "written again", origin=Origin.GENERATED)
    assert found() == []
    make_piece(LONG, "by hand")
    assert {row[:2] for row in found()} == {("written", "by hand"), ("written again", "by hand")}


def test_the_newest_versions_count():
    first, second = make_piece(LONG, "first"), make_piece(LONG, "second")
    version = version_of(second, BACKWARD)
    assert found() == []
    sketch_version(version=version)
    assert (found(), list(twins_of(first))) == ([], [])
    sketch_version(version=version_of(second, LONG))
    assert [(row.kind, other) for row, other in twins_of(first)] == [("same notes", second)]
    assert [other for _row, other in twins_of(second)] == [first]


def test_sketches_are_made_where_they_are_missing():
    one, other = (version_of(Piece.objects.create(title="x", origin=Origin.UPLOADED), LONG) for _ in range(2))
    bare = make_version()  # without MusicXML
    assert list(unsketched()) == [one, other, bare]
    job = request_sketches()
    assert job is not None
    assert request_sketches() == job
    work_through(queue="cpu")
    row = Job.objects.get(kind=SKETCH_JOB)
    assert (row.state, row.result) == (JobState.DONE, {"sketched": 3})
    assert request_sketches() is None
    assert undecided().count() == 1
    assert Sketch.objects.get(version=bare).shingles == 0
    Sketch.objects.filter(version=other).update(scheme="older")
    assert sketch_missing() == 1
    assert undecided().count() == 1


def test_a_fingerprint_of_an_older_kind_is_made_anew():
    version = version_of(Piece.objects.create(title="x", origin=Origin.UPLOADED), LONG)
    PieceVersion.objects.filter(pk=version.pk).update(fingerprint="0" * 64)
    sketch_version(version=version)
    assert PieceVersion.objects.get().fingerprint == version.fingerprint != "0" * 64


@needs_shared
def test_files_that_come_in_are_told_apart():
    def bring(name: str):
        file = next((SHARED / "hostile").glob(f"{name}_*"))
        done = import_score(name=file.name, data=file.read_bytes())
        return done.status, done.like and (done.like.piece, done.like.how), done

    status, like, original = bring("d01")
    first = original.piece
    assert (status, like) == ("imported", None)
    assert [bring(name)[:2] for name in ("d03", "d09", "d05", "d07")] == [
        ("duplicate", (first, "same notes")),
        ("duplicate", (first, "same notes")),
        ("imported", (first, "nearly the same notes")),
        ("imported", (first, "nearly the same notes")),
    ]
    changed = Piece.objects.get(versions__original_name__startswith="d07")
    decide_twins(one=first, other=changed, answer=TwinAnswer.MERGED, kept=first, by=None)
    assert bring("d07")[:2] == ("duplicate", (first, "same file"))
    assert Piece.objects.count() == 3


# --- each music once -------------------------------------------------------------------------------


def test_each_music_is_kept_once_and_the_oldest_stays(django_assert_num_queries):
    first, other, copy, higher = (make_piece(bars) for bars in (LONG, BACKWARD, LONG, moved(LONG, -2)))
    unknown = [make_version().piece for _ in range(2)]
    everything = Piece.objects.all()
    assert distinct_pieces(everything) == ([first, other, *unknown], {copy.pk: first, higher.pk: first})
    assert distinct_pieces(everything.exclude(pk=first.pk)) == ([other, copy, *unknown], {higher.pk: copy})
    with django_assert_num_queries(4):
        distinct_pieces(everything)


def test_the_owners_word_decides_what_is_one_music():
    first, changed, apart = make_piece(LONG), make_piece(CHANGED), make_piece(BACKWARD)
    assert distinct_pieces(Piece.objects.all()) == ([first, apart], {changed.pk: first})
    decide_twins(one=changed, other=first, answer=TwinAnswer.DIFFERENT, by=None)
    assert distinct_pieces(Piece.objects.all()) == ([first, changed, apart], {})
    decide_twins(one=first, other=apart, answer=TwinAnswer.BOTH, by=None)
    assert distinct_pieces(Piece.objects.all()) == ([first, changed], {apart.pk: first})
    decide_twins(one=first, other=changed, answer=TwinAnswer.MERGED, kept=changed, by=None)
    assert distinct_pieces(Piece.objects.all()) == ([first], {changed.pk: first, apart.pk: first})


def test_a_chain_of_small_changes_keeps_its_ends():
    middle, first, last = make_piece(CHANGED), make_piece(LONG), make_piece(BACKWARD)
    decide_twins(one=middle, other=last, answer=TwinAnswer.BOTH, by=None)
    ordered = Piece.objects.filter(pk__in=[first.pk, last.pk, middle.pk])
    Piece.objects.filter(pk=middle.pk).update(created_at=last.created_at)
    assert distinct_pieces(ordered) == ([first, last], {middle.pk: first})


# --- the owner's word ------------------------------------------------------------------------------


def test_a_decision_is_a_fact_that_can_be_taken_back():
    owner = make_user()
    first, second = make_piece(LONG), make_piece(CHANGED)
    row = decide_twins(one=second, other=first, answer=TwinAnswer.BOTH, by=owner)
    assert (row.first, row.second, row.answer, row.kept, row.by) == (first, second, "both", None, owner)
    assert row.found["how"] == "nearly the same notes"
    assert (found(), decisions_in_force()) == ([], [row])
    back = take_back_decision(decision=row, by=owner)
    assert (back.answer, len(found()), decisions_in_force()) == ("undecided", 1, [])
    assert TwinDecision.objects.count() == 2
    for gone in (row, back):
        with pytest.raises(DomainError, match="does not hold any more"):
            take_back_decision(decision=gone, by=owner)


def test_the_very_same_notes_are_not_two_pieces():
    first, second = make_piece(LONG), make_piece(LONG)
    with pytest.raises(DomainError, match="very same notes"):
        decide_twins(one=first, other=second, answer=TwinAnswer.DIFFERENT, by=None)


def state() -> list[tuple[object, list[str]]]:
    fields = ("title", "composer", "source", "merged_into", "archived_at", "words")
    rows = Piece.objects.order_by("pk")
    tags = [list(piece.tags.order_by("name").values_list("name", flat=True)) for piece in rows]
    return list(zip(rows.values_list(*fields), tags, strict=True))


def test_merging_keeps_versions_takes_tags_and_source_and_can_be_undone():
    shelf = Source.objects.create(name="Shelf")
    first = make_piece(LONG, "one", period="Romantic")
    second = make_piece(CHANGED, "two", composer="Erik Satie", period="Modern", source=shelf)
    third = make_piece(BACKWARD, "three")
    first.tags.add(Tag.objects.create(name="a"))
    second.tags.add(Tag.objects.get(name="a"), Tag.objects.create(name="b"))
    take = make_take(version=second.versions.get())
    shelve_pieces(pieces=[first, second, third])
    decide_twins(one=third, other=second, answer=TwinAnswer.MERGED, kept=second, by=None)
    before = state()
    row = decide_twins(one=first, other=second, answer=TwinAnswer.MERGED, kept=first, by=None)
    first.refresh_from_db()
    assert (first.composer, first.period, first.source) == ("Erik Satie", "Romantic", shelf)
    assert list(first.tags.values_list("name", flat=True)) == ["a", "b"]
    second.refresh_from_db()
    third.refresh_from_db()
    assert (second.merged_into, third.merged_into) == (first, first)
    assert second.archived_at is not None
    assert second.versions.get() == take.version
    assert "erik satie" in first.words
    assert list(undecided()) == []
    take_back_decision(decision=row, by=None)
    assert state() == before
    assert undecided().count() == 1


def test_what_was_changed_since_stays_when_a_merge_is_undone():
    first, second = make_piece(LONG), make_piece(LONG, composer="Satie")
    row = decide_twins(one=first, other=second, answer=TwinAnswer.MERGED, kept=first, by=None)
    Piece.objects.filter(pk=first.pk).update(composer="Erik Satie")
    take_back_decision(decision=row, by=None)
    first.refresh_from_db()
    assert first.composer == "Erik Satie"


def test_what_cannot_be_decided():
    first, second = make_piece(LONG), make_piece(LONG)
    stranger = make_piece(BACKWARD)
    for answer, kept, said in (
        (TwinAnswer.MERGED, None, "which of the two pieces stays"),
        (TwinAnswer.MERGED, stranger, "which of the two pieces stays"),
        (TwinAnswer.UNDECIDED, None, "Say what the two pieces are"),
    ):
        with pytest.raises(DomainError, match=said):
            decide_twins(one=first, other=second, answer=answer, kept=kept, by=None)
    with pytest.raises(DomainError, match="no twin of itself"):
        decide_twins(one=first, other=first, answer=TwinAnswer.BOTH, by=None)
    decide_twins(one=first, other=second, answer=TwinAnswer.MERGED, kept=first, by=None)
    with pytest.raises(DomainError, match="not in the library any more"):
        decide_twins(one=first, other=second, answer=TwinAnswer.BOTH, by=None)
    assert TwinDecision.objects.count() == 1


def test_a_merge_into_a_piece_that_is_gone_waits_for_it():
    first, second, third = make_piece(LONG), make_piece(LONG), make_piece(LONG)
    inner = decide_twins(one=first, other=second, answer=TwinAnswer.MERGED, kept=first, by=None)
    outer = decide_twins(one=first, other=third, answer=TwinAnswer.MERGED, kept=third, by=None)
    with pytest.raises(DomainError, match="bring it back first"):
        take_back_decision(decision=inner, by=None)
    take_back_decision(decision=outer, by=None)
    take_back_decision(decision=inner, by=None)
    assert not Piece.objects.filter(merged_into__isnull=False).exists()


def test_a_page_of_suspects_costs_the_same_for_one_and_for_three(django_assert_num_queries):
    sources = [Source.objects.create(name=str(number)) for number in range(4)]
    make_piece(LONG, source=sources[0])
    for number in range(1, 4):
        make_piece(moved(LONG, number), source=sources[number])
        with django_assert_num_queries(2):
            shown, page = suspects_page(page=1)
            assert all(row.found.first.source and row.found.second.source for row in shown)
        assert len(shown) == page.paginator.count
    assert Resemblance.objects.count() == 6


def test_semitones_are_told_where_a_piece_was_transposed():
    make_piece(LONG)
    second = make_piece(moved(LONG, 3))
    version = second.versions.get()
    PieceVersion.objects.filter(pk=version.pk).update(facts={"ambitus": [62, 80]})
    assert [one.semitones for one in suspects_page(page=1)[0]] == [3]

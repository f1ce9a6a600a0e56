import pytest

from curator.domain.rights import confirm_rights
from curator.domain.sketches import SKETCH_JOB
from curator.domain.tags import STAGE, tag_pieces
from curator.models.jobs import Job
from curator.models.library import Piece, PieceVersion, Rendering
from curator.models.rights import Purpose
from curator.models.twins import Resemblance, TwinAnswer, TwinDecision
from tests.training.satie import resemble, small_piece
from training.domain.choosing import Choice, choose, composers_like, offer, shares
from training.recipes.data import Transposition

pytestmark = pytest.mark.django_db


def reasons(choice: Choice | None = None) -> dict[str, str]:
    return {one.piece.title: one.reason for one in choose(choice or Choice()).left_out}


def test_every_piece_goes_in_or_has_its_reason():
    for number in range(4):
        small_piece(number)
    small_piece(4, title="Arabesque", composer="Debussy, Claude")
    small_piece(5, title="Nobody's", composer="")
    small_piece(6, title="Una mattina", composer="Einaudi, Ludovico")
    Piece.objects.create(title="Silence", composer="Satie, Erik", origin="uploaded")
    broken = small_piece(7, title="Strange key")
    type(broken).objects.filter(pk=broken.pk).update(abc=broken.abc.replace("K:C", "K:Cmaj"), sha256="0" * 64)
    chosen = choose(Choice())
    assert [one.piece.title for one in chosen.kept] == ["Piece 00", "Piece 01", "Piece 02", "Piece 03"]
    assert {one.piece.title: one.reason for one in chosen.left_out} == {
        "Arabesque": "Debussy, Claude is not on the list of composers that train.",
        "Nobody's": "No composer is named, so nobody knows whether it may train.",
        "Silence": "It has no text.",
        "Strange key": "The key Cmaj is not one that NotaGen's training data knows.",
        "Una mattina": "It is in copyright, and nobody has confirmed that it may train.",
    }


def test_a_piece_in_copyright_goes_in_after_a_confirmation_that_names_it(owner):
    small_piece(1)
    piece = small_piece(2, composer="Ludovico Einaudi").piece
    assert len(choose(Choice()).kept) == 1
    confirm_rights(pieces=[piece], purpose=Purpose.TRAINING, by=owner)
    assert len(choose(Choice()).kept) == 2


def test_each_music_goes_in_once():
    first, second = small_piece(1, title="First edition"), small_piece(2, title="Second edition")
    small_piece(1, title="A copy")
    small_piece(3)
    resemble(first, second)
    assert reasons() == {
        "A copy": "It is the same music as First edition, or nearly.",
        "Second edition": "It is the same music as First edition, or nearly.",
    }


def test_works_stay_on_one_side(owner):
    """Two versions of a title make a work, and so do pieces that are alike though the owner calls them two."""
    one, other = small_piece(1, title="Gymnopédie 1"), small_piece(2, title="Gymnopedie 1", composer="Erik Satie")
    near, nearer = small_piece(3, title="Gnossienne"), small_piece(4, title="Gnossienne, easy")
    small_piece(5)
    resemble(near, nearer, kind=Resemblance.NEAR)
    TwinDecision.objects.create(first=near.piece, second=nearer.piece, answer=TwinAnswer.DIFFERENT, by=owner)
    for seed in range(5):
        chosen = choose(Choice(seed=seed, eval_share=0.4))
        sides = {one.piece.pk: one.held_out for one in chosen.kept}
        assert sides[one.piece_id] == sides[other.piece_id]
        assert sides[near.piece_id] == sides[nearer.piece_id]
        assert {True, False} == set(sides.values())
    assert chosen.totals["works"] == 3


def test_one_work_makes_no_set():
    small_piece(1)
    assert choose(Choice()).trouble == "A set needs at least two works: one to learn from and one to measure with."
    assert choose(Choice(composers=("Nobody",))).trouble == "No piece goes in."


def test_filters_narrow_what_is_asked_for():
    small_piece(1)
    tagged = small_piece(2).piece
    small_piece(3, origin="generated")
    tag_pieces(pieces=[tagged], add=["slow"])
    tag_pieces(pieces=[tagged], add=["Peace"], kind=STAGE)

    def titles(**fields) -> list[str]:
        return [one.piece.title for one in choose(Choice(**fields)).kept]

    assert titles() == ["Piece 01", "Piece 02"]
    assert titles(tags=("slow",)) == ["Piece 02"]
    assert titles(tags=("Peace",)) == []  # a stage is no tag of this kind
    assert titles(stages=("Peace",)) == ["Piece 02"]
    assert titles(origins=("generated",)) == ["Piece 03"]
    assert titles(composers=("Satie, Erik",), origins=("uploaded", "generated")) == ["Piece 01", "Piece 02", "Piece 03"]
    assert titles(rights=("public_domain",)) == ["Piece 01", "Piece 02"]
    assert titles(rights=("own_copy",)) == []


def test_totals_count_what_goes_in():
    for number in range(10):
        small_piece(number)
    chosen = choose(Choice(transposition=Transposition.ALL))
    totals = chosen.totals
    assert (totals["pieces"], totals["train"], totals["eval"]) == (10, 9, 1)
    assert (totals["bars"], totals["minutes"], totals["over_context"]) == (20, 1.0, 0)
    assert totals["patches"] == sum(one.patches for one in chosen.kept)
    assert totals["composers"] == {"Satie, Erik": 10.0}
    assert len(totals["keys"]) == 15
    assert sum(totals["keys"].values()) == pytest.approx(10, abs=0.01)


def test_a_quick_look_estimates_what_it_did_not_measure(monkeypatch):
    monkeypatch.setattr("training.domain.choosing._known", {})
    for number in range(60):
        small_piece(number)
    quick = choose(Choice(), seconds=0)
    assert (quick.measured, len(quick.kept), quick.uncompared) == (50, 60, 60)
    assert Job.objects.get().kind == SKETCH_JOB
    assert quick.totals["patches"] == pytest.approx(choose(Choice()).totals["patches"], rel=0.5)
    again = choose(Choice(), seconds=0)
    assert (again.measured, again.uncompared) == (60, 0)  # the whole choice was measured in between


@pytest.mark.parametrize("count", [2, 30])
def test_choosing_asks_a_constant_number_of_questions(django_assert_max_num_queries, count):
    for number in range(count):
        small_piece(number)
    choose(Choice())
    with django_assert_max_num_queries(16):
        choose(Choice())


def test_the_library_offers_what_its_pieces_have():
    piece = small_piece(1).piece
    small_piece(2, composer="")
    tag_pieces(pieces=[piece], add=["slow"])
    tag_pieces(pieces=[piece], add=["Peace"], kind=STAGE)
    found = offer()
    names = {name: [(one.value, one.count) for one in getattr(found, name)] for name in found.__dataclass_fields__}
    assert names == {
        "composers": [("Satie, Erik", 1)],
        "tags": [("slow", 1)],
        "stages": [("Peace", 1)],
        "origins": [("uploaded", 2)],
    }


def test_a_composer_is_found_by_some_of_the_name():
    small_piece(1)
    small_piece(2, composer="Erik Satie (1866–1925)")
    assert composers_like("satie") == ["Erik Satie (1866–1925)", "Satie, Erik"]


def test_a_choice_survives_its_way_through_a_job():
    choice = Choice(composers=("Satie",), transposition=Transposition.ALL, seed=3)
    assert Choice.from_json(choice.as_json()) == choice


def test_shares_are_parts_of_the_largest():
    assert [(one.name, one.part) for one in shares({"C": 1.0, "D": 4.0})] == [("D", 1.0), ("C", 0.25)]
    assert shares({}) == []


def test_minutes_are_those_of_the_sound_else_of_the_tempo_else_of_the_usual_one():
    one, two, three = small_piece(1), small_piece(2), small_piece(3)
    Rendering.objects.create(key="1", version=one, target="sound", renderer="x", state="ready", seconds=60)
    PieceVersion.objects.filter(pk=three.pk).update(facts={"bars": 40, "metre": "3/4", "seconds": None})
    seconds = {candidate.version.pk: candidate.seconds for candidate in choose(Choice()).kept}
    assert seconds == {one.pk: 60, two.pk: 6, three.pk: 60}

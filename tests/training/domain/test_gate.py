from dataclasses import replace

import pytest

from curator.domain.errors import DomainError
from curator.domain.matches import match_in_force
from curator.models.film import Cue
from curator.models.matches import Match
from curator.preference.listeners import Consistency
from generation.domain.checkpoints import find_checkpoint
from generation.models.checkpoints import Checkpoint
from generation.models.requests import CueRequest
from tests.training.gates import finished_round, heard
from training.domain.gate import Verdict, ceiling, read_gate, summary
from training.domain.lineage import keeps, lineage
from training.domain.matching import match_of, places_of, proposed, start_match, stop_match, won_by_round
from training.domain.promotions import promote, read_in_use, read_promotions, roll_back
from training.models.gate import Measurement, Promotion
from training.models.rounds import Round, RoundState
from training.models.sets import PreferencePair
from training.recipes.variety import Range

pytestmark = pytest.mark.django_db

FINE = {"at": 0.0, "low": -0.004, "high": 0.004}
SIDE = {
    "texts": 400, "bars": 6000, "adding": FINE, "valid": FINE, "copies": FINE, "distinct": 5000, "keys": 25,
}  # fmt: skip


def measure(row: Round, **changes: dict[str, float]) -> None:
    """A finished measurement with these figures."""
    against = {
        "adding": FINE,
        "copies": FINE,
        "distinct": {"at": 0.95, "low": 0.9, "high": 1.0},
        "keys": {"at": 0.9, "low": 0.75, "high": 1.1},
    }
    guard = {"at": 1.0, "low": 0.975, "high": 1.0}
    figures = {
        "base": SIDE,
        "result": SIDE,
        "against": against | {name: value for name, value in changes.items() if name != "guard"},
        "guard": {"base": guard, "result": changes.get("guard", guard)},
        "corpus": 7,
        "engine": "2",
    }
    assert row.result is not None
    Measurement.objects.create(
        round=row, base=row.base, result=row.result, texts=400, guarded=100, seed=1, figures=figures
    )


def verdicts(row: Round) -> dict[str, str]:
    return {figure.name: figure.verdict.value for figure in read_gate(row=row).figures}


def test_a_round_that_nobody_looked_at_tells_what_is_missing(owner):
    row = finished_round(owner)
    gate = read_gate(row=row)
    assert verdicts(row) == {
        "chosen": "good", "accuracy": "doubt", "bars": "missing", "distinct": "missing", "keys": "missing",
        "copies": "missing", "guard": "missing", "match": "missing",
    }  # fmt: skip
    assert (gate.measured, gate.heard, gate.full) == (False, False, False)


@pytest.mark.parametrize(
    ("chosen", "rejected", "verdict"),
    [(0.2, -1.0, "good"), (0.0, 1.0, "good"), (-0.1, -3.0, "bad"), (-0.1, None, "bad"), (None, None, "missing")],
)
def test_chosen_pieces_may_not_fall_and_the_rejected_ones_stand_beside(owner, chosen, rejected, verdict):
    row = finished_round(owner, eval_chosen=chosen, eval_rejected=rejected)
    figure = read_gate(row=row).named("chosen")
    assert figure.verdict == verdict
    beside = None if chosen is None or rejected is None else Range(rejected, rejected, rejected)
    assert figure.reference == beside


def test_accuracy_has_an_interval_by_takes_and_the_ceiling_beside_it(owner):
    row = finished_round(owner, eval_accuracy=1.0)
    found = read_gate(row=row).named("accuracy")
    pairs = PreferencePair.objects.filter(held_out=True)
    assert found.count == pairs.count() == 6
    assert found.range is not None
    assert (found.range.at, found.range.high) == (1.0, 1.0)
    assert found.range.low == pytest.approx(0.4385, abs=1e-3)  # six pairs of four takes count as three
    assert found.verdict == Verdict.DOUBT
    assert found.reference is not None  # the listener repeated himself
    assert 0.5 <= found.reference.low <= found.reference.at <= found.reference.high <= 1


def test_the_ceiling_is_the_share_of_answers_that_follow_the_taste():
    found = ceiling(Consistency(repeats=40, same=30, share=0.75, low=0.6, high=0.86))
    assert found is not None
    assert (round(found.at, 3), round(found.low, 3), round(found.high, 3)) == (0.854, 0.724, 0.924)
    assert ceiling(Consistency(repeats=0, same=0, share=float("nan"), low=0, high=1)) is None


def test_without_held_out_pairs_there_is_no_accuracy(owner):
    row = finished_round(owner)
    PreferencePair.objects.filter(held_out=True).delete()
    assert verdicts(row)["accuracy"] == "missing"


@pytest.mark.parametrize(
    ("name", "told", "verdict"),
    [
        ("adding", {"at": -0.009, "low": -0.02, "high": 0.0}, "doubt"),
        ("adding", {"at": -0.011, "low": -0.02, "high": 0.0}, "bad"),
        ("adding", {"at": 0.01, "low": -0.009, "high": 0.02}, "good"),
        ("distinct", {"at": 0.81, "low": 0.78, "high": 0.9}, "doubt"),
        ("distinct", {"at": 0.79, "low": 0.7, "high": 0.9}, "bad"),
        ("keys", {"at": 0.69, "low": 0.5, "high": 0.9}, "bad"),
        ("keys", {"at": 0.9, "low": None, "high": None}, "doubt"),
        ("copies", {"at": 0.02, "low": 0.0, "high": 0.04}, "bad"),
        ("copies", {"at": 0.0, "low": -0.01, "high": 0.02}, "doubt"),
        ("guard", {"at": 0.96, "low": 0.9, "high": 0.99}, "bad"),
        ("guard", {"at": None, "low": 0.0, "high": 1.0}, "missing"),
    ],
)
def test_each_figure_is_held_against_its_limit(owner, name, told, verdict):
    row = finished_round(owner)
    measure(row, **{name: told})
    found = verdicts(row)
    shown = {"adding": "bars"}.get(name, name)
    assert found.pop(shown) == verdict
    assert {found[one] for one in ("bars", "distinct", "keys", "copies", "guard") if one in found} == {"good"}


def test_a_match_is_asked_of_both_models_with_the_same_seeds(owner):
    row = finished_round(owner)
    places = places_of(row)
    held = [place.cue for place in places if place.held_out]
    assert [place.held_out for place in places] == [True, False, False]
    assert proposed(places, row) == [held[0].public_id]
    start_match(row=row, cues=held, takes=3, by=owner)
    old, new = CueRequest.objects.filter(cue=held[0], job__isnull=False).order_by("pk")
    assert (old.checkpoint, new.checkpoint) == (row.base, row.result)
    assert (old.seed, old.brief, old.count, old.sampling) == (new.seed, new.brief, new.count, new.sampling)
    assert list(old.candidates.values_list("seed", flat=True)) == list(new.candidates.values_list("seed", flat=True))
    assert match_in_force(cue=held[0]) is not None
    found = match_of(row)
    assert found is not None
    assert (found.wanted, found.over, found.won.answers) == (9, False, 0)
    start_match(row=row, cues=held, by=owner)  # again: the first one ends
    assert Match.objects.filter(ended_at__isnull=True).count() == 1
    stop_match(row=row)
    with pytest.raises(DomainError, match="No match is going on"):
        stop_match(row=row)


def test_what_makes_no_match_is_refused(owner):
    row = finished_round(owner)
    cue = Cue.objects.first()
    assert cue is not None
    for more, sentence in (({"cues": []}, "1 to 6 cues"), ({"cues": [cue], "takes": 1}, "2 to 16 takes")):
        with pytest.raises(DomainError, match=sentence):
            start_match(row=row, **more)
    Round.objects.update(result=None)
    with pytest.raises(DomainError, match="no result to hear"):
        start_match(row=Round.objects.get(), cues=[cue])
    assert match_of(row) is None


def test_a_round_that_learned_from_every_cue_proposes_the_others(owner):
    row = finished_round(owner)
    frozen = row.preference_set
    assert frozen is not None
    for entry in frozen.manifest["cues"]:
        entry["held_out"] = False
    frozen.save()
    assert proposed(places_of(row), row) == []


def test_promotion_needs_the_gate_and_is_written_down(owner):
    row = finished_round(owner, eval_accuracy=1.0)
    result = row.result
    assert result is not None
    with pytest.raises(DomainError, match="Measure the result first"):
        promote(row=row, by=owner)
    measure(row)
    with pytest.raises(DomainError, match="Hear the blind match first"):
        promote(row=row, by=owner)
    heard(row, owner, answers=2)
    with pytest.raises(DomainError, match="Hear the blind match first"):
        promote(row=row, by=owner)
    heard(row, owner)
    assert read_gate(row=row).full
    assert find_checkpoint() == row.base  # all is well, and still nothing happened by itself
    made = promote(row=row, by=owner, why="warmer")
    assert find_checkpoint() == result
    assert (made.checkpoint, made.before, made.back, made.why, made.by) == (result, row.base, False, "warmer", owner)
    assert made.seen == summary(read_gate(row=row))
    assert Round.objects.get().state == RoundState.PROMOTED
    used = read_in_use()
    assert used is not None
    assert (used.checkpoint, used.reason) == (result, f"{owner.username} promoted the result of round 1.")
    with pytest.raises(DomainError, match="is in use already"):
        promote(row=row, by=owner)


def test_rolling_back_uses_the_parent_again_and_forgets_nothing(owner):
    row = finished_round(owner)
    newer = Checkpoint.objects.create(name="Newer", kind="imported", sha256="2" * 64, size=1, header="bare-three")
    with pytest.raises(DomainError, match="is not in use"):
        roll_back(row=row, by=owner)
    measure(row)
    heard(row, owner)
    assert find_checkpoint() == newer
    promote(row=row, by=owner)
    roll_back(row=row, by=owner, why="too busy")
    assert find_checkpoint() == row.base  # the parent, not whatever was used before
    assert [(one.back, one.checkpoint, one.why) for one in read_promotions()] == [
        (True, row.base, "too busy"),
        (False, row.result, ""),
    ]
    used = read_in_use()
    assert used is not None
    assert used.reason == f"{owner.username} rolled round 1 back."
    assert Round.objects.get().state == RoundState.REFUSED
    assert row.result is not None
    assert keeps(Checkpoint.objects.get(pk=row.result.pk)) == "It was in use, and what it wrote then rests on it."
    promote(row=row, by=owner)
    assert find_checkpoint() == row.result
    assert Promotion.objects.count() == 3


def test_what_is_worse_than_allowed_must_be_said(owner):
    row = finished_round(owner)
    measure(row, distinct={"at": 0.6, "low": 0.5, "high": 0.7})
    heard(row, owner)
    assert [figure.name for figure in read_gate(row=row).worse] == ["distinct"]
    with pytest.raises(DomainError, match="worse than allowed"):
        promote(row=row, by=owner)
    promote(row=row, by=owner, despite=True)
    assert Promotion.objects.get().seen["distinct"]["verdict"] == "bad"


def test_losing_the_match_is_worse_than_allowed(owner):
    row = finished_round(owner)
    measure(row)
    heard(row, owner, wins="old")
    gate = read_gate(row=row)
    assert gate.named("match").verdict == Verdict.BAD
    assert gate.worse == (gate.named("match"),)


def test_nothing_is_in_use_where_nothing_is_there():
    assert read_in_use() is None


def test_why_a_checkpoint_is_used_without_any_promotion(owner):
    row = finished_round(owner)
    used = read_in_use()
    assert used is not None
    assert used.checkpoint == row.base
    assert used.reason == "It is the newest one that was imported, and nothing was promoted yet."
    demo = replace(used, checkpoint=Checkpoint(kind="demo"))
    assert demo.reason == "Nothing else was imported or promoted yet."


def test_the_tree_tells_how_each_stands_against_its_parent(owner, django_assert_num_queries):
    row = finished_round(owner)
    measure(row)
    heard(row, owner, answers=3)
    with django_assert_num_queries(6):
        (root,) = lineage()
    won = root.children[0].won
    assert (root.won, won) == (None, won_by_round()[row.public_id])
    assert won is not None
    assert won.answers == 3
    assert (root.bars, root.children[0].bars) == (0.0, 0.0)
    start_match(row=row, cues=[Match.objects.get().cue], by=owner)  # a new match, of which nothing was heard yet
    assert lineage()[0].children[0].won == won

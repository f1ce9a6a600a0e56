"""The loop in a database: the film, the listener's answers, going on after a break."""

import pytest

from curator.models.film import Cue
from curator.models.ranking import Judgement, Take
from generation.domain.prompts import prompt_of
from tests.demo_round import rounds
from tests.demo_round.listeners import LISTENERS
from tests.factories import make_take, make_version
from tests.generation.writing import SMALL

SPARSE = "[V:1]c6|[V:2]C,,6|\n"
FULL = "[V:1]c2 [eg]2 c'2|[V:2]C,2 [E,G,]2 [E,G,]2|\n"
HEADER = "%%score { 1 | 2 }\nL:1/8\nQ:1/4=60\nM:3/4\nK:C\nV:1 treble\nV:2 bass\n"


@pytest.fixture
def film(db, monkeypatch):
    """The film with three takes, from sparse to full, for its first two cues."""
    monkeypatch.setattr("generation.domain.checkpoints.DEMO_WEIGHTS", SMALL)
    made, base = rounds.make_film(name="four stages", seed=1)
    assert rounds.make_film(name="four stages", seed=1) == (made, base)
    Cue.objects.filter(film=made, position__gt=2).delete()
    for cue in rounds.cues_of(made):
        for lines in (SPARSE * 4, SPARSE * 2 + FULL * 2, FULL * 4):
            make_take(cue=cue, version=make_version(abc=f"{HEADER}{lines}"))
    return made


@pytest.mark.parametrize(("name", "count", "prompts"), [("four stages", 16, 16), ("two stages", 32, 8)])
def test_the_cues_ask_for_what_the_demo_model_knows(db, name, count, prompts):
    made, base = rounds.make_film(name=name, seed=1)
    cues = rounds.cues_of(made)
    found = {prompt_of(cue=cue, checkpoint=base) for cue in cues}
    assert (len(cues), len(found)) == (count, prompts)
    assert len({(cue.stage, cue.texture, cue.metre, cue.key, cue.tempo) for cue in cues}) == count
    assert {line[1:] for one in found for line in one} <= {word for words in base.vocabulary.values() for word in words}


def test_the_listener_answers_what_he_is_handed_and_goes_on_where_he_was(film, monkeypatch):
    told: list[str] = []

    def judge() -> int:
        return rounds.judge_takes(film=film, listener=LISTENERS["sparse-low"], seed=1, tell=told.append)

    monkeypatch.setattr(rounds, "VOTES", 12)
    assert (judge(), told[-1]) == (24, "cue 2 of 2")
    before = _said("1m1")
    monkeypatch.undo()
    assert [judge(), judge()] == [2 * rounds.VOTES] * 2
    said = _said("1m1")
    assert (said[:12], len(said)) == (before, rounds.VOTES)
    sparse = Take.objects.get(cue__number="1m1", number=1).pk
    won = [winner for winner, loser in said if sparse in (winner, loser)]
    assert won.count(sparse) > 0.8 * len(won)


def _said(cue: str) -> list[tuple[int, int]]:
    """The preferred take and the other one of each answer."""
    rows = Judgement.objects.filter(cue__number=cue).order_by("pk")
    return [(one.left_id, one.right_id) if one.answer == "left" else (one.right_id, one.left_id) for one in rows]

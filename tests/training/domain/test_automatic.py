import pytest
from django.utils import timezone

from curator.domain.errors import DomainError
from curator.models.library import PieceVersion
from curator.models.ranking import Judgement
from generation.clamp.space import PIPELINE
from generation.models.encoders import Encoder, TakeScore
from tests.factories import make_cue
from tests.training.judged import OPENING, judged_cue, say, written_take
from training.domain.automatic import WEIGHT, automatic_pairs
from training.domain.preference_files import texts_of
from training.domain.preferences import Choice, draft_preferences, files_of, freeze_preferences

pytestmark = pytest.mark.django_db


def encoder():
    return Encoder.objects.create(name="E", family="CLaMP 3", sha256="e" * 64, size=1, dim=4, chosen_at=timezone.now())


def scored_cue(count, *, cue=None, closest=0.5):
    """A cue of written takes whose likeness falls with their number."""
    made, row = cue or make_cue(), Encoder.objects.first() or encoder()
    takes = list(made.takes.all()) + [written_take(made) for _ in range(count - made.takes.count())]
    # what is kept of a take has every rest and no markers
    PieceVersion.objects.filter(takes__in=takes).update(abc=f"{OPENING}[V:1]c2 d2 e2|[V:2]C,6|\n[V:1]e6|[V:2]G,,6|\n")
    for at, take in enumerate(takes):
        TakeScore.objects.create(take=take, encoder=row, pipeline=PIPELINE, likeness=1 - at / 100, closest=closest)
    return made, takes


def pairs_of(cue):
    takes = list(cue.takes.select_related("version"))
    judged = {cue.pk: list(Judgement.objects.filter(cue=cue).standing())}
    return automatic_pairs(cues=[cue], texts=texts_of(takes=takes), judged=judged)


def couples(found):
    return [(pair.chosen.number, pair.rejected.number) for pair in found]


def test_top_and_bottom_of_twenty_takes_make_pairs_at_a_quarter_of_the_weight():
    cue, _takes = scored_cue(20)
    found = pairs_of(cue)
    assert couples(found) == [(1, 19), (1, 20), (2, 19), (2, 20)]
    assert {pair.weight for pair in found} == {WEIGHT / 4}


def test_fewer_takes_or_no_encoder_make_none():
    cue, _takes = scored_cue(19)
    assert pairs_of(cue) == ()
    Encoder.objects.all().delete()
    assert pairs_of(cue) == ()


def test_near_copies_are_not_chosen():
    cue, takes = scored_cue(20)
    TakeScore.objects.filter(take=takes[0]).update(closest=0.97)
    assert couples(pairs_of(cue)) == [(2, 19), (2, 20), (3, 19), (3, 20)]


@pytest.mark.parametrize("answer", ["left", "right", "tie", "bad"])
def test_no_couple_that_somebody_judged_whatever_was_said(owner, answer):
    cue, takes = scored_cue(20)
    say(cue, takes[0], takes[18], answer, owner)
    found = couples(pairs_of(cue))
    assert (1, 19) not in found
    assert (2, 20) in found


def test_none_against_what_follows_from_judgements_about_others(owner):
    cue, takes = scored_cue(20)
    for _ in range(3):
        say(cue, takes[19], takes[5], "left", owner)
        say(cue, takes[5], takes[1], "left", owner)  # so take 20 is stronger than take 2, which nobody said
    assert couples(pairs_of(cue)) == [(1, 19), (1, 20), (2, 19)]


def test_they_are_mixed_into_a_set_only_when_asked_for_and_never_from_held_out_cues(owner):
    judged = judged_cue(4, [(1, 2, "left"), (2, 3, "left"), (1, 3, "left")], rater=owner)
    scored, _takes = scored_cue(20, cue=make_cue(film=judged.film))
    plain = draft_preferences(film=judged.film, choice=Choice(held_out=frozenset()))
    assert plain.automatic == ()
    draft = draft_preferences(film=judged.film, choice=Choice(held_out=frozenset(), automatic=True))
    assert len(draft.automatic) == 4
    frozen = freeze_preferences(draft=draft)
    rows = list(frozen.pairs.filter(source="clamp"))
    assert [(row.p_order, row.soft_label, row.judgements, row.held_out) for row in rows] == [
        (0.75, 0.75, [], False)
    ] * 4
    human = frozen.pairs.exclude(source="clamp")
    assert human.count() == plain.pairs == 3
    assert max(row.weight for row in rows) < min(row.weight for row in human)
    assert frozen.manifest["automatic"] == {"pairs": 4, "encoder": "e" * 64, "pipeline": PIPELINE}
    assert files_of(frozen=frozen)["train.jsonl"].count(b"\n") == 7
    held = Choice(held_out=frozenset({scored.public_id}), automatic=True)
    say(scored, scored.takes.all()[5], scored.takes.all()[6], "left", owner)
    assert draft_preferences(film=judged.film, choice=held).automatic == ()


def test_they_are_never_frozen_alone(owner, owner_client):
    judged = judged_cue(2, [(1, 2, "tie")], rater=owner)
    scored_cue(20, cue=make_cue(film=judged.film))
    draft = draft_preferences(film=judged.film, choice=Choice(automatic=True))
    assert (draft.pairs, len(draft.automatic)) == (0, 4)
    with pytest.raises(DomainError, match="never alone"):
        freeze_preferences(draft=draft)
    for chosen, words in (("", "there is nothing to learn"), ("&automatic=on", "never alone")):
        page = owner_client.get(f"/training/preferences/?film={judged.film.slug}{chosen}").content.decode()
        assert words in page
        assert '<button class="btn primary" disabled>Freeze 0 pairs</button>' in page

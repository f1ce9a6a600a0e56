import pytest

from curator.domain.briefs import NEUTRAL, Brief, brief_of_cue, brief_of_stage, set_wishes, shipped_brief, wishes_of
from curator.domain.errors import DomainError
from curator.models.plan import Wishes
from tests.factories import make_cue

pytestmark = pytest.mark.django_db


def test_stages_have_what_is_shipped_for_their_name():
    assert (
        shipped_brief("Frieden")
        == shipped_brief(" peace")
        == Brief(46, 60, "3/4", "major", 8, 28, 96, "pp", "High and sparse. Nothing left to prove.")
    )
    assert shipped_brief("Rain") == NEUTRAL == Brief()
    assert brief_of_stage(stage=None) == NEUTRAL


def test_a_cue_inherits_from_its_stage_what_it_does_not_say():
    cue = make_cue()
    set_wishes(of=cue.stage, wishes={"tempo_low": 40, "tempo_high": 50, "density": 3.0, "words": "dust"})
    set_wishes(of=cue, wishes={"metre": "6/8", "density": 4.0})
    asked = brief_of_cue(cue=cue)
    assert asked == Brief(40, 50, "6/8", "minor", 4.0, 28, 88, "pp", "dust")
    assert wishes_of(of=cue) == {
        **dict.fromkeys(("tempo_low", "tempo_high", "lowest", "highest")),
        **dict.fromkeys(("mode", "dynamics", "words"), ""),
        "metre": "6/8",
        "density": 4.0,
    }


def test_wishes_that_are_all_taken_back_leave_no_row():
    cue = make_cue()
    set_wishes(of=cue, wishes={"metre": "6/8"})
    set_wishes(of=cue, wishes={"metre": ""})
    assert Wishes.objects.count() == 0
    assert brief_of_cue(cue=cue).metre == "3/4"


@pytest.mark.parametrize(
    "wishes",
    [
        {"tempo_low": 50},
        {"tempo_low": 80, "tempo_high": 70},
        {"metre": "waltz"},
        {"density": 0.1},
        {"lowest": 60, "highest": 65},
        {"highest": 25},
    ],
)
def test_impossible_wishes_are_refused(wishes):
    with pytest.raises(DomainError):
        set_wishes(of=make_cue(), wishes=wishes)

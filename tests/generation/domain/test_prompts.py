import pytest

from curator.domain.errors import DomainError
from generation.domain.prompts import (
    default_stage,
    default_style,
    known_prompts,
    never_seen,
    prompt_of,
    stages_of,
    styles_of,
)
from generation.models.checkpoints import Checkpoint
from generation.notagen.prompts import published
from tests.factories import make_cue, make_film

pytestmark = pytest.mark.django_db

DEMO = Checkpoint(
    name="Demo",
    header="bare-three-plus-stage",
    vocabulary={
        "period": ["Minimal"],
        "composer": ["Etude, Waltz", "Etude, Chorale"],
        "instrumentation": ["Keyboard"],
        "stage": ["Forgotten", "Chosen", "Humiliation", "Transformation", "Salvation", "Peace"],
    },
)
LARGE = Checkpoint(
    name="NotaGen-X",
    header="bare-three",
    vocabulary={"combinations": [[p.period, p.composer, p.instrumentation] for p in published()]},
)


def test_the_demo_checkpoint_gets_texture_and_stage_of_the_cue():
    cue = make_cue(texture="chorale")
    assert [style.value for style in styles_of(DEMO)] == ["Waltz", "Chorale"]
    assert default_style(cue, DEMO) == "Chorale"
    assert prompt_of(cue=cue, checkpoint=DEMO) == ("%Minimal", "%Etude, Chorale", "%Keyboard", "%Forgotten")
    assert prompt_of(cue=cue, checkpoint=DEMO, style="Waltz")[1] == "%Etude, Waltz"


def test_a_stage_of_another_name_is_told_by_its_place_on_the_arc():
    film = make_film()
    stage = film.stages.first()
    stage.name, stage.colour = "Erlösung", 5
    stage.save()
    assert prompt_of(cue=make_cue(film=film, stage=stage), checkpoint=DEMO)[-1] == "%Salvation"
    assert prompt_of(cue=make_cue(film=film, stage=None), checkpoint=DEMO)[-1] == "%Peace"


def test_the_published_prompts_are_112_and_satie_is_the_first_choice():
    assert known_prompts(LARGE) == published()
    styles = styles_of(LARGE)
    assert len(styles) == 112
    assert all(style.value.endswith("Keyboard") == (place < 29) for place, style in enumerate(styles))
    cue = make_cue(texture="")
    assert default_style(cue, LARGE) == "Romantic / Satie, Erik / Keyboard"
    assert prompt_of(cue=cue, checkpoint=LARGE) == ("%Romantic", "%Satie, Erik", "%Keyboard")


def test_weights_without_a_vocabulary_get_a_published_prompt():
    assert prompt_of(cue=make_cue(), checkpoint=Checkpoint(name="x", header="bare-three")) == (
        "%Romantic",
        "%Satie, Erik",
        "%Keyboard",
    )


def test_a_style_that_is_not_known_is_refused():
    with pytest.raises(DomainError, match="Demo does not know the style Tango"):
        prompt_of(cue=make_cue(), checkpoint=DEMO, style="Tango")


def test_a_combination_that_was_never_seen_is_written_with_a_warning():
    own = "Minimal / Etude, Tango / Keyboard"
    assert prompt_of(cue=make_cue(), checkpoint=DEMO, style=own)[1] == "%Etude, Tango"
    assert never_seen(checkpoint=DEMO, style=own).startswith("Demo has never seen: Etude, Tango.")
    assert "It does know: Minimal / Etude, Waltz / Keyboard" in never_seen(checkpoint=DEMO, style=own)
    together = "Baroque / Satie, Erik / Keyboard"
    assert "never seen them together. It does know: Romantic / Satie, Erik" in never_seen(
        checkpoint=LARGE, style=together
    )
    base = Checkpoint(name="Base", header="bare-three")
    assert never_seen(checkpoint=base, style=together).startswith("Nobody knows which prompts Base")


@pytest.mark.parametrize("style", ["", "Waltz", "Minimal / Etude, Waltz / Keyboard"])
def test_a_known_style_gets_no_warning(style):
    assert never_seen(checkpoint=DEMO, style=style) == ""


def test_the_stage_is_offered_only_by_checkpoints_trained_with_it():
    cue = make_cue()
    assert (stages_of(LARGE), default_stage(cue, LARGE)) == ([], "")
    assert (len(stages_of(DEMO)), default_stage(cue, DEMO)) == (6, "Forgotten")
    assert prompt_of(cue=cue, checkpoint=DEMO, stage="Salvation")[-1] == "%Salvation"
    with pytest.raises(DomainError, match="NotaGen-X was not trained with the stage Peace"):
        prompt_of(cue=cue, checkpoint=LARGE, stage="Peace")


def test_the_lines_follow_the_header_style_of_the_checkpoint():
    tuned = Checkpoint(
        name="Tuned",
        header="labelled-plus-stage-end",
        vocabulary={"combinations": [["Modern", "Einaudi, Ludovico", "Piano"]], "stage": ["Dawn", "Dusk"]},
    )
    assert prompt_of(cue=make_cue(), checkpoint=tuned) == (
        "%Period: Modern", "%Composer: Einaudi, Ludovico", "%Instrumentation: Piano", "%Stage: Dawn", "%end",
    )  # fmt: skip

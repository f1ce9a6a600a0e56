import pytest

from curator.domain.errors import DomainError
from generation.domain.checkpoints import PUBLISHED_PROMPTS
from generation.domain.prompts import default_style, prompt_of, styles_of
from generation.models.checkpoints import Checkpoint
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
    vocabulary={"combinations": [line.split("_") for line in PUBLISHED_PROMPTS.read_text().splitlines()]},
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
    assert len(LARGE.vocabulary["combinations"]) == 112
    styles = styles_of(LARGE)
    assert len(styles) == 29
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

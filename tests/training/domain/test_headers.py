import pytest

from curator.domain.tags import STAGE, tag_pieces
from curator.models.library import Piece
from generation.models.checkpoints import Checkpoint
from tests.training.satie import small_piece
from training.domain.headers import heading_of

pytestmark = pytest.mark.django_db


def piece(composer: str, **fields: str) -> Piece:
    return Piece(title="A piece", composer=composer, origin="uploaded", **fields)


def demo() -> Checkpoint:
    words = {
        "period": ["Minimal"], "composer": ["Etude, Waltz"], "instrumentation": ["Keyboard"],
        "stage": ["Forgotten", "Peace"],
    }  # fmt: skip
    return Checkpoint(name="Demo", kind="demo", header="bare-three-plus-stage", vocabulary=words)


@pytest.mark.parametrize("written", ["Satie", "Erik Satie", "Satie, Erik", "E. Satie (1866–1925)", "ERIK SATIE"])
def test_a_known_composer_is_written_as_notagen_writes_him(written):
    heading = heading_of(style="", base=None)
    assert str(heading.prompt(piece(written))) == "Romantic / Satie, Erik / Keyboard"


def test_the_right_one_of_several_of_a_name_is_taken():
    heading = heading_of(style="", base=None)
    assert heading.prompt(piece("Johann Sebastian Bach")).composer == "Bach, Johann Sebastian"
    assert heading.prompt(piece("Bach, Wilhelm Friedemann")).composer == "Bach, Wilhelm Friedemann"


def test_an_unknown_composer_keeps_his_name_surname_first():
    heading = heading_of(style="", base=None)
    assert str(heading.prompt(piece("Ludovico Einaudi (*1955)"))) == "Romantic / Einaudi, Ludovico / Keyboard"
    assert heading.prompt(piece("Einaudi, Ludovico")).composer == "Einaudi, Ludovico"


def test_words_of_the_piece_win():
    heading = heading_of(style="", base=None)
    prompt = heading.prompt(piece("Satie", period="Modern", instrumentation="Piano"))
    assert (prompt.period, prompt.instrumentation) == ("Modern", "Keyboard")
    assert heading.prompt(piece("Satie", instrumentation="Art Song")).instrumentation == "Art Song"


def test_the_header_is_the_bases_unless_another_is_asked_for():
    satie = small_piece(1).piece
    assert heading_of(style="", base=None).lines(satie) == ("%Romantic", "%Satie, Erik", "%Keyboard")
    assert heading_of(style="", base=demo()).lines(satie)[3] == "%Peace"
    assert heading_of(style="labelled-end", base=demo()).lines(satie)[::3] == ("%Period: Romantic", "%end")


def test_the_stage_is_the_tagged_one():
    satie = small_piece(1).piece
    heading = heading_of(style="", base=demo())
    assert heading.stage(satie) == ("Peace", False)
    tag_pieces(pieces=[satie], add=["forgotten"], kind=STAGE)
    assert heading.stage(Piece.objects.get(pk=satie.pk)) == ("Forgotten", True)


def test_a_composer_without_plain_letters_cannot_stand_in_a_prompt():
    with pytest.raises(ValueError, match="plain ASCII"):
        heading_of(style="", base=None).lines(piece("音楽", period="Romantic"))

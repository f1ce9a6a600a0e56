import pytest

from generation.notagen.header import HEADER_STYLES, header, header_style, prompt_lines, tempo_text


def test_header_is_the_text_of_the_reference_pipeline():
    # The golden preprocess/interleaved/p1_simple.abc begins with these bytes.
    assert header(metre="4/4", key="C", tempo=96) == (
        '%%score { 1 | 2 }\nL:1/8\nQ:1/4=96\nM:4/4\nK:C\nV:1 treble nm="Piano" snm="Pno."\nV:2 bass \n'
    )


def test_prompt_lines_are_bare():
    assert prompt_lines("Minimal", "Etude, Waltz", "Keyboard", "Peace") == (
        "%Minimal",
        "%Etude, Waltz",
        "%Keyboard",
        "%Peace",
    )


@pytest.mark.parametrize("word", ["", " ", "Fauré", "two\nlines"])
def test_prompt_lines_refuse_what_is_not_one_ascii_line(word: str):
    with pytest.raises(ValueError, match="plain ASCII"):
        prompt_lines(word)


@pytest.mark.parametrize(
    ("tempo", "text"),
    [(60, "60"), (60.0, "60"), (100, "100"), (71.7, "71.7"), (72.349, "72.35"), (59.999, "60")],
)
def test_tempo_text(tempo: float, text: str):
    assert tempo_text(tempo) == text


@pytest.mark.parametrize(
    ("metre", "key", "tempo"), [("C", "C", 60), ("3/4", "H", 60), ("3/4", "C\nK:D", 60), ("3/4", "C", 0)]
)
def test_header_refuses_what_would_not_parse(metre: str, key: str, tempo: float):
    with pytest.raises(ValueError):
        header(metre=metre, key=key, tempo=tempo)


SATIE = {"period": "Romantic", "composer": "Satie, Erik", "instrumentation": "Keyboard"}


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("bare-three", "%Romantic %Satie, Erik %Keyboard"),
        ("bare-three-plus-stage", "%Romantic %Satie, Erik %Keyboard %Peace"),
        ("bare-three-end", "%Romantic %Satie, Erik %Keyboard %end"),
        ("bare-three-plus-stage-end", "%Romantic %Satie, Erik %Keyboard %Peace %end"),
        ("labelled", "%Period: Romantic %Composer: Satie, Erik %Instrumentation: Keyboard"),
        (
            "labelled-plus-stage-end",
            "%Period: Romantic %Composer: Satie, Erik %Instrumentation: Keyboard %Stage: Peace %end",
        ),
    ],
)
def test_each_header_style_writes_its_lines(name, lines):
    style = header_style(name)
    assert style.name == name
    assert " ".join(style.lines(**SATIE, stage="Peace")) == lines


def test_there_are_eight_header_styles_and_no_other():
    assert len(HEADER_STYLES) == 8
    with pytest.raises(ValueError, match="A header style is one of bare-three"):
        header_style("fancy")
    with pytest.raises(ValueError, match="plain ASCII"):
        header_style("bare-three-plus-stage").lines(**SATIE)

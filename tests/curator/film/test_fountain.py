import pytest

from curator.film.fountain import read_script
from curator.film.storyboard import ReadScene, ReadShot, Speech, StoryboardError
from tests.curator.film.storyboards import SCRIPT


def read(text: str):
    return read_script(text.split("\n"))


def test_a_script_is_read_whole():
    board = read(SCRIPT)
    assert board.title == "Die kleine Laterne"
    assert board.fields == {"Title": "Die kleine Laterne", "Author": "Beispielteam", "Draft date": "2026-01-01"}
    laterne = Speech("LATERNE", "V.O.", "(leise)\nNoch einmal...\n(Pause)\nNur einmal.", 13)
    mara = Speech("MARA", "", "Wer ist da?", 19)
    grandfather = Speech("GROßVATER", "O.S.", "Komm.", 26)
    assert board.scenes == (
        ReadScene(
            1,
            "INT. DACHBODEN - TAG",
            7,
            shots=(
                ReadShot("S01-P001", 9, "Staub. Kisten. MARA (8), blass, tritt ein – leise."),
                ReadShot("S01-P002", 11, "Laterne", f"{laterne}\n{mara}", fields={"Characters": "LATERNE, MARA"}),
                ReadShot("S01-P003", 22, "CLOSE ON: DER RISS IM GLAS."),
            ),
            speeches=(laterne, mara),
        ),
        ReadScene(
            2,
            "EXT. HAFEN - NACHT",
            24,
            shots=(
                ReadShot(
                    "S02-P001",
                    26,
                    "",
                    "GROßVATER (O.S.): Komm.",
                    fields={"Characters": "GROßVATER", "Transition": "BLACKOUT.", "Transition (2)": "FADE OUT."},
                ),
            ),
            speeches=(grandfather,),
        ),
    )
    assert (board.dialogues, board.audio, board.transitions) == (3, 3, 2)
    assert board.remarks == ()


def test_a_page_break_is_no_scene():
    assert len(read("Title: X\n\n===\n\nINT. A - TAG\n\n===\n\nINT. B - TAG\n").scenes) == 2


@pytest.mark.parametrize(
    ("line", "slug"),
    [
        ("INT. KÜCHE - TAG", "INT. KÜCHE - TAG"),
        ("## EXT. HAFEN - NACHT", "EXT. HAFEN - NACHT"),
        ("### int./ext. auto - tag #12A#", "int./ext. auto - tag"),
        ("I/E AUTO - TAG", "I/E AUTO - TAG"),
        (".DAS MEER", "DAS MEER"),
        ("INNEN. KÜCHE - TAG", "INNEN. KÜCHE - TAG"),
    ],
)
def test_headings_of_any_make(line, slug):
    assert [scene.slug_line for scene in read(f"INT. X - TAG\n\n{line}\n\nJemand geht.\n").scenes] == [
        "INT. X - TAG",
        slug,
    ]


@pytest.mark.parametrize(
    "action",
    [
        "Innen ist es dunkel.",
        "Interessant.",
        "NICHTS.",
        "STILLE",
        "...und dann",
        "MARA (8), blass, geht.",
        "BLACKOUT.\nDunkel.",
    ],
)
def test_action_is_no_heading_and_no_speech(action):
    board = read(f"INT. X - TAG\n\n{action}\n")
    assert (len(board.scenes), board.dialogues) == (1, 0)


def test_marks_of_other_writers_are_read_or_told():
    board = read(
        "# DAS LICHT\n\nVorspann.\n\nFADE IN:\n\nINT. A - TAG\n\n= Sie wartet\n\n# Akt eins\n\n[[später kürzen]]\n\n"
        "!MARA\n\n@McMara\nJa.\n\nMARA ^\nNein.\n\n> CUT TO:\n\nSMASH CUT TO:\n\n.DRAUSSEN\n"
    )
    assert board.title == "DAS LICHT"
    assert board.fields == {"Notes": "Vorspann.", "Transition": "FADE IN:"}
    assert [speech.character for speech in board.scenes[0].speeches] == ["McMara", "MARA"]
    assert board.scenes[0].fields == {"Synopsis": "Sie wartet", "Notes": "# Akt eins\n[[später kürzen]]"}
    assert [shot.description for shot in board.shots] == ["MARA", ""]
    assert (board.transitions, board.scenes[1].slug_line) == (3, "DRAUSSEN")
    assert [(remark.line, str(remark.sentence)) for remark in board.remarks] == [
        (3, "“Vorspann.” stands before the first scene; it is kept as a note of the film."),
        (11, "“# Akt eins” is no part of a script; it is kept as a note of scene 1."),
        (13, "“[[später kürzen]]” is no part of a script; it is kept as a note of scene 1."),
    ]


def test_a_title_page_may_have_lines_that_go_on():
    board = read("Title:\n    _**DIE LATERNE**_\n    Ein Film\nContact:\n  a@b.c\n\nINT. A - TAG\n\nX.\n")
    assert board.title == "DIE LATERNE Ein Film"
    assert board.fields["Contact"] == "a@b.c"


def test_a_scene_without_a_word_has_a_shot_for_its_time():
    assert [shot.code for shot in read("INT. A - TAG\n\nINT. B - TAG\n").shots] == ["S01-P001", "S02-P001"]


def test_a_text_without_a_scene_is_refused():
    with pytest.raises(StoryboardError, match="There is no scene"):
        read("Title: X\n\nJemand geht.\n")

import pytest

from curator.film.breakdown import people, read_breakdown, statements
from curator.film.storyboard import Kind, ReadScene, ReadShot, Storyboard, StoryboardError, plain_slug, split_slug
from tests.curator.film.storyboards import EXAMPLE


def read(text: str) -> Storyboard:
    return read_breakdown(text.split("\n"))


def told(board: Storyboard) -> list[tuple[int, str]]:
    return [(remark.line, str(remark.sentence)) for remark in board.remarks]


def test_the_example_is_read_as_the_format_says():
    board = read(EXAMPLE)
    assert (len(board.scenes), len(board.shots), board.audio, board.transitions) == (2, 3, 2, 1)
    assert board.stages == ("Waiting", "Lost", "Found")
    assert board.runtime == (60, 120)
    assert board.claimed == {"scenes": 2, "shots": 2}
    assert board.title == "DIE KLEINE LATERNE"
    assert board.fields == {
        "Document": "VISUAL BREAKDOWN",
        "Team": "Beispielteam",
        "Draft": "2026-01-01",
        "End": "END OF BREAKDOWN",
        "Total Scenes": "2",
        "Total Shots": "2",
        "Estimated Runtime": "1-2 minutes",
        "Emotional arc": "Waiting → Lost → Found",
    }
    assert told(board) == [(0, "The footer says 2 shots, found 3.")]
    assert board.kind == Kind.BREAKDOWN
    assert board.dialogues == 2


def test_the_last_scene_of_the_example_is_whole():
    shot = ReadShot(
        code="S02-001",
        line=37,
        description="Fog takes the frame in one cut, no fade",
        dialogue="Ich war nur (Pause) ein kleines Licht.",
        fields={
            "Camera": "Same as S01-001, but outdoors",
            "Movement": "Handheld",
            "Composition": "Fog takes the frame in one cut, no fade",
            "Characters": "Mara (searching)",
            "Location": "Pier",
            "Props": "None prominent",
            "Tone": "Lost",
            "Audio (V.O.)": '"Ich war nur (Pause) ein kleines Licht."',
            "Transition": "FADE OUT",
        },
    )
    fields = {"Location": "Foggy pier", "Tone": "Worry → Relief", "Characters": "Mara (11), Bruder, Laterne"}
    assert read(EXAMPLE).scenes[1] == ReadScene(2, "EXT. HAFEN - NACHT", 32, fields, (shot,))


def test_the_whole_footer_with_themes_and_palette():
    board = read(
        "### S01-001\n**END OF BREAKDOWN**  \n**Total Scenes:** 3  \n**Total Shots:** 20  \n"
        "**Estimated Runtime:** 8-10 minutes  \n\n**KEY VISUAL THEMES:**\n- Light against dark\n- Cracks, mended\n\n"
        "**COLOR PALETTE:**\n- Scene 01: Dust, ash\n- Scene 02: Fog — blue\n\n"
        "**EMOTIONAL ARC:**\n\nA → B -> C (in fog)\n"
    )
    assert board.fields["KEY VISUAL THEMES"] == ["Light against dark", "Cracks, mended"]
    assert board.fields["COLOR PALETTE"] == ["Scene 01: Dust, ash", "Scene 02: Fog — blue"]
    assert board.stages == ("A", "B", "C (in fog)")
    assert board.runtime == (480, 600)
    assert told(board)[:2] == [
        (0, "The footer says 3 scenes, found 1."),
        (0, "The footer says 20 shots, found 1."),
    ]


def test_more_shots_than_the_footer_says_are_never_cut():
    shots = "\n".join(f"### S01-{number:03}\n**Camera:** Wide\n" for number in range(1, 31))
    board = read(f"## SCENE 01: INT. A - TAG\n{shots}\n**Total Shots:** 20\n")
    assert len(board.shots) == 30
    assert (0, "The footer says 20 shots, found 30.") in told(board)


@pytest.mark.parametrize(
    ("heading", "document", "title"),
    [
        ("# VISUAL BREAKDOWN: DAS LICHT", "VISUAL BREAKDOWN", "DAS LICHT"),
        ("# Midjourney Prompts: Das Licht: Teil 2", "Midjourney Prompts", "Das Licht: Teil 2"),
        ("# Scribble Prompts (black, white): Das Licht", "Scribble Prompts (black, white)", "Das Licht"),
        ("# Das Licht", None, "Das Licht"),
    ],
)
def test_the_words_before_the_title_differ(heading, document, title):
    board = read(f"{heading}\n### S01-001\n**Camera:** Wide\n")
    assert (board.title, board.fields.get("Document")) == (title, document)


def test_fields_of_scene_and_shot_have_the_same_names_and_stay_apart():
    scene = read(EXAMPLE).scenes[0]
    assert scene.fields["Location"] == "Attic above a harbour shop"
    assert scene.shots[0].fields["Location"] == "Attic"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("**Camera:** Wide  ", [("Camera", "Wide")]),
        ("**Audio (V.O.) :** „Ja“", [("Audio (V.O.)", "„Ja“")]),
        ("**Camera**: Wide", [("Camera", "Wide")]),
        ("**Camera:**", [("Camera", "")]),
        ("**A:** one  two  **B:** three", [("A", "one  two"), ("B", "three")]),
        ("**END OF BREAKDOWN**  **Total Scenes:** 2", [("", "**END OF BREAKDOWN**"), ("Total Scenes", "2")]),
        ("**Team | Draft: 2026-01-01**", [("", "**Team | Draft: 2026-01-01**")]),
        ("**open: 1", [("", "**open: 1")]),
        ("plain: text", [("", "plain: text")]),
    ],
)
def test_the_colon_stands_inside_the_bold(line, found):
    assert statements(line) == found


def test_what_is_odd_is_kept_and_told():
    board = read(
        "# T: X\n"
        "### S01-001\n"
        "**Lens:** 35 mm\n"
        "goes on\n"
        "\n"
        "a stray line\n"
        '**Audio:** "Eins"\n'
        '**Audio:** "Zwei"\n'
        "## SCENE 01: INT. A - TAG\n"
        "### S01-001\n"
        "**Camera:** Same as S09-009\n"
        "### Shot three\n"
        "### S02-007: the door\n"
        "## SCENE 01: INT. B - TAG\n"
        "## SCENE 01: INT. A - TAG\n"
        "### S01-1\n"
    )
    assert [(scene.number, scene.slug_line, [shot.code for shot in scene.shots]) for scene in board.scenes] == [
        (1, "", ["S01-001"]),
        (2, "INT. A - TAG", ["S01-001b", "S02-002", "S02-007", "S01-001c"]),
        (3, "INT. B - TAG", []),
    ]
    assert board.shots[0].fields == {
        "Lens": "35 mm goes on", "Notes": "a stray line", "Audio": '"Eins"', "Audio (2)": '"Zwei"'
    }  # fmt: skip
    assert (board.audio, board.shots[0].dialogue) == (2, "Eins\nZwei")
    assert told(board) == [
        (0, "The file names no runtime; the lengths are estimated from the texts alone."),
        (0, "The file names no emotional arc."),
        (2, "A shot stands before any scene; a scene without a slug line was made for it."),
        (3, "The field Lens is kept beside the usual ones (1 times)."),
        (4, "The line goes on with Lens and was joined to it."),
        (6, "“a stray line” is no field; it is kept as a note of S01-001."),
        (8, "Audio comes twice in one place; both are kept."),
        (9, "Two scenes have the number 1; both are kept."),
        (10, "S01-001 stands in scene 2."),
        (10, "The shot id S01-001 comes twice; the second is called S01-001b."),
        (10, "S01-001b refers to S09-009, which is not in the file."),
        (12, "“Shot three” is no shot id; the shot is called S02-002."),
        (13, "“the door” stands behind the id of a shot; it is kept as a note."),
        (14, "Two scenes have the number 1; both are kept."),
        (15, "Scene 1 comes twice; its shots stand together."),
        (16, "“S01-1” is no shot id; the shot is called S01-001."),
        (16, "The shot id S01-001 comes twice; the second is called S01-001c."),
    ]


def test_a_scene_that_is_written_twice_goes_on():
    board = read("## SCENE 01: INT. A - TAG\n### S01-001\n## SCENE 01: INT. A - TAG\n### S01-002\n")
    assert [[shot.code for shot in scene.shots] for scene in board.scenes] == [["S01-001", "S01-002"]]
    assert told(board)[2:] == [(3, "Scene 1 comes twice; its shots stand together.")]


def test_no_transition_and_no_audio_are_not_counted():
    board = read("### S01-001\n**Audio:** None\n**Transition:** None\n**Camera:** Wide\n")
    assert (board.audio, board.transitions, board.shots[0].dialogue) == (0, 0, "")
    assert board.shots[0].description == "Wide"


def test_a_file_without_a_shot_is_refused():
    with pytest.raises(StoryboardError, match="There is no shot in the file"):
        read("## SCENE 01: INT. A - TAG\n**Tone:** Quiet\n")


def test_people_are_named_without_their_states():
    scene = read(EXAMPLE).scenes[1]
    assert people(dict(scene.fields)) == ("Mara", "Bruder", "Laterne")
    assert people({"Characters": "None visible yet"}) == ()


def test_a_slug_line_is_split_at_its_last_dash():
    slug = split_slug("INT. HAUS - FLUR - NACHT")
    assert (slug.setting, slug.place, slug.time) == ("INT", "HAUS - FLUR", "NACHT")
    assert plain_slug("INT. HAUS – Flur – NACHT.") == plain_slug("int.  haus – flur - nacht")
    assert split_slug("Irgendwo").place == "Irgendwo"

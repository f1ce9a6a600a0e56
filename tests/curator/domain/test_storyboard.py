"""From a file to a film: what is saved, what stays, what is told."""

import json

import pytest

from curator.domain.errors import DomainError
from curator.domain.films import create_film
from curator.domain.sentences import say
from curator.domain.shots import edit_shot, set_lengths
from curator.domain.storyboard import keep_file, read_file, remarks_of, save_import
from curator.domain.storyboard_fates import Difference, Fate
from curator.domain.storyboard_plan import plan_import
from curator.models.film import Film
from curator.models.storyboard import StoryboardImport
from tests.curator.film.storyboards import EDL, EXAMPLE, SCRIPT
from tests.factories import make_cue, make_film

pytestmark = pytest.mark.django_db


@pytest.fixture
def film() -> Film:
    """A film without anything, at 24 frames a second."""
    return create_film(title="Laterne", slug="laterne")


def save(film: Film, text: str, **options):
    return save_import(row=keep_file(film=film, name="a.md", data=text.encode()), **options)


def plan(film: Film, text: str, **options):
    film = Film.objects.get(pk=film.pk)
    return plan_import(film=film, board=read_file(film=film, data=text.encode()), **options)


def fates(plan) -> dict[str, Fate]:
    return {one.shot.code: one.fate for one in plan.shots}


def told(plan) -> list[str]:
    return [str(remark.sentence) for remark in plan.remarks]


def shots(film: Film) -> list[tuple[str, int, bool]]:
    return [(shot.code, shot.length_frames, shot.estimated) for shot in film.shots.all()]


def test_the_example_becomes_a_film(film):
    saved = save(film, EXAMPLE)
    film.refresh_from_db()
    assert [(scene.number, scene.slug_line) for scene in film.scenes.all()] == [
        (1, "INT. DACHBODEN - TAG"),
        (2, "EXT. HAFEN - NACHT"),
    ]
    assert shots(film) == [("S01-001", 471, True), ("S01-002", 575, True), ("S02-001", 1114, True)]
    assert (film.length_frames, film.runtime_low, film.runtime_high) == (2160, 60, 120)
    last = film.shots.last()
    assert (last.description, last.dialogue, last.fields["Props"]) == (
        "Fog takes the frame in one cut, no fade",
        "Ich war nur (Pause) ein kleines Licht.",
        "None prominent",
    )
    assert [(stage.position, stage.name, stage.colour) for stage in film.stages.all()] == [
        (1, "Waiting", 1),
        (2, "Lost", 2),
        (3, "Found", 3),
    ]
    assert [(cue.number, cue.title, cue.stage.name, cue.first_shot.code) for cue in film.cues.all()] == [
        ("1m1", "Waiting", "Waiting", "S01-001"),
        ("1m2", "Lost", "Lost", "S01-002"),
        ("1m3", "Found", "Found", "S02-001"),
    ]
    assert saved.new_cues == ("1m1", "1m2", "1m3")
    row = film.imports.get()
    assert row.saved_at is not None
    assert say(remarks_of(row)[0].sentence) == "The footer says 2 shots, found 3."
    assert row.report["fates"] == {"new": 3}
    json.dumps(row.report)
    assert film.fields["breakdown"]["Team"] == "Beispielteam"


def test_the_same_file_again_changes_nothing(film):
    save(film, EXAMPLE)
    before = shots(film)
    again = plan(film, EXAMPLE)
    assert fates(again) == dict.fromkeys(["S01-001", "S01-002", "S02-001"], Fate.SAME)
    assert [scene.fate for scene in again.scenes] == [Fate.SAME, Fate.SAME]
    assert [stage.fate for stage in again.stages] == [Fate.SAME] * 3
    saved = save(film, EXAMPLE)
    assert (saved.new_cues, saved.moved_cues, shots(film)) == ((), (), before)


def test_what_the_owner_typed_stays_and_is_told(film):
    save(film, EXAMPLE)
    shot = film.shots.get(code="S01-002")
    edit_shot(shot=shot, description="My lantern", dialogue=shot.dialogue, frames=100, estimated=False)
    changed = EXAMPLE.replace("A cracked lantern behind", "A whole lantern before").replace("Stillness", "Noise")
    made = plan(film, changed)
    one = made.shots[1]
    assert (one.shot.code, one.shot.description, one.shot.length_frames) == ("S01-002", "My lantern", 100)
    assert one.kept == [Difference("Description", "My lantern", "A whole lantern before a suitcase")]
    assert one.changes == [
        Difference("Composition", "A cracked lantern behind a suitcase", "A whole lantern before a suitcase")
    ]
    assert made.shots[0].changes == [Difference("Tone", "Stillness", "Noise")]
    save(film, changed)
    shot.refresh_from_db()
    assert (shot.description, shot.length_frames, shot.estimated) == ("My lantern", 100, False)
    assert shot.edited == ["description", "length"]
    assert film.imports.first().report["kept_edits"] == 1


def test_new_shots_come_in_their_place_and_gone_ones_stay_in_theirs(film):
    save(film, EXAMPLE)
    other = EXAMPLE.replace("### S01-002", "### S01-003")
    made = plan(film, other)
    assert fates(made) == {"S01-001": Fate.SAME, "S01-002": Fate.GONE, "S01-003": Fate.NEW, "S02-001": Fate.SAME}
    assert "Not in the file, and kept: S01-002 (1)." in told(made)
    save(film, other)
    assert [code for code, _frames, _estimated in shots(film)] == ["S01-001", "S01-002", "S01-003", "S02-001"]
    assert sum(frames for _code, frames, _estimated in shots(film)) == 2160  # the runtime is spread anew


def test_gone_shots_go_by_choice_alone_and_cues_never_lose_their_picture(film):
    save(film, EXAMPLE)
    other = EXAMPLE.replace("### S01-002", "### S01-003")
    made = plan(film, other, remove_gone=True)
    assert fates(made)["S01-002"] == Fate.GONE  # 1m2 lies on it alone
    assert "S01-002 stay although the file has them not: 1m2 lies on them alone." in told(made)
    film.cues.get(number="1m2").delete()
    save(film, other, remove_gone=True)
    assert [code for code, _frames, _estimated in shots(film)] == ["S01-001", "S01-003", "S02-001"]
    film.refresh_from_db()
    assert film.length_frames == 2160
    cue = film.cues.get(number="1m3")
    assert (cue.first_shot.code, cue.out_frame) == ("S02-001", 2160)


def test_a_shot_list_gives_lengths_by_id(film):
    save(film, EXAMPLE)
    text = "Szene;Nr;Dauer;Objektiv\n1;1;10;35 mm\n1;2;00:00:05:00;\n"
    made = plan(film, text)
    assert [(one.shot.code, one.changes) for one in made.shots[:2]] == [
        ("S01-001", [Difference("Objektiv", "", "35 mm"), Difference("Length", "19.62 s", "10.00 s")]),
        ("S01-002", [Difference("Length", "23.96 s", "5.00 s")]),
    ]
    saved = save(film, text)
    assert shots(film) == [("S01-001", 240, False), ("S01-002", 120, False), ("S02-001", 1114, True)]
    assert saved.moved_cues == ("1m1", "1m2", "1m3")
    film.refresh_from_db()
    assert film.length_frames == 1474
    assert [(cue.in_frame, cue.out_frame) for cue in film.cues.all()] == [(0, 240), (240, 360), (360, 1474)]
    assert film.shots.first().description == "Crates in rows, one window, pale light"


def test_an_edit_list_gives_lengths_by_clip_and_keeps_markers(film):
    save(film, EXAMPLE)
    save(film, EDL)
    assert shots(film)[:2] == [("S01-001", 108, False), ("S01-002", 144, False)]
    film.refresh_from_db()
    assert film.fields["markers"] == [{"frame": 48, "colour": "RED", "label": "DOOR"}]
    fields = film.shots.get(code="S01-002").fields
    assert (fields["Clip"], fields["Transition (cut)"], fields["Props"]) == (
        "S01-002.mov",
        "D 012",
        "Lantern, suitcase",
    )
    assert fates(plan(film, EXAMPLE)) == dict.fromkeys(["S01-001", "S01-002", "S02-001"], Fate.SAME)
    assert fates(plan(film, EDL))["S01-002"] == Fate.SAME


def test_pieces_of_one_shot_are_added_and_strangers_are_told(film):
    save(film, EXAMPLE)
    lines = [
        f"{number:03}  AX V C 00:00:00:00 00:00:01:00 00:00:0{number}:00 00:00:0{number + 1}:00\n"
        f"* FROM CLIP NAME: {clip}"
        for number, clip in enumerate(["S01-001.mov", "black", "s1_001 take 2"])
    ]
    text = "TITLE: Laterne\nFCM: NON-DROP FRAME\n" + "\n".join(lines)
    assert "“black” fits no shot of the film; its length was left out." in told(plan(film, text))
    save(film, text)
    assert shots(film)[0] == ("S01-001", 48, False)


def test_a_list_without_ids_is_matched_by_its_order(film):
    save(film, EXAMPLE)
    save(film, "name;dauer\nA;1\nB;2\nC;3\n")
    assert [frames for _code, frames, _estimated in shots(film)] == [24, 48, 72]
    assert film.shots.first().fields["Clip"] == "A"
    other = plan(film, "name;dauer\nA;2\nX;2\n")
    assert fates(other)["S01-001"] == Fate.CHANGED
    assert "“X” fits no shot of the film; its length was left out." in told(other)


def test_a_list_makes_a_film_of_its_own(film):
    save(film, "scene;slug;shot;name;duration\n1;INT. A - TAG;1;Open;2\n1;;2;Close;3\n2;EXT. B - TAG;1;;4\n")
    assert shots(film) == [("S01-001", 48, False), ("S01-002", 72, False), ("S02-001", 96, False)]
    assert [scene.slug_line for scene in film.scenes.all()] == ["INT. A - TAG", "EXT. B - TAG"]
    assert film.shots.first().description == "Open"
    assert not film.cues.exists()


def test_a_script_adds_dialogue_to_the_scenes_of_the_storyboard(film):
    save(film, EXAMPLE)
    made = plan(film, SCRIPT)
    assert fates(made) == {"S01-001": Fate.SAME, "S01-002": Fate.CHANGED, "S02-001": Fate.SAME}
    assert told(made) == [
        "The file calls the film “Die kleine Laterne”.",
        "2 speeches of the script stand in no shot; they are kept with their scenes.",
    ]
    save(film, SCRIPT)
    assert film.shots.get(code="S01-002").fields["Spoken by"] == "LATERNE"
    assert film.scenes.get(number=2).fields["Script"] == "GROßVATER (O.S.): Komm."
    assert [scene.fate for scene in plan(film, EXAMPLE).scenes] == [Fate.SAME, Fate.SAME]


def test_a_script_alone_has_a_shot_for_each_paragraph_until_the_storyboard_comes(film):
    save(film, SCRIPT)
    assert [code for code, _frames, _estimated in shots(film)] == ["S01-P001", "S01-P002", "S01-P003", "S02-P001"]
    shot = film.shots.get(code="S01-P003")
    edit_shot(shot=shot, description="The crack", dialogue="", frames=50, estimated=False)
    longer = SCRIPT.replace("Staub. Kisten.", "Regen.\n\nStaub. Kisten.")
    save(film, longer)  # a paragraph more: the others are known again by their words
    assert [(shot.code, shot.description) for shot in film.shots.all()] == [
        ("S01-P001b", "Regen."),
        ("S01-P001", "Staub. Kisten. MARA (8), blass, tritt ein – leise."),
        ("S01-P002", "Laterne"),
        ("S01-P003", "The crack"),
        ("S02-P001", ""),
    ]
    made = plan(film, EXAMPLE)
    assert fates(made) == {
        "S01-001": Fate.NEW, "S01-002": Fate.NEW, "S02-001": Fate.NEW, "S01-P001b": Fate.REMOVED,
        "S01-P001": Fate.REMOVED, "S01-P002": Fate.REMOVED, "S01-P003": Fate.GONE, "S02-P001": Fate.REMOVED,
    }  # fmt: skip
    save(film, EXAMPLE)
    assert film.scenes.count() == 2
    assert film.scenes.first().fields["Script"].startswith("LATERNE (V.O.)")
    assert film.cues.count() == 3


def test_scenes_are_known_by_their_slug_line_when_numbers_move(film):
    save(film, EXAMPLE)
    pier = film.scenes.get(number=2)
    moved = EXAMPLE.replace("## SCENE 02: EXT. HAFEN", "## SCENE 02: INT. FLUR - TAG\n### S02-009\n**Camera:** Wide\n\n"
                            "## SCENE 03: EXT. HAFEN")  # fmt: skip
    save(film, moved)
    assert [(scene.number, scene.slug_line) for scene in film.scenes.all()] == [
        (1, "INT. DACHBODEN - TAG"),
        (2, "INT. FLUR - TAG"),
        (3, "EXT. HAFEN - NACHT"),
    ]
    pier.refresh_from_db()
    assert (pier.number, film.shots.get(code="S02-001").scene) == (3, pier)


def test_stages_follow_the_file_and_used_ones_stay(film):
    save(film, EXAMPLE)
    film.cues.filter(number="1m3").delete()
    other = EXAMPLE.replace("Waiting → Lost → Found", "Waiting → Hope")
    save(film, other, remove_gone=True)
    assert [(stage.position, stage.name) for stage in film.stages.all()] == [(1, "Waiting"), (2, "Hope"), (3, "Lost")]


def test_a_typed_runtime_stays(film):
    save(film, EXAMPLE)
    Film.objects.update(edited=["runtime"], runtime_low=100, runtime_high=100)
    made = plan(film, EXAMPLE)
    assert "The runtime that was typed stays; the file has another." in told(made)
    assert (made.film.runtime_low, made.spread) == (100, False)


def test_typed_lengths_that_fill_the_runtime_leave_the_others_their_estimate(film):
    save(film, EXAMPLE)
    set_lengths(film=film, lengths={"S01-001": 5000})
    made = plan(film, EXAMPLE.replace("### S01-002", "### S01-003"))
    assert (
        "The lengths that were typed or imported leave nothing of the runtime; the others are estimated alone."
        in told(made)
    )
    assert made.frames > 5000


def test_a_file_waits_until_it_is_saved_or_another_comes(film):
    first = keep_file(film=film, name="a\x00b.md", data=EXAMPLE.encode())
    assert first.name == "ab.md"
    second = keep_file(film=film, name="", data=SCRIPT.encode())
    assert (list(film.imports.all()), second.name, second.kind) == ([second], "storyboard", "script")
    save_import(row=second)
    with pytest.raises(DomainError, match="saved already"):
        save_import(row=second)
    keep_file(film=film, name="c", data=EDL.encode())
    assert film.imports.count() == 2


def test_nothing_is_kept_of_what_cannot_be_read(film):
    with pytest.raises(DomainError, match="This is neither"):
        keep_file(film=film, name="a.md", data=b"Dear all,\n\nsee you.\n")
    with pytest.raises(DomainError, match="Practice briefs"):
        keep_file(film=make_film(practice=True), name="a.md", data=EXAMPLE.encode())
    assert not StoryboardImport.objects.exists()


def test_the_demo_film_takes_a_file_with_other_scenes():
    cue = make_cue()
    saved = save(cue.film, EXAMPLE)
    assert {one.shot.code: one.fate for one in saved.plan.shots} == {
        "S01-001": Fate.CHANGED, "S01-002": Fate.CHANGED, "S02-001": Fate.NEW
    }  # fmt: skip
    assert [stage.name for stage in cue.film.stages.all()] == ["Waiting", "Lost", "Found", "Forgotten"]
    assert cue.film.cues.count() == 1


def test_a_plan_asks_the_database_as_often_for_many_shots_as_for_few(film, django_assert_num_queries):
    def text(count: int) -> str:
        return "## SCENE 01: INT. A - TAG\n" + "".join(
            f"### S01-{n:03}\n**Camera:** Wide\n" for n in range(1, count + 1)
        )

    save(film, text(3))
    counts = []
    for count in (3, 60):
        save(film, text(count))
        board = read_file(film=film, data=text(count).replace("Wide", "Close").encode())
        with django_assert_num_queries(3):
            counts.append(plan_import(film=film, board=board).count(Fate.CHANGED))
    assert counts == [3, 60]

import pytest

from generation.etudes.composer import compose
from generation.notagen.piece import Brief
from training.recipes.bundle import BundleError, read_bundle
from training.recipes.bundling import Pair, build_dpo, build_sft
from training.recipes.data import Entry, Transposition, index_files, key_weights, piece_files, write_piece
from training.recipes.frozen import lessons_of, preferences_of

PROMPT = ("%Minimal", "%Etude", "%Keyboard", "%Peace")
STYLE = "bare-three-plus-stage"


def frozen(folder, transposition):
    """A training set of three études, one of them held out."""
    files = []
    entries = []
    for seed in range(3):
        written = write_piece(compose(seed).stored, prompt=PROMPT, transposition=transposition)
        files += piece_files(f"piece-{seed}", written)
        entries.append(Entry(f"piece-{seed}", written.key, held_out=seed == 2))
    for path, text in [*files, *index_files(entries)]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return entries


@pytest.mark.parametrize("transposition", list(Transposition))
def test_a_training_set_becomes_lessons_in_the_keys_chosen(tmp_path, transposition):
    entries = frozen(tmp_path, transposition)
    lessons = lessons_of(tmp_path, transposition=transposition)
    assert [(one.name, one.held_out) for one in lessons] == [(one.name, one.held_out) for one in entries]
    for lesson, entry in zip(lessons, entries, strict=True):
        weights = key_weights(entry.key, transposition)
        if not lesson.held_out:
            assert {version.key: version.share for version in lesson.versions} == weights
        assert lesson.versions[0].key in weights
        assert all(version.text.startswith("%Minimal\n%Etude\n%Keyboard\n%Peace\n") for version in lesson.versions)
        assert "[r:0/" not in lesson.versions[0].text  # the encoding marks lines itself
    build_sft(tmp_path / "bundle", lessons, header=STYLE, patch_length=512, base_sha256="")
    assert len(read_bundle(tmp_path / "bundle").pieces) == 3


def test_a_set_with_a_missing_file_is_told(tmp_path):
    with pytest.raises(BundleError, match=r"augmented_train.jsonl of this training set is missing"):
        lessons_of(tmp_path, transposition=Transposition.NONE)


def row(chosen: str, rejected: str, cue: str, **more):
    opening = Brief(PROMPT, "4/4", "C", 60, 2).opening
    body = "[r:0/1][V:1]{0}4 z4|[V:2]C,8|\n[r:1/0][V:1]{0}8|][V:2]C,8|]\n"
    marker = len("[r:0/1]")
    second = body.format("C").index("[r:1")
    return {
        "prompt": opening,
        "chosen": body.format(chosen),
        "rejected": body.format(rejected),
        "chosen_forced": [[0, marker], [second, second + marker]],
        "rejected_forced": [[0, marker], [second, second + marker]],
        "chosen_take": f"{cue}-{chosen}",
        "rejected_take": f"{cue}-{rejected}",
        "chosen_ids": "",
        "rejected_ids": "",
        "film": "demo",
        "cue": cue,
        "soft_label": 0.9,
        "weight": 0.5,
        **more,
    }


def test_lines_of_a_preference_set_become_takes_and_pairs(tmp_path):
    texts, pairs = preferences_of([row("C", "D", "a"), row("C", "E", "a", weight=1.0)], [row("F", "G", "b")])
    assert [text.name for text in texts] == ["a-C", "a-D", "a-E", "b-F", "b-G"]
    assert pairs == [
        Pair("a-C", "a-D", "demo/a", 0.9, 0.5),
        Pair("a-C", "a-E", "demo/a", 0.9, 1.0),
        Pair("b-F", "b-G", "demo/b", 0.9, 0.5, held_out=True),
    ]
    for text in texts:
        forced = [text.raw[start:end] for start, end in text.forced]
        assert forced == [Brief(PROMPT, "4/4", "C", 60, 2).opening, "[r:0/1]", "[r:1/0]"]
    build_dpo(tmp_path, texts, pairs, votes={"a": 60}, header=STYLE, patch_length=64, base_sha256="")
    assert len(read_bundle(tmp_path).pairs) == 3


def test_one_take_has_one_text():
    with pytest.raises(BundleError, match="a-C is there with two texts"):
        preferences_of([row("C", "D", "a"), {**row("C", "E", "a"), "chosen": "[r:0/0]C8|]\n"}])

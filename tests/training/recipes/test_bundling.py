import json
from dataclasses import replace

import numpy as np
import pytest

from generation.etudes.composer import compose
from generation.notagen.checkpoint import load_checkpoint
from generation.notagen.patches import decode, encode_training
from training.recipes.bundle import BundleError, read_bundle
from training.recipes.bundling import Lesson, Pair, Text, Version, build_dpo, build_sft, chosen_freely

STYLE = "bare-three-plus-stage"
RAW = "%Minimal\nL:1/8\n[r:0/1][V:1]C4 E4|[V:2]C,8|\n[r:1/0][V:1]C8|][V:2]C,8|]\n"


def spans(*parts: str) -> tuple[tuple[int, int], ...]:
    return tuple((RAW.index(part), RAW.index(part) + len(part)) for part in parts)


OPENING = "%Minimal\nL:1/8\n"
FORCED = spans(OPENING, "[r:0/1]", "[r:1/0]")


def test_the_opening_the_markers_and_the_line_ends_are_not_scored():
    from generation.notagen.patches import encode_complete

    patches = encode_complete(RAW)
    mask = chosen_freely(patches, FORCED)
    free = "".join(
        chr(code) if code != 2 else "$"
        for patch, row in zip(patches, mask, strict=True)
        for code, scored in zip(patch, row, strict=True)
        if scored
    )
    # `$` stands for an end id that the model chose itself; behind a line end the engine sets it.
    assert free == "[V:1]C4 E4$|[V:2]C,8|\n[V:1]C8$|][V:2]C,8|]\n"


def takes(count: int) -> list[Text]:
    found = []
    for number in range(count):
        raw = RAW.replace("C4 E4", f"C{number + 1} z{7 - number}")
        shift = len(raw) - len(RAW)
        forced = tuple((start + shift * (start > 40), end + shift * (start > 40)) for start, end in FORCED)
        found.append(Text(f"t{number}", raw, forced))
    return found


def build(folder, texts, pairs, **more) -> str:
    given = {"votes": {"1m1": 60}, "header": STYLE, "patch_length": 64, "base_sha256": "b" * 64, **more}
    return build_dpo(folder, texts, pairs, **given)


def test_a_preference_bundle_is_read_as_it_was_built(tmp_path):
    pairs = [Pair("t0", "t1", "1m1", 0.9, 0.5), Pair("t2", "t3", "2m1", held_out=True)]
    digest = build(tmp_path, takes(4), pairs, source={"set": "x"})
    bundle = read_bundle(tmp_path)
    assert (bundle.sha256, bundle.recipe, bundle.header_style, bundle.votes) == (digest, "dpo", STYLE, {"1m1": 60})
    assert [(p.chosen, p.rejected, p.session, p.p, p.weight, p.held_out) for p in bundle.pairs] == [
        (0, 1, "1m1", 0.9, 0.5, False),
        (2, 3, "2m1", 1.0, 1.0, True),
    ]
    for index, text in enumerate(takes(4)):
        ids, scored = bundle.patches_of(index)
        assert decode(ids.tolist()[1:]) == text.raw
        assert bundle.sequences[index].scored == scored.sum() > 0
        assert bundle.sequences[index].forced == text.forced
    assert bundle.source == {"set": "x"}


def test_the_same_data_give_the_same_hash(tmp_path):
    pairs = [Pair("t0", "t1", "1m1")]
    first = build(tmp_path / "a", takes(2), pairs)
    assert first == build(tmp_path / "b", takes(2), pairs)
    assert first != build(tmp_path / "c", takes(2), [Pair("t1", "t0", "1m1")])


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        ([], "There is no pair to learn from."),
        ([Pair("t0", "t1", "a", held_out=True)], "There is no pair to learn from."),
        ([Pair("t0", "t9", "a")], "The take t9 of a pair is not there."),
        ([Pair("t0", "t0", "a")], "The take t0 is compared with itself."),
        ([Pair("t0", "t1", "a"), Pair("t1", "t2", "b", held_out=True)], "t1 is both learned from and held out"),
        ([Pair("t0", "t1", "a"), Pair("t2", "t3", "a", held_out=True)], "a is partly held out"),
        ([Pair("t0", "t1", "a", p=1.2)], "A pair has a probability"),
    ],
)
def test_pairs_that_teach_nothing_or_leak_are_refused(tmp_path, pairs, sentence):
    with pytest.raises(BundleError, match=sentence):
        build(tmp_path, takes(4), pairs)


def test_answers_to_different_prompts_are_no_pair(tmp_path):
    one, other = takes(2)
    other = replace(other, raw=other.raw.replace("Minimal", "Nominal"))
    with pytest.raises(BundleError, match="answer different prompts"):
        build(tmp_path, [one, other], [Pair("t0", "t1", "a")])


def test_cues_that_share_a_prompt_without_stage_are_told(tmp_path):
    pairs = [Pair("t0", "t1", "a"), Pair("t2", "t3", "b")]
    build(tmp_path / "a", takes(4), pairs, header="bare-three")
    assert read_bundle(tmp_path / "a").warnings == (
        "2 cues share a prompt without a stage: what serves one may be wrong for another.",
    )
    build(tmp_path / "b", takes(4), pairs)
    assert read_bundle(tmp_path / "b").warnings == ()


def test_a_wholly_forced_take_teaches_nothing(tmp_path):
    one, other = takes(2)
    with pytest.raises(BundleError, match="the model chose nothing"):
        build(tmp_path, [one, replace(other, forced=((0, len(other.raw)),))], [Pair("t0", "t1", "a")])


def test_takes_are_read_in_the_patches_they_were_written_in(tmp_path, settings):
    """A take of the engine itself, with its hash: nothing is said of other patches."""
    from generation.domain.checkpoints import DEMO_WEIGHTS
    from generation.notagen.engine import Engine
    from generation.notagen.header import prompt_lines
    from generation.notagen.piece import Brief
    from generation.notagen.sampling import Sampling

    brief = Brief(prompt_lines("Minimal", "Etude, Waltz", "Keyboard", "Peace"), "3/4", "C", 60, 2)
    engine = Engine(load_checkpoint(DEMO_WEIGHTS).model)
    written = list(engine.write(brief, seeds=(1, 2), sampling=Sampling(0, 0.95, 0.85)))
    texts = [Text(str(one.seed), one.raw, one.forced, one.ids_sha256) for one in written]
    build(tmp_path / "a", texts, [Pair("1", "2", "a")])
    bundle = read_bundle(tmp_path / "a")
    assert bundle.warnings == ()
    opening = len(brief.opening)
    for index, one in enumerate(written):
        free = len(one.raw) - sum(end - start for start, end in one.forced)
        assert free <= bundle.sequences[index].scored < free + len(one.raw[opening:]) / 4
    build(tmp_path / "b", [replace(one, ids_sha256="0" * 64) for one in texts], [Pair("1", "2", "a")])
    assert read_bundle(tmp_path / "b").warnings == ("2 takes are read in other patches than they were written in.",)


def lesson(seed: int, *, held_out: bool = False) -> Lesson:
    etude = compose(seed)
    versions = (Version(etude.abc, "C", 0.75), Version(etude.abc.replace("K:", "K:D"), "D", 0.25))
    return Lesson(f"etude {seed}", versions, held_out)


def test_a_training_bundle_holds_every_version_and_measures_one(tmp_path):
    build_sft(tmp_path, [lesson(1), lesson(2, held_out=True)], header=STYLE, patch_length=512, base_sha256="")
    bundle = read_bundle(tmp_path)
    assert [(one.sequences, one.shares, one.held_out) for one in bundle.pieces] == [
        ((0, 1), (0.75, 0.25), False),
        ((2,), (0.75,), True),
    ]
    ids, scored = bundle.patches_of(0)
    assert ids.tolist() == [list(patch) for patch in encode_training(compose(1).abc, patch_length=512)]
    wanted = ids != 0
    wanted[0] = False
    assert np.array_equal(scored, wanted)


def test_a_long_piece_is_cut_at_lines_and_held_out_ones_always_alike(tmp_path):
    def ids(folder, seed):
        given = {"header": STYLE, "patch_length": 40, "base_sha256": "", "seed": seed}
        build_sft(tmp_path / folder, [lesson(1), lesson(2, held_out=True)], **given)
        bundle = read_bundle(tmp_path / folder)
        return bundle, [bundle.patches_of(i)[0].tolist() for i in range(len(bundle.sequences))]

    bundle, found = ids("a", 0)
    learned, held_out = bundle.pieces
    assert all(len(one) <= 40 for one in found)
    assert sum(learned.shares) == pytest.approx(1.0)
    assert len(learned.sequences) > 2
    assert len(held_out.sequences) == 1
    other_bundle, other = ids("b", 5)
    assert other[: len(learned.sequences)] != found[: len(learned.sequences)]
    assert other[other_bundle.pieces[1].sequences[0]] == found[held_out.sequences[0]]
    whole = encode_training(compose(2).abc, patch_length=40, cut=None)
    assert found[held_out.sequences[0]] == [list(patch) for patch in whole]


def test_texts_that_are_not_ascii_and_unknown_styles_are_refused(tmp_path):
    given = {"header": STYLE, "patch_length": 64, "base_sha256": ""}
    with pytest.raises(BundleError, match="not ASCII"):
        build_sft(tmp_path, [Lesson("é", (Version("%é\n"),))], **given)
    with pytest.raises(BundleError, match="A header style is one of"):
        build_sft(tmp_path, [lesson(1)], **{**given, "header": "mine"})
    with pytest.raises(BundleError, match="no piece to learn from"):
        build_sft(tmp_path, [lesson(1, held_out=True)], **given)


def test_a_changed_or_broken_bundle_is_not_read(tmp_path):
    with pytest.raises(BundleError, match="no bundle"):
        read_bundle(tmp_path)
    build(tmp_path, takes(2), [Pair("t0", "t1", "1m1")])
    file = tmp_path / "ids.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x07")
    with pytest.raises(BundleError, match=r"ids.safetensors of this bundle is missing or was changed"):
        read_bundle(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(BundleError, match="format 99"):
        read_bundle(tmp_path)

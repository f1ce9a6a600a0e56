import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.notation.bars import unreduce
from generation.notagen.patches import (
    BOS_PATCH,
    EOS_PATCH,
    bars,
    chunk,
    decode,
    encode_complete,
    encode_generation,
    encode_training,
    training_length,
    window,
)

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "notagen"
NAMES = ("p1_simple", "p3_tuplets_grace", "p5_trio_minor")
BODY = "[V:1]|:CDEF GABc|[V:2]|:C,4 G,4|\n[V:1]c8:|[V:2]C,8:|\n"


def ids(*texts: str) -> list[list[int]]:
    """Patches given as text, closed and filled."""
    return [[*text.encode(), *([2] if len(text) < 16 else []), *[0] * (15 - len(text))] for text in texts]


@pytest.mark.parametrize("name", NAMES)
def test_training_ids_equal_the_reference_in_all_keys(name):
    texts = json.loads((GOLDEN / "preprocess" / f"augmented_{name}.json").read_text())
    expected = json.loads((GOLDEN / "preprocess" / f"ids_train_{name}.json").read_text())
    encoded = {key: encode_training(text, patch_length=1024) for key, text in texts.items()}
    assert {key: [list(patch) for patch in value] for key, value in encoded.items()} == expected


@pytest.mark.parametrize("name", NAMES)
def test_the_length_of_a_piece_is_known_without_encoding_it(name):
    texts = json.loads((GOLDEN / "preprocess" / f"augmented_{name}.json").read_text())
    lengths = {key: len(encode_training(text, patch_length=10**6)) for key, text in texts.items()}
    assert {key: training_length(text) for key, text in texts.items()} == lengths


def test_training_marks_every_line_and_glues_barlines_to_the_right():
    patches = [list(patch) for patch in encode_training("%Classical\nL:1/8\n" + BODY, patch_length=64)]
    assert patches == [
        list(BOS_PATCH),
        *ids("%Classical\n", "L:1/8\n", "[r:0/1][V:1]", "|:CDEF GABc", "|[V:2]", "|:C,4 G,4|\n"),
        *ids("[r:1/0][V:1]c8", ":|[V:2]C,8:|\n"),
        list(EOS_PATCH),
    ]


def test_a_line_of_sixteen_characters_has_no_end_id():
    assert chunk("|[V:2][G,,D,]8|\n") == [tuple(b"|[V:2][G,,D,]8|\n")]
    assert chunk("V:2 bass nm=abc") == [(*b"V:2 bass nm=abc", 2)]


def test_an_odd_tail_is_kept():
    assert bars("[V:1]c8|") == ["[V:1]c8|"]


def test_generation_leaves_the_last_bar_open():
    patches = encode_generation("%Classical\n" + BODY, patch_length=64)
    assert [list(patch) for patch in patches[:-1]] == [
        list(BOS_PATCH),
        *ids("%Classical\n", "[V:1]", "|:CDEF GABc", "|[V:2]", "|:C,4 G,4|\n", "[V:1]c8"),
    ]
    assert patches[-1] == tuple(b":|[V:2]C,8:|\n")


def test_prompt_ids_equal_the_reference():
    golden = json.loads((GOLDEN / "model" / "golden.json").read_text())
    prompt = encode_complete("".join(golden["prompt_lines"]))
    assert [list(patch) for patch in prompt] == golden["prompt_ids"]


@pytest.mark.parametrize(("name", "expected"), [("short", 0), ("slide_a", 1), ("slide_mid", 1)])
def test_window_equals_the_reference_wherever_it_slides(name, expected):
    stream = json.loads((GOLDEN / "stream" / f"{name}.json").read_text())
    text, kept, slides, before = "".join(stream["prompt"]), None, 0, ""
    for call in stream["calls"]:
        if "slid_to_ids" in call:
            found = window(text, kept=kept)
            assert found is not None
            shorter, kept = found
            patches = encode_generation(shorter, patch_length=stream["patch_length"])
            assert [code for patch in patches for code in patch] == call["slid_to_ids"]
            slides += 1
        made = call["returned"]
        if call["kind"] == "r0-forced":  # the patch before was thrown away
            made = [*b"[r:0/", *made]
            text = text.removesuffix(before)
        if made[:2] != [1, 2]:
            before = decode([made])
            text += before
    assert slides == expected
    assert text == stream["original"]


@pytest.mark.parametrize("name", ["short", "slide_a", "slide_mid", "slide_drop"])
def test_resting_voices_are_filled_in_as_by_the_reference(name):
    stream = json.loads((GOLDEN / "stream" / f"{name}.json").read_text())
    filled = unreduce(stream["original"])
    assert filled.splitlines() == stream["interleaved_unreduced"].splitlines()


def test_window_keeps_the_unfinished_line_that_the_reference_drops():
    stream = json.loads((GOLDEN / "stream" / "slide_drop.json").read_text())
    calls = stream["calls"]
    place = next(i for i, call in enumerate(calls) if "slid_to_ids" in call)
    line = decode([calls[i]["returned"] for i in range(place - 3, place)])
    assert line == "[r:6/9][V:1][Bd]2 [Bd]2 c2 d2|[V:2][G,,D,]7z|"
    text = stream["original"]
    until = text[: text.index(line) + len(line)]
    found = window(until, kept=None)
    assert found is not None
    patches = encode_generation(found[0], patch_length=37)
    assert decode(patches[1:]).endswith(line)


def test_window_needs_a_line_to_drop():
    assert window("%Classical\nL:1/8\n") is None
    assert window("%Classical\n[r:0/9][V:1]c8") is None


PIECE = "L:1/8\n" + "".join(f"[V:1]{'c' * (4 + i % 5)}|[V:2]{'C' * (3 + i % 7)}|\n" for i in range(30))


def test_a_long_piece_is_cut_to_head_tail_or_middle():
    whole = encode_training(PIECE, patch_length=1024)
    kinds = set()
    for seed in range(40):
        part = encode_training(PIECE, patch_length=40, cut=Random(seed))
        assert len(part) <= 40
        assert part[:2] == whole[:2]
        rest = part[2:]
        start = next(i for i in range(2, len(whole)) if whole[i : i + len(rest)] == rest)
        kinds.add("head" if start == 2 else "tail" if rest[-1] == EOS_PATCH else "middle")
    assert kinds == {"head", "tail", "middle"}
    assert encode_training(PIECE, patch_length=40) == whole[:40]


@given(st.lists(st.text(st.sampled_from("cdefgCDEFG,'2/ ^_=!p"), min_size=1, max_size=40), min_size=1, max_size=6))
def test_what_is_encoded_can_be_read_back(contents):
    text = "L:1/8\nM:4/4\n" + "".join(f"[r:{i}/9][V:1]{c}|[V:2]{c}|\n" for i, c in enumerate(contents))
    assert decode(encode_training(text, patch_length=4096)[1:-1]) == text
    assert decode(encode_generation(text, patch_length=4096)[1:]) == text

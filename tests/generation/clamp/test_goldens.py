"""Patches exactly, vectors to 2e-5 and cosines to 1e-5 as the references give them."""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from generation.clamp.encoder import MusicEncoder, TextEncoder
from generation.clamp.patches import encode
from generation.clamp.segments import cut, pool
from generation.clamp.weights import import_weights
from tests.generation.clamp import goldens

pytestmark = goldens.needed
FAMILIES = {"clamp2": "clamp2_notagen", "clamp3": "clamp3"}


def trimmed(rows):
    return [[int(code) for code in np.trim_zeros(row, "b")] for row in rows]


def expected_patches() -> Iterator[Any]:
    if not goldens.GOLDENS.is_dir():
        return
    found = goldens.read("patches.json")
    for name, by_reading in found["pieces"].items():
        for reading, said in by_reading.items():
            yield pytest.param(name, reading, by_reading["clamp2_plain"] if isinstance(said, str) else said,
                               id=f"{name}-{reading}")  # fmt: skip


@pytest.mark.parametrize(("name", "reading", "said"), list(expected_patches()))
def test_the_patches_are_those_of_the_reference(name, reading, said):
    ids = encode((goldens.GOLDENS / "pieces" / name).read_text("utf-8"), goldens.READINGS[reading])
    assert ids.shape == (said["n_patches"], 64)
    if "ids" in said:
        assert trimmed(ids) == said["ids"]
    else:
        digest = hashlib.sha256(ids.tobytes()).hexdigest()
        assert (digest, trimmed(ids[:5]), trimmed(ids[-3:])) == (
            said["sha256_uint8_n_by_64"],
            said["first5"],
            said["last3"],
        )


def test_odd_inputs_give_what_the_reference_gives_where_it_does_not_stop():
    for said in goldens.read("patches.json")["odd_inputs"].values():
        for reading in ("clamp2_plain", "clamp3"):
            if "error" not in said[reading]:
                assert trimmed(encode(said["input"], goldens.READINGS[reading])) == said[reading]["ids"]


@pytest.fixture(scope="module", params=FAMILIES)
def encoders(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    weights = folder / "clamp.safetensors"
    import_weights(goldens.write_tiny(folder, request.param), weights, text_heads=goldens.TEXT_HEADS)
    return (
        MusicEncoder(weights, half=False),
        TextEncoder(weights, goldens.GOLDENS / "text", half=False),
        goldens.read("embeddings.json")["embeddings"][FAMILIES[request.param]],
    )


def cosines(vectors):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit @ unit.T


def test_vectors_and_cosines_are_those_of_the_reference(encoders):
    music, text, said = encoders
    pieces = [stem for stem in said if not stem.startswith("t")]
    texts = [stem for stem in said if stem.startswith("t")]
    raw = goldens.read("text/text_inputs.json")
    assert [text.words.ids(raw[stem]["raw"]) for stem in texts] == [
        raw[stem]["ids_if_lines_kept_in_file_order"] for stem in texts
    ]
    found = np.concatenate(
        [
            music.vectors([goldens.piece(stem) for stem in pieces]),
            text.vectors([raw[stem]["raw"] for stem in texts]),
        ]
    ).astype(np.float64)
    wanted = np.array([said[stem] for stem in pieces + texts])
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-5)
    np.testing.assert_allclose(cosines(found), cosines(wanted), rtol=0, atol=1e-5)


def test_a_piece_has_the_same_vector_alone_and_among_others(encoders):
    music, _text, said = encoders
    pieces = [goldens.piece(stem) for stem in said if not stem.startswith("t")]
    together = music.vectors(pieces)
    alone = np.concatenate([music.vectors([piece]) for piece in pieces])
    np.testing.assert_allclose(together, alone, rtol=0, atol=2e-6)


def test_segments_overlap_at_the_end_and_count_what_is_new_in_them():
    assert cut(3, 4) == [slice(0, 3)]
    assert cut(8, 4) == [slice(0, 4), slice(4, 8)]
    assert cut(9, 4) == [slice(0, 4), slice(4, 8), slice(5, 9)]
    vectors = np.array([[1.0], [2.0], [6.0]], dtype=np.float32)
    assert pool(vectors, 9, 4).tolist() == [pytest.approx((4 * 1 + 4 * 2 + 1 * 6) / 9)]
    assert pool(vectors[:2], 8, 4).tolist() == [1.5]
    assert pool(vectors[:1], 3, 4).tolist() == [1.0]

import numpy as np
import pytest

from generation.clamp.scores import Style, directions, ranks, text_fit


def test_likeness_is_the_cosine_to_the_plain_mean_of_the_references_and_to_the_nearest_five():
    rng = np.random.default_rng(1)
    references, pieces = (rng.normal(size=(n, 16)).astype(np.float32) for n in (9, 4))
    references *= np.linspace(0.5, 4, 9, dtype=np.float32)[:, None]  # long vectors count more in the mean
    found = Style(references).likeness(pieces)

    def cosine(a, b):
        return float(a @ b / np.sqrt((a @ a) * (b @ b)))

    table = np.array([[cosine(piece, one) for one in references] for piece in pieces.astype(np.float64)])
    mean = references.astype(np.float64).mean(axis=0)
    np.testing.assert_allclose(found.mean, [cosine(piece, mean) for piece in pieces], atol=1e-6)
    np.testing.assert_allclose(found.nearest, np.sort(table, axis=1)[:, -5:].mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(found.closest, table.max(axis=1), atol=1e-6)
    assert found.which.tolist() == table.argmax(axis=1).tolist()
    assert found.average == pytest.approx(np.mean(found.mean))


def test_a_copy_is_seen_and_a_small_style_does_with_what_it_has():
    references = np.eye(3, 8, dtype=np.float32)
    copy, other = references[1] * 7 + 0.01, np.ones(8, dtype=np.float32)
    found = Style(references).likeness(np.stack([copy, other]))
    assert (found.near_copy.tolist(), int(found.which[0])) == ([True, False], 1)
    np.testing.assert_allclose(found.nearest[1], 1 / np.sqrt(8), atol=1e-6)
    with pytest.raises(ValueError, match="at least one"):
        Style(np.empty((0, 8), dtype=np.float32))


def test_a_piece_that_is_near_every_text_does_not_win():
    scene = np.array([[1, 0, 0, 0]], dtype=np.float32)
    neutral = np.array([[0, 1, 0, 0], [0, 0, 1, 0]], dtype=np.float32)
    hub, right = [1, 1, 1, 0], [1, 0, 0, 1.2]
    music = np.array([hub, right], dtype=np.float32)
    raw = directions(music) @ scene[0]
    assert raw[1] > raw[0] - 0.1
    fit = text_fit(music, scene, neutral)
    assert fit[1] > fit[0]
    assert text_fit(music, scene, neutral[:0]).tolist() == pytest.approx(raw.tolist())


def test_ranks_begin_at_one_and_equal_scores_share_a_place():
    assert ranks([0.2, 0.9, 0.2, 0.5]) == [3, 1, 3, 2]
    assert ranks([]) == []

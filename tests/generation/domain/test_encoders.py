import hashlib

import numpy as np
import pytest

from curator.domain.errors import DomainError
from generation.domain import encoders
from generation.domain.encoders import choose_encoder, encoder_in_use, import_encoder, seed_demo_encoder, weights_path
from generation.models.encoders import Encoder
from tests.generation.clamp import test_weights as small
from tests.generation.encoding import small_encoder

pytestmark = pytest.mark.django_db


def test_an_imported_file_is_named_by_its_content_and_used(tmp_path):
    assert encoder_in_use() is None
    row = small_encoder(tmp_path)
    content = (tmp_path / "Small.pth").read_bytes()
    assert (row.name, row.family, row.dim, row.sha256) == (
        "Small", "CLaMP 3", small.DIM, hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    assert row.size == weights_path(row).stat().st_size
    assert row.facts == {
        "precision": "float32",
        "music": {"width": 64, "layers": 1},
        "text": {"width": 64, "layers": 1, "words": 50},
    }
    assert encoder_in_use() == row
    assert [path.name for path in weights_path(row).parent.glob("*incoming*")] == []


def test_the_same_file_again_gives_the_same_row_in_the_precision_asked_for(tmp_path):
    row = small_encoder(tmp_path)
    again, new = import_encoder(path=tmp_path / "Small.pth", name="Other", half=True)
    assert (again, new, again.facts["precision"]) == (row, False, "bfloat16")
    assert again.size < row.size


def test_another_file_is_refused_with_its_reason_and_a_taken_name_too(tmp_path):
    small_encoder(tmp_path)
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(DomainError, match=r"damaged or cut short|other things than weights"):
        import_encoder(path=tmp_path / "text.pth", name="Text")
    other = small.state() | {"text_proj.bias": small.state()["text_proj.bias"] + 1}
    with pytest.raises(DomainError, match="already another encoder called Small"):
        import_encoder(path=small.write(tmp_path / "other.pth", other), name="Small")
    with pytest.raises(DomainError, match="needs a name"):
        import_encoder(path=tmp_path / "Small.pth", name="  ")
    assert Encoder.objects.count() == 1


def test_the_one_chosen_last_is_in_use(tmp_path):
    first = small_encoder(tmp_path)
    other = small.state() | {"text_proj.bias": small.state()["text_proj.bias"] + 1}
    second = import_encoder(path=small.write(tmp_path / "other.pth", other), name="Second")[0]
    assert encoder_in_use() == second
    choose_encoder(encoder=first)
    assert encoder_in_use() == first


def test_texts_without_a_tokenizer_are_refused_with_the_folder_to_put_it(tmp_path):
    row = small_encoder(tmp_path, words=False)
    with pytest.raises(DomainError, match=r"put tokenizer.json of xlm-roberta-base into .*xlm-roberta-base\."):
        encoders.load_text(row)
    weights_path(row).unlink()
    with pytest.raises(DomainError, match="cannot be read: There is no such file"):
        encoders.load_music(row)


def test_the_demo_encoder_comes_with_the_project_and_gives_way_to_an_imported_one(tmp_path):
    imported = small_encoder(tmp_path)
    demo = seed_demo_encoder()
    assert demo is not None
    assert (demo.name, demo.family, seed_demo_encoder()) == ("Demo", "Demo", demo)
    assert encoder_in_use() == imported
    vectors = encoders.load_text(demo).vectors(["Peace", "Humiliation"])
    assert vectors.shape == (2, demo.dim)
    assert np.isfinite(vectors).all()

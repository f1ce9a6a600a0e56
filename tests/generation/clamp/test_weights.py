import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from generation.clamp.encoder import MusicEncoder
from generation.clamp.model import Music, Text, TowerConfig
from generation.clamp.patches import Reading
from generation.clamp.weights import NotAClamp, file_sha256, import_weights, load_music, load_text, read_meta

MUSIC = TowerConfig(hidden=64, layers=1, heads=1, inner=128, positions=512)
TEXT = TowerConfig(hidden=64, layers=1, heads=1, inner=96, positions=130, vocabulary=50)
DIM = 32


def layer(prefix: str, config: TowerConfig) -> dict[str, torch.Tensor]:
    shapes = {
        **{f"attention.self.{name}": (config.hidden, config.hidden) for name in ("query", "key", "value")},
        "attention.output.dense": (config.hidden, config.hidden),
        "intermediate.dense": (config.inner, config.hidden),
        "output.dense": (config.hidden, config.inner),
    }
    state = {}
    for name, shape in shapes.items():
        state[f"{prefix}{name}.weight"], state[f"{prefix}{name}.bias"] = torch.randn(shape), torch.randn(shape[0])
    for name in ("attention.output.LayerNorm", "output.LayerNorm"):
        for kind in ("weight", "bias"):
            state[f"{prefix}{name}.{kind}"] = torch.randn(config.hidden)
    return state


def tower(prefix: str, config: TowerConfig, kinds: int) -> dict[str, torch.Tensor]:
    table = prefix + "embeddings."
    return {
        table + "position_embeddings.weight": torch.randn(config.positions, config.hidden),
        table + "token_type_embeddings.weight": torch.randn(kinds, config.hidden),
        table + "LayerNorm.weight": torch.randn(config.hidden),
        table + "LayerNorm.bias": torch.randn(config.hidden),
        **layer(prefix + "encoder.layer.0.", config),
    }


def state(music: str = "symbolic") -> dict[str, torch.Tensor]:
    """The tensors of a small CLaMP, with parts that are not needed."""
    torch.manual_seed(3)
    return {
        **tower(f"{music}_model.base.", MUSIC, 2),
        f"{music}_model.patch_embedding.weight": torch.randn(64, 8192),
        f"{music}_model.patch_embedding.bias": torch.randn(64),
        f"{music}_model.base.pooler.dense.weight": torch.randn(64, 64),
        f"{music}_proj.weight": torch.randn(DIM, 64),
        f"{music}_proj.bias": torch.randn(DIM),
        **tower("text_model.", TEXT, 1),
        "text_model.embeddings.word_embeddings.weight": torch.randn(50, 64),
        "text_proj.weight": torch.randn(DIM, 64),
        "text_proj.bias": torch.randn(DIM),
        "audio_proj.weight": torch.randn(DIM, 8),
    }


def write(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    torch.save({"model": tensors, "optimizer": {"state": {}}, "epoch": 10, "modality": "audio"}, path)
    return path


@pytest.mark.parametrize(("music", "reading"), [("symbolic", Reading.CLAMP3), ("music", Reading.NOTAGEN)])
def test_a_published_file_is_kept_with_all_that_both_encoders_need(tmp_path, music, reading):
    source = write(tmp_path / "weights.pth", state(music))
    meta = import_weights(source, tmp_path / "kept.safetensors")
    assert meta == read_meta(tmp_path / "kept.safetensors")
    assert (meta.reading, meta.dim, meta.music, meta.text) == (reading, DIM, MUSIC, TEXT)
    assert (meta.source_sha256, meta.precision) == (file_sha256(source), "float32")
    assert meta.family == {"symbolic": "CLaMP 3", "music": "CLaMP 2"}[music]
    loaded, text = load_music(tmp_path / "kept.safetensors")[0], load_text(tmp_path / "kept.safetensors")[0]
    given = state(music)
    query = torch.cat([given[f"{music}_model.base.encoder.layer.0.attention.self.{n}.weight"] for n in
                       ("query", "key", "value")])  # fmt: skip
    assert torch.equal(loaded.layers[0].qkv.weight, query)
    assert torch.equal(loaded.characters.weight.T, given[f"{music}_model.patch_embedding.weight"])
    assert torch.equal(text.words.weight, given["text_model.embeddings.word_embeddings.weight"])
    assert (isinstance(loaded, Music), isinstance(text, Text), loaded.training, text.training) == (
        True,
        True,
        False,
        False,
    )


def test_half_precision_halves_the_file_and_keeps_the_direction(tmp_path):
    source = write(tmp_path / "weights.pth", state())
    meta = import_weights(source, tmp_path / "half.safetensors", half=True)
    import_weights(source, tmp_path / "full.safetensors")
    assert meta.precision == "bfloat16"
    piece = ["K:C\n[V:1]C4|[V:2]E,4|\n"]
    full = MusicEncoder(tmp_path / "full.safetensors", half=False).vectors(piece)[0]
    for kept in ("half", "full"):
        near = MusicEncoder(tmp_path / f"{kept}.safetensors", half=True).vectors(piece)[0]
        assert full @ near / ((full @ full) * (near @ near)) ** 0.5 > 0.999


def without(name: str) -> dict[str, torch.Tensor]:
    return {key: value for key, value in state().items() if key != name}


def with_nan() -> dict[str, torch.Tensor]:
    tensors = state()
    tensors["symbolic_proj.bias"][3] = float("nan")
    return tensors


BIAS = "symbolic_model.base.encoder.layer.0.output.dense.bias"


@pytest.mark.parametrize(
    ("tensors", "sentence"),
    [
        (without(BIAS), f"The tensor {BIAS} is missing or has another shape."),
        (with_nan(), "The tensor symbolic_proj.bias holds values that are not finite numbers."),
        (without("text_proj.weight"), "The tensor text_proj.weight is missing or has another shape."),
        ({"fc.weight": torch.zeros(3, 3)}, "This file holds weights, but not those of CLaMP."),
        (
            {"encoder.patch_embedding.weight": torch.zeros(64, 8192)},
            "These are the weights of M3 alone; scores need those of CLaMP 2 or CLaMP 3 c2.",
        ),
    ],
    ids=["missing", "nan", "no text", "others", "m3"],
)
def test_other_weights_are_refused_in_one_sentence_and_leave_nothing(tmp_path, tensors, sentence):
    write(tmp_path / "weights.pth", tensors)
    with pytest.raises(NotAClamp) as refused:
        import_weights(tmp_path / "weights.pth", tmp_path / "kept.safetensors")
    assert str(refused.value) == sentence
    assert [path.name for path in tmp_path.iterdir()] == ["weights.pth"]


def test_the_variant_for_recordings_is_refused_by_name(tmp_path):
    source = write(tmp_path / "weights_clamp3_saas_h_size_768.pth", state())
    with pytest.raises(NotAClamp, match="saas variant of CLaMP 3, trained for sound recordings"):
        import_weights(source, tmp_path / "kept.safetensors")


def test_the_variant_for_recordings_is_refused_by_its_hash_under_another_name(tmp_path, monkeypatch):
    source = write(tmp_path / "weights_clamp3_c2.pth", state())
    monkeypatch.setattr("generation.clamp.weights.SAAS_SHA256", file_sha256(source))
    with pytest.raises(NotAClamp, match="saas"):
        import_weights(source, tmp_path / "kept.safetensors")


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.9, 0.9999])
def test_a_file_that_is_cut_short_is_refused(tmp_path, share):
    whole = write(tmp_path / "weights.pth", state()).read_bytes()
    (tmp_path / "short.pth").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(NotAClamp, match=r"^This file (is damaged or cut short|holds other things than weights.*)\.$"):
        import_weights(tmp_path / "short.pth", tmp_path / "kept.safetensors")


class Evil:
    def __reduce__(self):
        return (open, ("/tmp/evil", "w"))


def test_a_file_with_other_things_than_weights_is_not_opened(tmp_path):
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Evil()))
    torch.save({"model": {"x": Evil()}}, tmp_path / "zip.pth")
    for name in ("plain.pth", "zip.pth"):
        with pytest.raises(NotAClamp, match="holds other things than weights and is not opened"):
            import_weights(tmp_path / name, tmp_path / "kept.safetensors")


def test_what_is_kept_is_checked_when_it_is_read(tmp_path):
    kept = tmp_path / "kept.safetensors"
    import_weights(write(tmp_path / "weights.pth", state()), kept)
    (tmp_path / "short.safetensors").write_bytes(kept.read_bytes()[:-100])
    with pytest.raises(NotAClamp, match="not a whole"):
        read_meta(tmp_path / "short.safetensors")
    save_file({"a": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(NotAClamp, match="does not hold CLaMP weights"):
        load_music(tmp_path / "other.safetensors")
    from safetensors import safe_open

    with safe_open(kept, framework="pt") as file:
        said = json.loads(file.metadata()["clamp"])
    said["music"]["inner"] = 64
    save_file({"music.bias": torch.zeros(64)}, tmp_path / "odd.safetensors", metadata={"clamp": json.dumps(said)})
    with pytest.raises(NotAClamp, match="is missing or has another shape"):
        load_music(tmp_path / "odd.safetensors")
    with pytest.raises(NotAClamp, match="no such file"):
        load_text(tmp_path / "none.safetensors")

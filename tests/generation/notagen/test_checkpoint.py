import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from generation.notagen.checkpoint import (
    Meta,
    NotACheckpoint,
    SamplingDefaults,
    file_sha256,
    load_checkpoint,
    save_reference,
    save_safetensors,
)
from generation.notagen.config import ModelConfig
from generation.notagen.model import NotaGen

TINY = Path(__file__).resolve().parents[2] / "golden" / "notagen" / "model" / "tiny_checkpoint.pth"
SMALL = ModelConfig(hidden=64, patch_layers=2, char_layers=1, patch_length=32)


@pytest.fixture
def model() -> NotaGen:
    torch.manual_seed(1)
    return NotaGen(SMALL)


def same_weights(one: NotaGen, other: NotaGen) -> bool:
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_the_reference_layout_is_read_and_its_sizes_inferred():
    found = load_checkpoint(TINY)
    assert found.config == ModelConfig(hidden=128, patch_layers=2, char_layers=1, patch_length=64)
    assert (found.sha256, found.meta) == (file_sha256(TINY), Meta())
    assert not found.model.training


@pytest.mark.parametrize("layout", ["whole", "model only", "bare", "with masks"])
def test_every_layout_of_the_reference_gives_the_same_model(tmp_path, model, layout):
    state = model.state_dict()
    content = {
        "whole": {"model": state, "optimizer": {}, "lr_sched": {}, "epoch": 3, "min_eval_loss": 0.5},
        "model only": {"model": state},
        "bare": dict(state),
        "with masks": {"model": {**state, "patch_level_decoder.base.h.0.attn.bias": torch.ones(1, 1, 32, 32)}},
    }[layout]
    torch.save(content, tmp_path / "weights.pth")
    found = load_checkpoint(tmp_path / "weights.pth")
    assert found.config == SMALL
    assert same_weights(found.model, model)


def test_saved_safetensors_come_back_with_their_meta(tmp_path, model):
    meta = Meta(
        kind="demo",
        header_style="bare-three-plus-stage",
        vocabulary={"stage": ("Peace", "Chosen")},
        sampling=SamplingDefaults(temperature=0.8),
        data_sha256="ab" * 32,
        parent="cd" * 32,
        seed=7,
        training={"steps": 100},
    )
    path = tmp_path / "new" / "model.safetensors"
    sha256 = save_safetensors(path, model, meta, torch.float32)
    found = load_checkpoint(path)
    assert (found.meta, found.sha256, found.config) == (meta, sha256, SMALL)
    assert same_weights(found.model, model)
    described = json.loads((path.parent / "meta.json").read_text())
    assert (described["config"], described["sha256"]) == (SMALL.as_dict(), sha256)


def test_float16_halves_the_file_and_is_read_as_float32(tmp_path, model):
    save_safetensors(tmp_path / "half" / "model.safetensors", model, Meta())
    save_safetensors(tmp_path / "full" / "model.safetensors", model, Meta(), torch.float32)
    half = (tmp_path / "half" / "model.safetensors").stat().st_size
    assert half / (tmp_path / "full" / "model.safetensors").stat().st_size == pytest.approx(0.5, abs=0.02)
    found = load_checkpoint(tmp_path / "half" / "model.safetensors").model
    assert {p.dtype for p in found.parameters()} == {torch.float32}
    with pytest.raises(ValueError, match="float16 or float32"):
        save_safetensors(tmp_path / "x.safetensors", model, Meta(), torch.bfloat16)


class Trap:
    """Unpickles by calling a function."""

    def __reduce__(self):
        return (print, ("opened",))


def changed(model: NotaGen, **tensors: torch.Tensor | None) -> dict[str, torch.Tensor]:
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for name, tensor in tensors.items():
        full = next(key for key in state if key.endswith(name.replace("__", ".")))
        if tensor is None:
            del state[full]
        else:
            state[full] = tensor
    return state


def bad_files(folder: Path, model: NotaGen) -> dict[str, Path]:
    """One file of each kind that must be refused."""
    state = model.state_dict()
    torch.save({"model": state}, folder / "good.pth")
    whole = (folder / "good.pth").read_bytes()
    names = {
        name: folder / f"{name}{suffix}"
        for name, suffix in [
            ("missing", ".pth"), ("cut", ".pth"), ("empty", ".pth"), ("text", ".pth"), ("pickle", ".pth"),
            ("trap", ".pth"), ("list", ".pth"), ("other", ".pth"), ("no_layer", ".pth"), ("nan", ".pth"),
            ("untied", ".pth"), ("integers", ".pth"), ("extra", ".pth"), ("suffix", ".txt"),
            ("cut_safe", ".safetensors"), ("text_safe", ".safetensors"), ("other_safe", ".safetensors"),
        ]
    }  # fmt: skip
    names["cut"].write_bytes(whole[: len(whole) // 2])
    names["empty"].write_bytes(b"")
    names["text"].write_text("%Minimal\n")
    names["pickle"].write_bytes(pickle.dumps({"model": [1, 2, 3]}))
    names["trap"].write_bytes(pickle.dumps({"model": Trap()}))
    torch.save([1, 2], names["list"])
    torch.save({"model": {"weight": torch.ones(3)}}, names["other"])
    torch.save({"model": changed(model, h__1__mlp__c_fc__bias=None)}, names["no_layer"])
    torch.save({"model": changed(model, lm_head__weight=torch.zeros(128, 64))}, names["untied"])
    torch.save({"model": changed(model, base__ln_f__bias=torch.full((64,), torch.nan))}, names["nan"])
    torch.save({"model": changed(model, base__ln_f__bias=torch.ones(64, dtype=torch.int64))}, names["integers"])
    torch.save({"model": {**state, "classifier.weight": torch.ones(2)}}, names["extra"])
    names["suffix"].write_bytes(whole)
    save_safetensors(folder / "good.safetensors", model, Meta())
    (folder / "meta.json").unlink()
    names["cut_safe"].write_bytes((folder / "good.safetensors").read_bytes()[:5000])
    names["text_safe"].write_text("not weights")
    save_file({"weight": torch.ones(3)}, names["other_safe"])
    return names


def test_anything_else_is_refused_in_one_sentence(tmp_path, model, capsys):
    reasons = {}
    for name, path in bad_files(tmp_path, model).items():
        with pytest.raises(NotACheckpoint) as refused:
            load_checkpoint(path)
        reasons[name] = str(refused.value)
    damaged = "This file is damaged or cut short."
    foreign = "This file holds other things than weights and is not opened."
    tensor = "patch_level_decoder.base.ln_f.bias"
    assert reasons == {
        "missing": "There is no such file.",
        "cut": damaged,
        "empty": damaged,
        "text": foreign,
        "pickle": foreign,
        "trap": foreign,
        "list": "This file is not a NotaGen checkpoint.",
        "other": "This file holds weights, but not those of a NotaGen model.",
        "no_layer": "The tensor patch_level_decoder.base.h.1.mlp.c_fc.bias is missing or has another shape.",
        "untied": "The output matrix of this file differs from its token table.",
        "nan": f"The tensor {tensor} holds values that are not finite numbers.",
        "integers": f"The tensor {tensor} holds values that are not finite numbers.",
        "extra": "The tensor classifier.weight does not belong to a NotaGen model.",
        "suffix": "A checkpoint is a .pth or .safetensors file.",
        "cut_safe": "This file is not a whole .safetensors file.",
        "text_safe": "This file is not a whole .safetensors file.",
        "other_safe": "This file holds weights, but not those of a NotaGen model.",
    }
    assert capsys.readouterr().out == ""


def test_meta_of_other_weights_or_no_meta_at_all_is_refused(tmp_path, model):
    path = tmp_path / "model.safetensors"
    save_safetensors(path, model, Meta())
    meta = tmp_path / "meta.json"
    described = json.loads(meta.read_text())
    meta.write_text(json.dumps({**described, "sha256": "0" * 64}))
    with pytest.raises(NotACheckpoint, match="belongs to other weights"):
        load_checkpoint(path)
    for broken in ("{", "[]", json.dumps({**described, "sampling": 3})):
        meta.write_text(broken)
        with pytest.raises(NotACheckpoint, match="cannot be read"):
            load_checkpoint(path)


def test_a_reference_file_has_the_references_container_keys_shapes_and_ties(tmp_path):
    ours = load_checkpoint(TINY)
    save_reference(tmp_path / "ours.pth", ours.model, epoch=3, min_eval_loss=1.25)
    theirs = torch.load(TINY, weights_only=True)
    made = torch.load(tmp_path / "ours.pth", weights_only=True)
    assert list(made) == list(theirs)
    assert (made["epoch"], made["best_epoch"], made["min_eval_loss"]) == (3, 3, 1.25)
    assert type(made["model"]) is type(theirs["model"])
    assert list(made["model"]) == list(theirs["model"])
    for name, tensor in theirs["model"].items():
        assert made["model"][name].dtype == tensor.dtype
        assert torch.equal(made["model"][name], tensor)
    ties = [
        state["char_level_decoder.base.lm_head.weight"].data_ptr()
        == state["char_level_decoder.base.transformer.wte.weight"].data_ptr()
        for state in (theirs["model"], made["model"])
    ]
    assert ties == [True, True]
    assert not (tmp_path / "ours.pth.part").exists()

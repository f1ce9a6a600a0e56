"""Checkpoint files: the reference's .pth and our .safetensors with a meta.json beside it."""

import hashlib
import json
import pickle
import re
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from generation.notagen.config import HEAD_DIM, VOCABULARY, ModelConfig
from generation.notagen.header import BARE_THREE
from generation.notagen.model import NotaGen

_EMBEDDING = "patch_level_decoder.patch_embedding.weight"
_PATCH_POSITIONS = "patch_level_decoder.base.wpe.weight"
_CHAR_POSITIONS = "char_level_decoder.base.transformer.wpe.weight"
_TOKENS = "char_level_decoder.base.transformer.wte.weight"
_OUTPUT = "char_level_decoder.base.lm_head.weight"
_LAYER = re.compile(r"(patch_level_decoder\.base|char_level_decoder\.base\.transformer)\.h\.(\d+)\.")
# Causal masks that files of older transformers versions carry.
_MASK = re.compile(r"\.attn\.(bias|masked_bias)$")


class NotACheckpoint(Exception):
    """The file cannot be used as a NotaGen checkpoint; the message is one sentence that says why."""


@dataclass(frozen=True)
class SamplingDefaults:
    """The settings a checkpoint sounds best with (NotaGen-X: 9, 0.9, 1.2)."""

    top_k: int = 9
    top_p: float = 0.9
    temperature: float = 1.2


@dataclass(frozen=True)
class Meta:
    """What is known of a checkpoint beside its weights.

    header_style: name of the way its training files begin (generation.notagen.header). vocabulary: for each
    prompt line, the values it was trained with. data_sha256: hash of the training set. parent: sha256 of the
    checkpoint it was trained from, or empty. training: settings and losses of the run that made it.
    """

    kind: str = "notagen"
    header_style: str = BARE_THREE
    vocabulary: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sampling: SamplingDefaults = SamplingDefaults()
    data_sha256: str = ""
    parent: str = ""
    seed: int | None = None
    training: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Checkpoint:
    """A model in eval mode with its sizes, its meta and the sha256 of the file it came from."""

    model: NotaGen
    config: ModelConfig
    meta: Meta
    sha256: str


def load_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a reference .pth or a .safetensors file, weights as float32 on the CPU.

    The sizes come from the tensor shapes; meta.json beside a .safetensors file is read where there is one.
    Raises NotACheckpoint.
    """
    state = _read_state(path)
    config = sizes(state)
    model = NotaGen(config)
    _fill(model, state)
    model.eval()
    return Checkpoint(model=model, config=config, meta=read_meta(path), sha256=file_sha256(path))


def sizes(state: Mapping[str, Tensor]) -> ModelConfig:
    """The sizes of a model, read off the shapes of its tensors. Raises NotACheckpoint."""
    needed = (_EMBEDDING, _PATCH_POSITIONS, _CHAR_POSITIONS, _TOKENS)
    if any(name not in state or state[name].dim() != 2 for name in needed):
        raise NotACheckpoint("This file holds weights, but not those of a NotaGen model.")
    hidden, columns = state[_EMBEDDING].shape
    depth = {"patch_level_decoder.base": 0, "char_level_decoder.base.transformer": 0}
    for name in state:
        if found := _LAYER.match(name):
            depth[found[1]] = max(depth[found[1]], int(found[2]) + 1)
    if columns % VOCABULARY or hidden % HEAD_DIM or state[_TOKENS].shape[0] != VOCABULARY or not all(depth.values()):
        raise NotACheckpoint("The sizes in this file are not those of a NotaGen model.")
    return ModelConfig(
        hidden=hidden,
        patch_layers=depth["patch_level_decoder.base"],
        char_layers=depth["char_level_decoder.base.transformer"],
        patch_length=state[_PATCH_POSITIONS].shape[0],
        patch_size=columns // VOCABULARY,
    )


def save_safetensors(path: Path, model: NotaGen, meta: Meta, dtype: torch.dtype = torch.float16) -> str:
    """Write the weights and, beside them, meta.json; return the sha256 of the weights file."""
    digest = write_weights(path, model, dtype)
    described = {"config": model.config.as_dict(), "sha256": digest, **asdict(meta)}
    meta_path(path).write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return digest


def write_weights(path: Path, model: NotaGen, dtype: torch.dtype = torch.float16) -> str:
    """Write the weights alone as float16 or float32; return the sha256 of the file."""
    if dtype not in (torch.float16, torch.float32):
        raise ValueError(f"Checkpoints are saved as float16 or float32, not {dtype}.")
    state = {
        name: tensor.detach().to("cpu", dtype).contiguous()
        for name, tensor in model.state_dict().items()
        if name != _OUTPUT  # the same numbers as the token table
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file(state, part, metadata={"format": "pt"})
    digest = file_sha256(part)
    part.replace(path)  # a run that is killed leaves no half file under this name
    return digest


def save_reference(path: Path, model: NotaGen, *, epoch: int = 0, min_eval_loss: float = 0.0) -> None:
    """Write the weights as the reference does: a dict of six entries, float32, output matrix and token table tied.

    The optimizer is empty: the file is to be sampled from or fine-tuned from, not to be gone on with.
    """
    state = model.state_dict()
    for name, tensor in state.items():
        state[name] = state[_TOKENS] if name == _OUTPUT else tensor.detach().to("cpu", torch.float32).contiguous()
    held = {
        "model": state,
        "optimizer": {"state": {}, "param_groups": []},
        "lr_sched": {},
        "epoch": epoch,
        "best_epoch": epoch,
        "min_eval_loss": min_eval_loss,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".pth.part")
    torch.save(held, part)
    part.replace(path)


def meta_path(path: Path) -> Path:
    """Where the meta of a weights file lies."""
    return path.with_name("meta.json")


def says_of_itself(path: Path) -> bool:
    """Whether a meta.json beside the weights tells their header style; the reference's files tell nothing."""
    return path.suffix == ".safetensors" and meta_path(path).exists()


def read_meta(path: Path) -> Meta:
    """The meta beside a weights file, or the defaults of NotaGen-X where there is none for it.

    A meta.json that names another file's sha256 or is not readable raises NotACheckpoint.
    """
    beside = meta_path(path)
    if not says_of_itself(path):
        return Meta()
    try:
        raw = json.loads(beside.read_text(encoding="utf-8"))
        if raw.get("sha256", "") != file_sha256(path):
            raise NotACheckpoint("The meta.json beside this file belongs to other weights.")
        known = {f.name for f in fields(Meta)}
        values = {name: value for name, value in raw.items() if name in known}
        values["vocabulary"] = {k: tuple(v) for k, v in values.get("vocabulary", {}).items()}
        values["sampling"] = SamplingDefaults(**values.get("sampling", {}))
        return Meta(**values)
    except (ValueError, TypeError, AttributeError) as error:
        raise NotACheckpoint("The meta.json beside this file cannot be read.") from error


def file_sha256(path: Path) -> str:
    """sha256 of a file as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_state(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise NotACheckpoint("There is no such file.")
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    if path.suffix in (".pth", ".pt", ".bin"):
        return _read_torch(path)
    raise NotACheckpoint("A checkpoint is a .pth or .safetensors file.")


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except SafetensorError as error:
        raise NotACheckpoint("This file is not a whole .safetensors file.") from error


def _read_torch(path: Path) -> dict[str, Tensor]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of pickles that it then refuses
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise NotACheckpoint("This file holds other things than weights and is not opened.") from error
    except (RuntimeError, EOFError, ValueError, KeyError, AttributeError, IndexError, TypeError) as error:
        raise NotACheckpoint("This file is damaged or cut short.") from error
    if isinstance(loaded, dict) and isinstance(loaded.get("model"), dict):
        loaded = loaded["model"]
    if not isinstance(loaded, dict) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise NotACheckpoint("This file is not a NotaGen checkpoint.")
    return loaded


def _fill(model: NotaGen, state: dict[str, Tensor]) -> None:
    """Copy the weights into the model; every tensor must be there, of the right shape and finite."""
    wanted = model.state_dict()
    given = {name: tensor for name, tensor in state.items() if not _MASK.search(name)}
    given.setdefault(_OUTPUT, given[_TOKENS])
    wrong = [name for name in wanted if name not in given or given[name].shape != wanted[name].shape]
    if wrong:
        raise NotACheckpoint(f"The tensor {wrong[0]} is missing or has another shape.")
    if extra := sorted(given.keys() - wanted.keys()):
        raise NotACheckpoint(f"The tensor {extra[0]} does not belong to a NotaGen model.")
    if not torch.equal(given[_OUTPUT], given[_TOKENS]):
        raise NotACheckpoint("The output matrix of this file differs from its token table.")
    for name, tensor in given.items():
        if not tensor.is_floating_point() or not bool(torch.isfinite(tensor).all()):
            raise NotACheckpoint(f"The tensor {name} holds values that are not finite numbers.")
        wanted[name].copy_(tensor)

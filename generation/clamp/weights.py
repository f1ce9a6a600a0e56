"""Weights of CLaMP: the authors' .pth files, and the .safetensors that is kept of them.

A published file is two to four times as large as what is needed of it. It is mapped, not read; only the tensors of the
two encoders are touched, and copied one at a time.
"""

import hashlib
import json
import pickle
import re
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from generation.clamp.model import PATCH_LENGTH, TEXT_LENGTH, Music, Text, Tower, TowerConfig
from generation.clamp.patches import CHARACTERS, SIZE, Reading

SAAS_SHA256 = "5033f868e3977be3945ee416b5a1718d5589a173c7ba8982231d8c94a6441d80"
HEAD_DIM = 64
_LAYER = re.compile(r"encoder\.layer\.(\d+)\.")
_PARTS = {
    "qkv": ("attention.self.query", "attention.self.key", "attention.self.value"),
    "out": ("attention.output.dense",),
    "out_norm": ("attention.output.LayerNorm",),
    "up": ("intermediate.dense",),
    "down": ("output.dense",),
    "down_norm": ("output.LayerNorm",),
}


class NotAClamp(Exception):
    """The file cannot be used as CLaMP weights; the message is one sentence that says why."""


@dataclass(frozen=True)
class Meta:
    """What is known of weights beside them. family: the name people know. source_sha256: of the file they came from.
    precision: of the layers."""

    reading: Reading
    dim: int
    music: TowerConfig
    text: TowerConfig
    source_sha256: str
    precision: str = "float32"
    family: str = "CLaMP 3"


def import_weights(path: Path, target: Path, *, half: bool = False, text_heads: int | None = None) -> Meta:
    """Keep what is needed of a published .pth as the .safetensors `target`, float32 or with `half` bfloat16.

    text_heads: attention heads of the text encoder where they are not its width / 64. Raises NotAClamp: for other
    files, damaged ones, and the `saas` variant of CLaMP 3, which is not made for scores.
    """
    if not path.is_file():
        raise NotAClamp("There is no such file.")
    if path.suffix != ".pth":
        raise NotAClamp("CLaMP weights come as a .pth file.")
    sha256 = file_sha256(path)
    if "_saas_" in path.name or sha256 == SAAS_SHA256:
        raise NotAClamp(
            "This is the saas variant of CLaMP 3, trained for sound recordings; scores need the c2 variant."
        )
    given = _read_torch(path)
    clamp3 = "symbolic_proj.weight" in given
    music, projection = ("symbolic_model.", "symbolic_proj") if clamp3 else ("music_model.", "music_proj")
    meta = _sizes(given, music, projection, text_heads)
    meta = replace(
        meta,
        reading=Reading.CLAMP3 if clamp3 else Reading.NOTAGEN,
        source_sha256=sha256,
        precision="bfloat16" if half else "float32",
        family="CLaMP 3" if clamp3 else "CLaMP 2",
    )
    take = _taker(given)
    state = {
        **_tower("music.", music + "base.", projection, meta.music, meta.dim, take, half),
        **_tower("text.", "text_model.", "text_proj", meta.text, meta.dim, take, half),
    }
    table = take(music + "patch_embedding.weight", (meta.music.hidden, SIZE * CHARACTERS))
    state["music.characters.weight"] = table.T.contiguous()
    state["music.bias"] = take(music + "patch_embedding.bias", (meta.music.hidden,))
    words = (meta.text.vocabulary, meta.text.hidden)
    state["text.words.weight"] = _cast(take("text_model.embeddings.word_embeddings.weight", words), half)
    write(target, state, meta)
    return meta


def write(target: Path, state: Mapping[str, Tensor], meta: Meta) -> None:
    """Write weights and what is known of them into one file; a run that is killed leaves no half file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    save_file(dict(state), part, metadata={"clamp": json.dumps(asdict(meta))})
    part.replace(target)


def read_meta(path: Path) -> Meta:
    """What our .safetensors says of itself. Raises NotAClamp."""
    if not path.is_file():
        raise NotAClamp("There is no such file.")
    try:
        with safe_open(path, framework="pt") as file:
            said = json.loads((file.metadata() or {})["clamp"])
        return Meta(
            reading=Reading(said["reading"]),
            dim=said["dim"],
            music=TowerConfig(**said["music"]),
            text=TowerConfig(**said["text"]),
            source_sha256=said["source_sha256"],
            precision=said["precision"],
            family=said["family"],
        )
    except SafetensorError as error:
        raise NotAClamp("This file is not a whole .safetensors file.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise NotAClamp("This .safetensors file does not hold CLaMP weights.") from error


def load_music(path: Path, *, half: bool | None = None) -> tuple[Music, Meta]:
    """The encoder of music in eval mode, its layers in bfloat16 with `half`, without a word as they are kept.

    What needs no change of precision stays mapped from the file. Raises NotAClamp.
    """
    meta = read_meta(path)
    with torch.device("meta"):
        tower = Music(meta.music, meta.dim)
    _fill(tower, path, "music.", half)
    return tower, meta


def load_text(path: Path, *, half: bool | None = None) -> tuple[Text, Meta]:
    """The encoder of text, as load_music."""
    meta = read_meta(path)
    with torch.device("meta"):
        tower = Text(meta.text, meta.dim)
    _fill(tower, path, "text.", half)
    return tower, meta


def file_sha256(path: Path) -> str:
    """sha256 of a file as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fill(tower: Tower, path: Path, prefix: str, half: bool | None) -> None:
    with safe_open(path, framework="pt") as file:
        held = {name.removeprefix(prefix): name for name in file.keys() if name.startswith(prefix)}  # noqa: SIM118
        wanted = {name: weight.shape for name, weight in tower.named_parameters()}
        given = {name: tuple(file.get_slice(key).get_shape()) for name, key in held.items()}
        if wrong := sorted(name for name in wanted.keys() | given.keys() if wanted.get(name) != given.get(name)):
            raise NotAClamp(f"The tensor {prefix}{wrong[0]} of this file is missing or has another shape.")
        tower.load_state_dict({name: file.get_tensor(key) for name, key in held.items()}, assign=True)
    for name, weight in tower.named_parameters():
        if name.startswith("layers."):
            weight.data = weight.data if half is None else weight.data.to(torch.bfloat16 if half else torch.float32)
        elif name != "words.weight":  # looked up row by row, and by far the largest
            weight.data = weight.data.float()
    tower.requires_grad_(False).eval()


def _read_torch(path: Path) -> dict[str, Tensor]:
    """The tensors of a .pth, mapped from it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of pickles that it then refuses
            loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        raise NotAClamp("This file holds other things than weights and is not opened.") from error
    except (RuntimeError, EOFError, ValueError, KeyError, AttributeError, IndexError, TypeError, OSError) as error:
        raise NotAClamp("This file is damaged or cut short.") from error
    if isinstance(loaded, dict) and isinstance(loaded.get("model"), dict):
        loaded = loaded["model"]
    if not isinstance(loaded, dict):
        raise NotAClamp("This file holds weights, but not those of CLaMP.")
    return {name: tensor for name, tensor in loaded.items() if isinstance(tensor, Tensor)}


def _sizes(given: Mapping[str, Tensor], music: str, projection: str, text_heads: int | None) -> Meta:
    """The sizes of both encoders, read off the shapes of their tensors; heads are 64 wide."""
    table, words = (
        given.get(music + "patch_embedding.weight"),
        given.get("text_model.embeddings.word_embeddings.weight"),
    )
    project = given.get(projection + ".weight")
    if table is None and "encoder.patch_embedding.weight" in given:
        raise NotAClamp("These are the weights of M3 alone; scores need those of CLaMP 2 or CLaMP 3 c2.")
    if table is None or words is None or project is None or table.dim() != 2 or words.dim() != 2 or project.dim() != 2:
        raise NotAClamp("This file holds weights, but not those of CLaMP.")
    hidden, width = table.shape[0], words.shape[1]
    text_heads = text_heads or width // HEAD_DIM
    if table.shape[1] != SIZE * CHARACTERS or hidden % HEAD_DIM or not text_heads or width % text_heads:
        raise NotAClamp("The sizes in this file are not those of a CLaMP model.")
    return Meta(
        reading=Reading.CLAMP3,
        dim=project.shape[0],
        music=_tower_sizes(given, music + "base.", hidden, hidden // HEAD_DIM, 0),
        text=_tower_sizes(given, "text_model.", width, text_heads, words.shape[0]),
        source_sha256="",
    )


def _tower_sizes(given: Mapping[str, Tensor], prefix: str, hidden: int, heads: int, vocabulary: int) -> TowerConfig:
    found = [_LAYER.match(name.removeprefix(prefix)) for name in given if name.startswith(prefix)]
    layers = 1 + max((int(match[1]) for match in found if match), default=-1)
    inner = given.get(prefix + "encoder.layer.0.intermediate.dense.weight")
    positions = given.get(prefix + "embeddings.position_embeddings.weight")
    least = TEXT_LENGTH if vocabulary else PATCH_LENGTH
    if inner is None or positions is None or positions.shape[0] < least:
        raise NotAClamp("The sizes in this file are not those of a CLaMP model.")
    return TowerConfig(hidden, layers, heads, inner.shape[0], positions.shape[0], vocabulary)


Take = Callable[[str, tuple[int, ...]], Tensor]


def _taker(given: Mapping[str, Tensor]) -> Take:
    """What gives a tensor of the file by name and shape, finite and as float32."""

    def take(name: str, shape: tuple[int, ...]) -> Tensor:
        tensor = given.get(name)
        if tensor is None or tuple(tensor.shape) != shape:
            raise NotAClamp(f"The tensor {name} is missing or has another shape.")
        low, high = tensor.aminmax()  # both tell of a nan, without a copy of the tensor
        if not tensor.is_floating_point() or not bool(torch.isfinite(low) & torch.isfinite(high)):
            raise NotAClamp(f"The tensor {name} holds values that are not finite numbers.")
        return tensor.float().contiguous()

    return take


def _tower(
    ours: str, theirs: str, projection: str, config: TowerConfig, dim: int, take: Take, half: bool
) -> dict[str, Tensor]:
    """The tensors of one encoder under our names; queries, keys and values lie in one matrix."""
    hidden, inner = config.hidden, config.inner
    shapes = {"up": (inner, hidden), "down": (hidden, inner), "out_norm": (hidden,), "down_norm": (hidden,)}
    state: dict[str, Tensor] = {}
    for layer in range(config.layers):
        for part, sources in _PARTS.items():
            shape = shapes.get(part, (hidden, hidden))
            for kind, size in (("weight", shape), ("bias", shape[:1])):
                parts = [take(f"{theirs}encoder.layer.{layer}.{source}.{kind}", size) for source in sources]
                joined = torch.cat(parts) if len(parts) > 1 else parts[0]
                state[f"{ours}layers.{layer}.{part}.{kind}"] = _cast(joined, half)
    kinds = 1 if config.vocabulary else 2
    embeddings = theirs + "embeddings."
    state[ours + "positions.weight"] = take(embeddings + "position_embeddings.weight", (config.positions, hidden))
    state[ours + "kind"] = take(embeddings + "token_type_embeddings.weight", (kinds, hidden))[0].clone()
    for kind in ("weight", "bias"):
        state[f"{ours}norm.{kind}"] = take(f"{embeddings}LayerNorm.{kind}", (hidden,))
    state[ours + "projection.weight"] = take(projection + ".weight", (dim, hidden))
    state[ours + "projection.bias"] = take(projection + ".bias", (dim,))
    return state


def _cast(tensor: Tensor, half: bool) -> Tensor:
    return tensor.to(torch.bfloat16) if half else tensor

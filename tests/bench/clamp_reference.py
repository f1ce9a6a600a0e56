"""CLaMP's own way to a vector, rebuilt from its description with the same libraries, to be measured against.

transformers' BertModel in float32; every segment is padded to 512 patches and passed alone, and each of its ids goes
through a one-hot vector of 128 and a product with the patch embedding.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F
from transformers import BertConfig, BertModel

from generation.clamp.model import MUSIC_EPS, PATCH_LENGTH, Layer, Music
from generation.clamp.patches import CHARACTERS, SIZE, Ids
from generation.clamp.segments import cut, pool


class Reference(nn.Module):
    """The encoder of music at the sizes and with copies of the weights of `model`."""

    def __init__(self, model: Music) -> None:
        super().__init__()
        config = model.config
        self.patch_embedding = nn.Linear(SIZE * CHARACTERS, config.hidden)
        self.base = BertModel(
            BertConfig(
                vocab_size=1,
                hidden_size=config.hidden,
                num_hidden_layers=config.layers,
                num_attention_heads=config.heads,
                intermediate_size=config.inner,
                max_position_embeddings=config.positions,
                layer_norm_eps=MUSIC_EPS,
            )
        )
        self.projection = model.projection
        self.load(model)
        self.eval()

    @torch.no_grad()
    def load(self, model: Music) -> None:
        """Take over the weights of `model`."""
        self.patch_embedding.weight.copy_(model.characters.weight.T)
        self.patch_embedding.bias.copy_(model.bias)
        table = self.base.embeddings
        table.position_embeddings.weight.copy_(model.positions.weight)
        table.token_type_embeddings.weight.zero_()[0] = model.kind
        table.LayerNorm.load_state_dict(model.norm.state_dict())
        for ours, theirs in zip(model.layers, self.base.encoder.layer, strict=True):
            assert isinstance(ours, Layer)
            names = ("query", "key", "value")
            for name, weight, bias in zip(names, ours.qkv.weight.chunk(3), ours.qkv.bias.chunk(3), strict=True):
                getattr(theirs.attention.self, name).load_state_dict({"weight": weight, "bias": bias})
            theirs.attention.output.dense.load_state_dict(ours.out.state_dict())
            theirs.attention.output.LayerNorm.load_state_dict(ours.out_norm.state_dict())
            theirs.intermediate.dense.load_state_dict(ours.up.state_dict())
            theirs.output.dense.load_state_dict(ours.down.state_dict())
            theirs.output.LayerNorm.load_state_dict(ours.down_norm.state_dict())

    @torch.inference_mode()
    def vector(self, ids: Ids) -> NDArray[np.float32]:
        """The vector (D,) of one piece as patches (T, 64)."""
        found = [self._segment(torch.from_numpy(ids[part]).long()) for part in cut(len(ids), PATCH_LENGTH)]
        return pool(found, len(ids), PATCH_LENGTH)

    def _segment(self, ids: torch.Tensor) -> NDArray[np.float32]:
        mask = torch.cat((torch.ones(len(ids)), torch.zeros(PATCH_LENGTH - len(ids))))[None]
        padded = torch.cat((ids, torch.zeros(PATCH_LENGTH - len(ids), SIZE, dtype=torch.long)))[None]
        hot = F.one_hot(padded, num_classes=CHARACTERS).reshape(1, -1, SIZE * CHARACTERS).float()
        hidden = self.base(inputs_embeds=self.patch_embedding(hot), attention_mask=mask)["last_hidden_state"]
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        projected: torch.Tensor = self.projection(mean)
        return np.asarray(projected[0])

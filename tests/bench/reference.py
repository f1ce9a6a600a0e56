"""NotaGen's own way to write a patch, rebuilt from its description with the same libraries, to be measured against.

transformers' GPT2Model under inference_mode; the whole context is read again for every patch, each of the sixteen
characters is a pass over the whole prefix of its patch, and every character is drawn on the host.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import GPT2Config, GPT2LMHeadModel, GPT2Model

from generation.notagen.config import HEAD_DIM, VOCABULARY, ModelConfig
from generation.notagen.model import NotaGen
from generation.notagen.patches import BOS, SIZE
from generation.notagen.sampling import Sampling


class Reference(nn.Module):
    """Both decoders at the sizes and with the weights of `model`."""

    def __init__(self, model: NotaGen) -> None:
        super().__init__()
        config = model.config
        self.embedding = model.patch_level_decoder.patch_embedding
        self.patch = GPT2Model(_gpt2(config, positions=config.patch_length, layers=config.patch_layers, tokens=1))
        self.char = GPT2LMHeadModel(
            _gpt2(config, positions=config.patch_size + 1, layers=config.char_layers, tokens=VOCABULARY)
        )
        # The weights themselves, not copies: at the size of NotaGen-X these are two gigabytes.
        self.patch.load_state_dict(model.patch_level_decoder.base.state_dict(), assign=True)
        self.char.load_state_dict(model.char_level_decoder.base.state_dict(), assign=True)
        self.eval()

    @torch.inference_mode()
    def patch_of(self, context: Tensor, random: np.random.RandomState, sampling: Sampling) -> list[int]:
        """The sixteen ids after the patches `context` (T, 16): nothing is kept from the patch before."""
        hot = F.one_hot(context[None], num_classes=VOCABULARY).to(self.embedding.weight.dtype)
        embedded = self.embedding(hot.reshape(1, len(context), -1))
        hidden = self.patch(inputs_embeds=embedded)["last_hidden_state"][0, -1]
        tokens = [BOS]
        while len(tokens) <= SIZE:
            embeds = self.char.transformer.wte(torch.tensor(tokens))
            embeds = torch.cat((hidden[None], embeds[1:]))[None]
            logits = self.char(inputs_embeds=embeds).logits[0, -1]
            p = _filtered(logits.softmax(dim=-1).numpy(), sampling)
            tokens.append(int(random.choice(VOCABULARY, p=p)))
        return tokens[1:]


def _gpt2(config: ModelConfig, *, positions: int, layers: int, tokens: int) -> GPT2Config:
    return GPT2Config(
        vocab_size=tokens,
        n_positions=positions,
        n_embd=config.hidden,
        n_layer=layers,
        n_head=config.hidden // HEAD_DIM,
        bos_token_id=None,
        eos_token_id=None,
    )


def _filtered(p: NDArray[np.float32], sampling: Sampling) -> NDArray[np.float64]:
    """Top-k, top-p and temperature, one vector at a time as the reference does."""
    kept = _normalised(p.astype(np.float64))
    if sampling.top_k > 0:
        kept[np.argsort(kept)[::-1][sampling.top_k :]] = 0
        kept = _normalised(kept / kept.sum())
    if 0 < sampling.top_p < 1:
        order = np.argsort(kept)[::-1]
        over = np.cumsum(kept[order]) > sampling.top_p
        kept[order[1:][over[:-1]]] = 0
        kept = _normalised(kept / kept.sum())
    if sampling.temperature != 1:
        kept = np.exp(np.log(kept) / sampling.temperature)
    out: NDArray[np.float64] = kept / kept.sum()
    return out


def _normalised(p: NDArray[np.float64]) -> NDArray[np.float64]:
    clean = np.where(np.isnan(p) | (p < 0), 0.0, p) + 1e-12
    out: NDArray[np.float64] = clean / clean.sum()
    return out

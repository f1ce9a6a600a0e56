"""NotaGen's two-level decoder: one GPT-2 over the patches of a piece, one over the characters of a patch."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from generation.notagen.config import HEAD_DIM, VOCABULARY, ModelConfig
from generation.notagen.patches import PAD


class Projection(nn.Module):
    """GPT-2's Conv1D: y = x W + b with W stored (in, out)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight.t(), self.bias)


class Attention(nn.Module):
    """Causal self-attention; heads of 64."""

    def __init__(self, hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads = hidden // HEAD_DIM
        self.dropout = dropout
        self.c_attn = Projection(hidden, 3 * hidden)
        self.c_proj = Projection(hidden, hidden)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Query, key and value of x (N, T, H), each (N, heads, T, 64)."""
        n, t, _ = x.shape
        qkv = self.c_attn(x).view(n, t, 3, self.heads, HEAD_DIM)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        return q, k, v

    def join(self, heads: Tensor) -> Tensor:
        """Output (N, T, H) of attended heads (N, heads, T, 64)."""
        n, _, t, _ = heads.shape
        joined: Tensor = self.c_proj(heads.transpose(1, 2).reshape(n, t, -1))
        return joined

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.split(x)
        dropout = self.dropout if self.training else 0.0
        return self.join(F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True))


class Mlp(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.c_fc = Projection(hidden, 4 * hidden)
        self.c_proj = Projection(4 * hidden, hidden)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))
        return out


class Block(nn.Module):
    """One pre-norm GPT-2 layer."""

    def __init__(self, hidden: int, dropout: float) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(hidden, eps=1e-5)
        self.attn = Attention(hidden, dropout)
        self.ln_2 = nn.LayerNorm(hidden, eps=1e-5)
        self.mlp = Mlp(hidden)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.drop(self.attn(self.ln_1(x)))
        out: Tensor = x + self.drop(self.mlp(self.ln_2(x)))
        return out


class Stack(nn.Module):
    """GPT-2 without its output matrix: token table, learned positions, layers, closing norm."""

    def __init__(self, *, tokens: int, positions: int, layers: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.wte = nn.Embedding(tokens, hidden)
        self.wpe = nn.Embedding(positions, hidden)
        self.drop = nn.Dropout(dropout)
        self.h = nn.ModuleList(Block(hidden, dropout) for _ in range(layers))
        self.ln_f = nn.LayerNorm(hidden, eps=1e-5)

    def forward(self, embedded: Tensor) -> Tensor:
        """Hidden states (N, T, H) of input embeddings (N, T, H) at positions 0..T-1."""
        x = self.drop(embedded + self.wpe.weight[: embedded.shape[1]])
        for block in self.h:
            x = block(x)
        out: Tensor = self.ln_f(x)
        return out


class PatchDecoder(nn.Module):
    """Reads whole patches and gives one hidden vector for each."""

    def __init__(self, config: ModelConfig, dropout: float) -> None:
        super().__init__()
        self.patch_embedding = nn.Linear(config.patch_size * VOCABULARY, config.hidden)
        self.base = Stack(
            tokens=1,
            positions=config.patch_length,
            layers=config.patch_layers,
            hidden=config.hidden,
            dropout=dropout,
        )
        # The reference's files carry this table, its forward never reads it.
        self.base.wte.weight.requires_grad_(False)

    def table(self) -> Tensor:
        """The patch embedding as rows to look up: (16 * 128, H), row j * 128 + id for id at place j."""
        return self.patch_embedding.weight.t().contiguous()

    def embed(self, ids: Tensor, table: Tensor | None = None) -> Tensor:
        """Embeddings (B, T, H) of patches (B, T, 16): one row per id, summed (as one-hot times matrix)."""
        b, t, s = ids.shape
        rows = (ids + VOCABULARY * torch.arange(s, device=ids.device)).view(b * t, s)
        summed = F.embedding_bag(rows, self.table() if table is None else table, mode="sum")
        return (summed + self.patch_embedding.bias).view(b, t, -1)

    def forward(self, ids: Tensor) -> Tensor:
        out: Tensor = self.base(self.embed(ids))
        return out


class CharHead(nn.Module):
    """GPT-2 with output matrix; the names are those of the reference's files."""

    def __init__(self, config: ModelConfig, dropout: float) -> None:
        super().__init__()
        self.transformer = Stack(
            tokens=VOCABULARY,
            positions=config.patch_size + 1,
            layers=config.char_layers,
            hidden=config.hidden,
            dropout=dropout,
        )
        self.lm_head = nn.Linear(config.hidden, VOCABULARY, bias=False)
        self.lm_head.weight = self.transformer.wte.weight


class CharDecoder(nn.Module):
    """Writes the 16 ids of a patch from the hidden vector of the patch before."""

    def __init__(self, config: ModelConfig, dropout: float) -> None:
        super().__init__()
        self.base = CharHead(config, dropout)

    def forward(self, hidden: Tensor, ids: Tensor) -> Tensor:
        """Logits (N, T, 128) for ids (N, T) of patches whose predecessors have hidden (N, H).

        The hidden vector stands where a begin token would; output k predicts id k.
        """
        embedded = torch.cat((hidden.unsqueeze(1), self.base.transformer.wte(ids[:, :-1])), dim=1)
        out: Tensor = self.base.lm_head(self.base.transformer(embedded))
        return out


class NotaGen(nn.Module):
    """The whole model. Its state dict has the reference's keys, so files go both ways.

    dropout acts in train mode only (the reference trains with 0.1).
    """

    def __init__(self, config: ModelConfig, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.patch_level_decoder = PatchDecoder(config, dropout)
        self.char_level_decoder = CharDecoder(config, dropout)
        self._initialise()

    def _initialise(self) -> None:
        """GPT-2's initial weights: normal(0, 0.02), residual projections scaled down by the stack's depth."""
        for stack in (self.patch_level_decoder.base, self.char_level_decoder.base.transformer):
            for table in (stack.wte, stack.wpe):
                nn.init.normal_(table.weight, std=0.02)
            deep = 0.02 / math.sqrt(2 * len(stack.h))
            for name, weight in stack.h.named_parameters():
                if name.endswith("c_proj.weight"):
                    nn.init.normal_(weight, std=deep)
                elif name.endswith((".c_attn.weight", ".c_fc.weight")):
                    nn.init.normal_(weight, std=0.02)
        nn.init.normal_(self.patch_level_decoder.patch_embedding.weight, std=0.02)

    def hidden(self, ids: Tensor) -> Tensor:
        """Patch-level hidden states (B, T, H) of patches (B, T, 16)."""
        if ids.dim() != 3 or ids.shape[2] != self.config.patch_size:
            raise ValueError(f"Patches come as (B, T, {self.config.patch_size}), not {tuple(ids.shape)}.")
        out: Tensor = self.patch_level_decoder(ids.long())
        return out

    def forward(self, ids: Tensor) -> Tensor:
        """Mean cross entropy (nats per id) of a batch of patches (B, T, 16), right-padded with zero patches.

        Scored is every id but padding, in every patch but the first of each sequence; the mean runs over all
        ids of the batch, as in the reference.
        """
        hidden, targets = self._pairs(ids.long())
        total = hidden.new_zeros((), dtype=torch.float32)
        for rows, width in self._widths(targets):
            labels = targets[rows, :width]
            logits = self.char_level_decoder(hidden[rows], labels)
            total = total + F.cross_entropy(
                logits.flatten(0, 1).float(), labels.flatten(), ignore_index=PAD, reduction="sum"
            )
        return total / (targets != PAD).sum()

    def token_log_probs(self, ids: Tensor) -> Tensor:
        """Natural log-probability of each id of patches 1..T-1: (B, T-1, 16), zero where the id is padding.

        The sum over a row is the reference's log-probability of the piece.
        """
        ids = ids.long()
        hidden, targets = self._pairs(ids)
        logits = self.char_level_decoder(hidden, targets).float()
        logps = -F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=PAD, reduction="none").view_as(
            targets
        )
        out = logps.new_zeros(ids[:, 1:].shape)
        out[ids[:, 1:, 0] != PAD] = logps
        return out

    def _pairs(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden vectors (N, H) and the patches (N, 16) that follow them, padding left out."""
        if ids.shape[1] < 2:
            raise ValueError("A sequence needs its begin patch and at least one more.")
        real = ids[:, 1:, 0] != PAD
        return self.hidden(ids)[:, :-1][real], ids[:, 1:][real]

    def _widths(self, targets: Tensor) -> list[tuple[Tensor, int]]:
        """Rows of targets (N, 16) grouped by used length, so that short patches cost less on a CPU."""
        size = self.config.patch_size
        if targets.device.type != "cpu" or size < 16:
            return [(torch.arange(len(targets), device=targets.device), size)]
        used = (targets != PAD).sum(dim=1)
        edges = (0, size // 2, 3 * size // 4, size)
        groups: list[tuple[Tensor, int]] = []
        for low, high in pairwise(edges):
            rows = ((used > low) & (used <= high)).nonzero().squeeze(1)
            if len(rows):
                groups.append((rows, high))
        return groups

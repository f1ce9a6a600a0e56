"""The plain way to write a patch: the whole context is read again for every patch and every character."""

from collections.abc import Sequence

import numpy as np
import torch

from generation.notagen.model import NotaGen
from generation.notagen.patches import EOS, PAD, Patch
from generation.notagen.sampling import Sampling, distribution, pick


@torch.inference_mode()
def write_patch(
    model: NotaGen,
    context: Sequence[Patch],
    random: np.random.RandomState,
    sampling: Sampling,
    prefix: Sequence[int] = (),
) -> Patch:
    """The next patch after `context`, zeros after its end id."""
    hidden = model.hidden(torch.tensor([context]))[:, -1]
    made = list(prefix)
    uniforms = random.random_sample(16 - len(made))
    for uniform in uniforms:
        logits = model.char_level_decoder(hidden, torch.tensor([[*made, PAD]]))[:, -1]
        p = distribution(logits.softmax(dim=-1).numpy(), sampling)
        made.append(int(pick(p, np.array([uniform]))[0]))
        if made[-1] == EOS:
            break
    return (*made, *[PAD] * (16 - len(made)))

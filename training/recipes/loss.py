"""The preference loss as a function of log-probabilities alone: nothing of a model, a trainer or a library is in it."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class LogProbs(NamedTuple):
    """Natural log-probabilities (M,) of the chosen and the rejected pieces of M pairs, summed over what is scored."""

    chosen: Tensor
    rejected: Tensor


class Losses(NamedTuple):
    """For each of M pairs: the loss, the margin (change of chosen minus change of rejected) and the chosen's penalty.

    Margin and penalty are in nats a piece, or a character where lengths were given.
    """

    loss: Tensor
    margin: Tensor
    penalty: Tensor


def preference_loss(
    policy: LogProbs,
    reference: LogProbs,
    *,
    beta: float,
    penalty: float,
    anchor: float = 0.0,
    p: Tensor | None = None,
    lengths: LogProbs | None = None,
) -> Losses:
    """DPO with a penalty on a falling chosen piece (DPO-Positive, arXiv 2402.13228, as in NotaGen's CLaMP-DPO).

    With the changes c and r of the two pieces' log-probabilities since the reference,

        loss = -log sigmoid(beta * (c - r - penalty * max(0, -c))) - beta * anchor * c

    anchor: an SFT term beside it (as in arXiv 2404.19733, there by the length of the piece): what the listener chose is
    whole and right as the engine let it pass, so a model that goes on learning it keeps to whole and right bars.
    p (M,): probability that the listener takes the chosen piece when asked. The loss is then the expectation over
    which one it is (conservative DPO, arXiv 2305.18290 appendix, with the penalty on whichever piece is taken as the
    better one), so exchanging the pieces and taking 1 - p changes nothing. Without p it is 1.
    lengths: scored characters of the pieces; when given, changes are means a character instead of sums, for pairs of
    unequal length (beta about ten then does what 0.1 does for sums).
    """
    chosen = policy.chosen - reference.chosen
    rejected = policy.rejected - reference.rejected
    if lengths is not None:
        chosen, rejected = chosen / lengths.chosen, rejected / lengths.rejected
    # relu, not clamp: the model starts as its own reference, and clamp has a gradient at zero.
    fallen = F.relu(-chosen)
    margin = chosen - rejected
    loss = F.softplus(-beta * (margin - penalty * fallen)) - beta * anchor * chosen
    if p is not None:
        other = F.softplus(-beta * (-margin - penalty * F.relu(-rejected))) - beta * anchor * rejected
        loss = torch.lerp(other, loss, p)
    return Losses(loss=loss, margin=margin.detach(), penalty=fallen.detach())

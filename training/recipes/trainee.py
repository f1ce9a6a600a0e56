"""The model in the clothes that transformers' Trainer and TRL ask of a model."""

from collections.abc import Callable
from functools import partial
from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from torch import Tensor
from torch.utils.checkpoint import checkpoint
from transformers import GenerationConfig, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

from generation.notagen.config import VOCABULARY
from generation.notagen.model import NotaGen
from generation.notagen.patches import BOS, EOS, PAD
from training.recipes.scoring import piece_log_probs


class TraineeConfig(PreTrainedConfig):
    """The ids that padding, beginning and end have; everything else is in the model's own config."""

    model_type = "notagen"


class Trainee(PreTrainedModel):
    """A NotaGen whose forward gives the log-probability of pieces, which is all that both losses need.

    Weights are saved and loaded by training.recipes.learning, in NotaGen's own form.
    """

    config_class = TraineeConfig
    main_input_name = "ids"

    def __init__(self, notagen: NotaGen) -> None:
        super().__init__(TraineeConfig(pad_token_id=PAD, bos_token_id=BOS, eos_token_id=EOS, tie_word_embeddings=False))
        self.notagen = notagen
        self.generation_config = GenerationConfig(pad_token_id=PAD, bos_token_id=BOS, eos_token_id=EOS)

    def forward(self, ids: Tensor, scored: Tensor) -> Tensor:
        """Natural log-probability (B,) of pieces (B, T, 16), summed over what is scored."""
        return piece_log_probs(self.notagen, ids, scored)


def compute_again(model: NotaGen) -> None:
    """Let the layers of both stacks keep only their input for the way back (activation checkpointing)."""
    for stack in (model.patch_level_decoder.base, model.char_level_decoder.base.transformer):
        for block in stack.h:
            plain: Callable[..., Any] = block.forward
            block.forward = partial(checkpoint, plain, use_reentrant=False)


def no_tokenizer() -> PreTrainedTokenizerFast:
    """What TRL insists on having; no text ever passes through it."""
    words = {chr(code): code for code in range(VOCABULARY)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel(words, unk_token=chr(PAD))),
        pad_token=chr(PAD),
        bos_token=chr(BOS),
        eos_token=chr(EOS),
    )

"""The model card of the demo encoder."""

from collections.abc import Mapping
from typing import Any


def text(told: Mapping[str, Any], size: int) -> str:
    """The README.md that lies beside the weights; `size` in bytes."""
    found = told["held_out_retrieval"]
    each = ", ".join(f"{stage} {share:.0%}" for stage, share in found["first_by_stage"].items())
    return f"""# Demo encoder

A small encoder in the shape of CLaMP (music and text), trained on études composed by rule and on captions written by
rule; not CLaMP. It exists so that everything around scores and taste runs on a fresh machine. It knows nothing of real
music: its likeness to a piece by Satie or Einaudi means little. Of texts it knows the names of the six stages, some
moods in English and German, and words for tempo, mode, texture, density, register, loudness and length; every other
word is passed over.

| | |
|---|---|
| files | `clamp.safetensors`, {size / 1e6:.1f} MB, bfloat16, sha256 `{told["sha256"]}`; `tokenizer.json`, whole words |
| sizes | music: width {told["hidden"]}, {told["layers"]} layers; text: width 64, 2 layers; vectors of {told["dim"]} |
| data | {told["pieces"]} études of `generation.etudes`, seeds 0 to {told["pieces"] - 1}, with captions drawn anew, \
in {told["without_tempo"]:.0%} of the cases without their tempo |
| training | contrastive, {told["step"]} steps of {told["batch"]} études, AdamW, peak rate {told["rate"]}, \
{told["minutes_used"]} minutes on one busy CPU thread |
| held out | {found["pieces"]} études of other seeds, six queries, the plain stage words: the right stage is first for \
{found["first"]:.1%} (chance 16.7%), mean reciprocal rank {found["reciprocal"]:.3f}; with the tempo taken out of the \
header first for {found["without_tempo"]:.1%} |
| by stage | first for: {each} |
| licence | as the project (MIT); the data is the output of the project's own code |

The composer chooses tempo, mode, register, density and dynamics by stage, so these figures say how regular the études
are, not how well music is heard. Takes of the demo checkpoint are like the études, but not drawn from them.

Made by `python -m training.recipes.demo_encoder` (`make demo-encoder`).
"""

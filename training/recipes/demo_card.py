"""The model card of the demo checkpoint."""

from generation.notagen.checkpoint import Meta


def text(meta: Meta, sha256: str, size: int) -> str:
    """The README.md that lies beside the weights; `size` in bytes."""
    run = meta.training
    rows = ""
    if "alone" in run and "guarded" in run:
        alone, guarded = run["alone"], run["guarded"]
        rows = (
            f"| without the guard | {alone['count']} pieces behind a given header: {alone['bars']:.1%} of bars add "
            f"up, {alone['pieces']:.0%} of whole pieces are valid, {alone['ended']:.0%} end by themselves, "
            f"{alone['countdown']:.0%} count their bars right |\n"
            f"| with the guard | {guarded['valid']} of {guarded['count']} pieces of the bars asked for are valid, "
            f"{guarded['tries']:.2f} tries a line, {guarded['seconds']:.0f} CPU seconds in all |\n"
            f"| key | {guarded['home']:.0%} of these pieces end on the tonic of the key asked for (the études it "
            f"learned from all do; by chance it would be about 14%) |\n"
        )
    return f"""# Demo checkpoint

Demo model, trained on études composed by rule; not NotaGen-X. It has NotaGen's architecture at a small size, so
that a fresh machine without a GPU can write real piano pieces. It knows five textures (Waltz, Gnossienne,
Chorale, Ostinato, Pulse) and the six stages of the arc, nothing else: no composer's music was used.

| | |
|---|---|
| file | `model.safetensors`, {size / 1e6:.1f} MB, float16, sha256 `{sha256}` |
| sizes | width {run["hidden"]}, {run["patch_layers"]} patch layers, {run["char_layers"]} character layers, \
{run["patch_length"]} patches |
| prompt | `%Minimal`, `%Etude, <Texture>`, `%Keyboard`, `%<Stage>` (header style {meta.header_style}) |
| data | {run["pieces"]} études composed by `generation.etudes` from seeds 0 to {run["pieces"] - 1}, \
sha256 `{meta.data_sha256}` |
| held out | {run["held_out"]} études of other seeds: {run["held_out_loss"]} nats a character |
| training | {run["step"]} steps of about {run["batch"]} patches, Muon and AdamW, \
peak rates {run["rate"]} and {run["rate_rest"]}, \
{run["minutes_used"]} minutes on one busy CPU thread |
| sampling | top-k {meta.sampling.top_k}, top-p {meta.sampling.top_p}, temperature {meta.sampling.temperature} |
{rows}| licence | as the project (MIT); the data is the output of the project's own code |

What to expect: the texture asked for is followed, metre and length are held by the engine, rhythms and accompaniment
hold together. The key is where it is weakest: the music stays near the key signature but wanders in it and often
closes on another degree. Whole phrases seldom return as they do in the composed études. How far the stage is heard
has not been measured.

Made by `python -m training.recipes.demo` (`make demo-checkpoint`).
"""

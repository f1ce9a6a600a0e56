"""What can be said of an étude: stage words, tempo, mode, density, register, loudness; texts of the demo encoder."""

from bisect import bisect
from collections.abc import Mapping, Sequence
from random import Random

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from curator.notation.facts import Facts
from generation.etudes.composer import METRES, Etude
from generation.etudes.harmony import MODES
from generation.etudes.stages import Stage, Texture

#: Words for each stage besides its name; the first half English, the second German.
MOODS: Mapping[Stage, tuple[str, ...]] = {
    Stage.FORGOTTEN: (
        *("lonely", "abandoned", "waiting", "dusty", "faint", "bleak", "overlooked", "empty", "left behind"),
        *("vergessen", "einsam", "verlassen", "wartend", "verstaubt", "leer", "übersehen"),
    ),
    Stage.CHOSEN: (
        *("hopeful", "tender", "curious", "careful", "first warmth", "shy", "called", "opening"),
        *("erwählt", "auserwählt", "hoffnungsvoll", "zärtlich", "neugierig", "scheu", "gerufen"),
    ),
    Stage.HUMILIATION: (
        *("humiliated", "ashamed", "broken", "bitter", "wounded", "shame", "mocked", "thrown away", "breaking off"),
        *("demütigung", "gedemütigt", "beschämt", "scham", "gebrochen", "verletzt", "verspottet"),
    ),
    Stage.TRANSFORMATION: (
        *("changing", "growing", "rising", "climbing", "striving", "a spark", "becoming", "driven"),
        *("verwandlung", "wandel", "wachsend", "steigend", "aufbruch", "ein funke", "werdend"),
    ),
    Stage.SALVATION: (
        *("rescue", "triumph", "radiant", "bright", "saved", "homecoming", "joy", "shining", "full"),
        *("rettung", "erlösung", "strahlend", "hell", "gerettet", "heimkehr", "freude"),
    ),
    Stage.PEACE: (
        *("calm", "quiet", "at rest", "gentle", "asleep", "still", "serene", "home"),
        *("frieden", "ruhe", "still", "sanft", "schlaf", "geborgen", "friedlich"),
    ),
}
_TEMPI = ("very slow", "slow", "calm walking", "moving", "lively", "fast")
_TEMPO_STEPS = (52, 60, 68, 78, 90)
_DENSITIES = ("very sparse", "sparse", "medium dense", "dense", "very dense")
_DENSITY_STEPS = (6.6, 8.4, 9.2, 10.9)
_REGISTERS = ("very low", "low", "middle register", "high", "very high")
_REGISTER_STEPS = (57.3, 59.4, 60.9, 62.3)
_LENGTHS = ("short", "medium long", "long")
_LENGTH_STEPS = (12, 24)
_LOUDNESS = {"ppp": "very soft", "pp": "very soft", "p": "soft", "mp": "half soft", "mf": "half loud",
             "f": "loud", "ff": "very loud"}  # fmt: skip

UNKNOWN = "<unk>"
SPECIAL = ("<s>", "<pad>", "</s>", UNKNOWN)
"""Ids 0 to 3, as XLM-R has them."""


def stage_text(stage: Stage, draw: Random) -> str:
    """A text about a stage alone: its name, a mood or both."""
    name, mood = stage.value, draw.choice(MOODS[stage])
    return draw.choice((name, name, mood, f"{name}, {mood}", f"{mood}, {draw.choice(MOODS[stage])}"))


def caption(etude: Etude, facts: Facts, draw: Random) -> str:
    """A text about one étude: some of what can be said of it, in any order, sometimes with words nobody knows."""
    said = properties(etude, facts)
    parts = [part for part in said if draw.random() < 0.65] or [said[0]]
    if draw.random() < 0.5:
        parts.append(stage_text(etude.stage, draw))
    parts += [UNKNOWN] * (draw.randrange(1, 6) if draw.random() < 0.3 else 0)
    draw.shuffle(parts)
    return ", ".join(parts)


def properties(etude: Etude, facts: Facts) -> list[str]:
    """All that is said of an étude besides its stage."""
    marks = [name for name in _LOUDNESS if f"!{name}!" in etude.stored]
    return [
        _TEMPI[bisect(_TEMPO_STEPS, etude.tempo)],
        "minor" if "min" in etude.key else "major",
        etude.texture.value,
        _DENSITIES[bisect(_DENSITY_STEPS, facts["notes"] / facts["bars"])],
        _REGISTERS[bisect(_REGISTER_STEPS, facts["register"])],
        _LENGTHS[bisect(_LENGTH_STEPS, etude.bars)],
        _LOUDNESS[marks[-1]] if marks else "half soft",
        etude.metre,
        etude.mode,
    ]


def make_tokenizer(texts: Sequence[str]) -> Tokenizer:
    """A tokenizer of whole words in small letters, without accents, with every word of these texts."""
    normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()])
    cutter = pre_tokenizers.Split(Regex(r"[\s,.;:!?()\"'–—-]+"), behavior="removed")
    found = {word for text in texts for word, _ in cutter.pre_tokenize_str(normalizer.normalize_str(text))}
    words = [*SPECIAL, *sorted(found - {*SPECIAL})]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token=UNKNOWN))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, cutter
    tokenizer.add_special_tokens(list(SPECIAL))
    ends = [("<s>", 0), ("</s>", 2)]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    return tokenizer


def every_word() -> list[str]:
    """Texts that together hold every word of this module's texts."""
    moods = [mood for stage in Stage for mood in (stage.value, *MOODS[stage])]
    rest = [*_TEMPI, *_DENSITIES, *_REGISTERS, *_LENGTHS, *_LOUDNESS.values(), *Texture, *METRES, *MODES]
    return [*moods, *rest, "major", "minor"]

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest

from curator.notation.abc import parse
from curator.notation.facts import facts_of
from generation.clamp.tokens import Words
from generation.clamp.weights import read_meta
from generation.etudes.composer import compose
from generation.etudes.stages import Stage
from training.recipes import demo_encoder
from training.recipes.demo_captions import caption, every_word, make_tokenizer, properties, stage_text
from training.recipes.demo_encoder import Run, Settings, held_out, lesson, retrieval

ROOT = Path(__file__).resolve().parents[3]
TINY = Settings(pieces=24, held_out=12, batch=8, steps=3, hidden=64, layers=1, dim=16)


def test_a_caption_tells_what_is_in_the_piece():
    etude = compose(7, stage=Stage.PEACE, tempo=50, key="Amin", metre="3/4", bars=8)
    facts = facts_of(parse(etude.stored))
    said = properties(etude, facts)
    assert said[:3] == ["very slow", "minor", etude.texture.value]
    assert said[5] == "short"
    assert said[7] == "3/4"
    parts = set(caption(etude, facts, Random(1)).split(", "))
    assert parts & set(said)


def test_every_word_of_a_caption_is_known_to_the_tokenizer():
    tokenizer = make_tokenizer(every_word())
    unknown = tokenizer.token_to_id("<unk>")
    for seed in range(40):
        etude, draw = compose(seed), Random(seed)
        text = ", ".join([*properties(etude, facts_of(parse(etude.stored))), stage_text(etude.stage, draw)])
        assert unknown not in tokenizer.encode(text).ids
    assert tokenizer.encode("Frieden zzz").ids == [0, tokenizer.token_to_id("frieden"), unknown, 2]


@pytest.fixture(scope="module")
def run():
    made = Run(TINY, [lesson(seed) for seed in range(TINY.pieces)])
    made.train()
    return made


def test_a_run_learns_and_leaves_an_encoder_that_reads_pieces_and_texts(run, tmp_path):
    assert run.step == 3
    assert np.isfinite(run.losses).all()
    weights = run.export(tmp_path)
    meta = read_meta(weights)
    assert (meta.family, meta.dim, meta.precision, meta.music.hidden) == ("Demo", 16, "bfloat16", 64)
    assert Words(tmp_path).ids("Peace") == run._ids("Peace")
    found = retrieval(tmp_path, held_out(12))
    assert found["pieces"] == 12
    assert 0 <= found["first"] <= found["reciprocal"] <= 1


def test_the_same_settings_learn_the_same(run):
    again = Run(TINY, run.lessons)
    again.train()
    assert again.losses == run.losses


def test_the_shipped_encoder_is_the_one_its_card_tells_of():
    folder = ROOT / "data" / "demo" / "encoder"
    told = json.loads((folder / "meta.json").read_text())
    assert demo_encoder.file_sha256(folder / "clamp.safetensors") == told["sha256"]
    found = retrieval(folder, held_out(60))
    assert found["first"] >= 0.9

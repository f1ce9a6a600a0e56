"""The encoder beside transformers' BertModel and XLMRobertaModel, with random weights of a small size."""

import numpy as np
import pytest
import torch
from transformers import XLMRobertaConfig, XLMRobertaModel

from generation.clamp import encoder
from generation.clamp.encoder import MusicEncoder, TextEncoder
from generation.clamp.model import Music, TowerConfig
from generation.clamp.patches import Reading, encode
from generation.clamp.tokens import NoTokenizer, Words
from generation.clamp.weights import Meta, import_weights, load_music, write
from tests.bench.clamp_reference import Reference
from tests.generation.clamp import test_weights as small

MUSIC = TowerConfig(hidden=128, layers=2, heads=2, inner=256, positions=512)
TEXT = TowerConfig(hidden=64, layers=1, heads=1, inner=64, positions=130, vocabulary=50)


def pieces():
    bars = "".join(f"[V:1]{'CDEFGAB'[n % 7]}4|[V:2]{'cdefgab'[n % 5]}4|\n" for n in range(400))
    return ["L:1/8\nM:4/4\nK:C\n" + bars[: 25 * count] for count in (1, 5, 30, 256, 400)]


def test_vectors_are_those_of_bert_padded_and_one_by_one(tmp_path):
    torch.manual_seed(5)
    model = Music(MUSIC, 48)
    path = tmp_path / "clamp.safetensors"
    write(path, {f"music.{name}": weight for name, weight in model.state_dict().items()},
          Meta(Reading.CLAMP3, 48, MUSIC, TEXT, "random"))  # fmt: skip
    music = [encode(piece, Reading.CLAMP3) for piece in pieces()]
    assert max(map(len, music)) > 512
    reference = Reference(load_music(path)[0])
    wanted = np.stack([reference.vector(ids) for ids in music])
    found = MusicEncoder(path, half=False).of_patches(music)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-6)


def test_the_text_side_is_that_of_xlm_roberta(tmp_path):
    given = small.state()
    import_weights(small.write(tmp_path / "w.pth", given), tmp_path / "clamp.safetensors")
    theirs = XLMRobertaModel(XLMRobertaConfig(
        vocab_size=50, hidden_size=64, num_hidden_layers=1, num_attention_heads=1, intermediate_size=96,
        max_position_embeddings=130, layer_norm_eps=1e-5, pad_token_id=1, type_vocab_size=1,
    ), add_pooling_layer=False).eval()  # fmt: skip
    theirs.load_state_dict({name.removeprefix("text_model."): tensor for name, tensor in given.items()
                            if name.startswith("text_model.")}, strict=False)  # fmt: skip
    ids = [0, 7, 9, 20, 2]
    with torch.inference_mode():
        mean = theirs(torch.tensor([ids]))["last_hidden_state"].mean(1)
        wanted = (mean @ given["text_proj.weight"].T + given["text_proj.bias"])[0]
    text = object.__new__(TextEncoder)  # no words are cut here, so it needs no tokenizer
    text.device = torch.device("cpu")
    text.model, text.meta = encoder.load_text(tmp_path / "clamp.safetensors", half=False)
    np.testing.assert_allclose(text.of_ids([ids])[0], wanted.numpy(), rtol=0, atol=2e-5)


def test_nothing_gives_nothing_and_a_look_may_stop_it(tmp_path):
    import_weights(small.write(tmp_path / "w.pth", small.state()), tmp_path / "clamp.safetensors")
    music = MusicEncoder(tmp_path / "clamp.safetensors")
    assert music.vectors([]).shape == (0, small.DIM)

    class Stop(Exception):
        pass

    def look():
        raise Stop

    with pytest.raises(Stop):
        music.vectors(pieces(), look=look)


def test_a_missing_tokenizer_is_said_with_the_way_to_get_it(tmp_path):
    with pytest.raises(NoTokenizer, match=r"needs tokenizer.json of xlm-roberta-base in .*docs/runbooks/clamp.md"):
        Words(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(NoTokenizer, match="cannot be read"):
        Words(tmp_path)


def test_segments_are_passed_in_groups_longest_first():
    groups = list(encoder._groups([5, 1, 9, 4, 4], 9))
    assert groups == [[2], [0, 3], [4, 1]]

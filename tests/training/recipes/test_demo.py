from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch

from generation.etudes.composer import compose
from generation.notagen.checkpoint import load_checkpoint
from generation.notagen.config import ModelConfig
from generation.notagen.header import BARE_THREE_PLUS_STAGE
from generation.notagen.model import NotaGen
from generation.notagen.patches import decode
from generation.notagen.sampling import Sampling
from training.recipes.demo import Run, Settings, lesson_plan
from training.recipes.demo_corpus import FIRST_HELD_OUT, Corpus, batches, build
from training.recipes.demo_measure import ends_at_home, measure_alone

TINY = Settings(
    hidden=64,
    patch_layers=1,
    char_layers=1,
    patch_length=320,
    pieces=12,
    held_out=2,
    batch=200,
    steps=6,
    minutes=1e9,
    warmup=2,
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return build(pieces=12, held_out=2, patch_length=320)


def trained(corpus: Corpus, work: Path) -> Run:
    run = Run(TINY, corpus, work)
    run.train()
    return run


def test_corpus_holds_the_composed_texts(corpus: Corpus):
    def text(piece: torch.Tensor) -> str:
        return decode(piece.tolist()[1:-1])

    assert [text(piece) for piece in corpus.train] == [compose(seed).abc for seed in range(12)]
    assert text(corpus.held_out[0]) == compose(FIRST_HELD_OUT).abc


def test_corpus_is_read_again_from_its_cache(corpus: Corpus, tmp_path: Path):
    for _ in range(2):
        kept = build(pieces=12, held_out=2, patch_length=320, cache=tmp_path)
        assert kept.sha256 == corpus.sha256
        assert all(torch.equal(a, b) for a, b in zip(kept.train, corpus.train, strict=True))


def test_a_pass_takes_every_piece_once(corpus: Corpus):
    def first_pass(seed: int) -> list[int]:
        rows: list[int] = []
        for batch in batches(corpus.train, patches=300, seed=seed):
            rows += [int(row.sum()) for row in batch]
            if len(rows) >= 12:
                return rows
        raise AssertionError

    wanted = sorted(int(piece.long().sum()) for piece in corpus.train)
    assert sorted(first_pass(0)) == wanted
    assert first_pass(0) == first_pass(0)
    assert first_pass(0) != first_pass(1)


def test_padding_is_all_that_batches_add(corpus: Corpus):
    for batch in islice(batches(corpus.train, patches=300, seed=0), 5):
        assert batch.shape[0] == 1 or batch.shape[0] * batch.shape[1] <= 300
        assert batch[:, 0].tolist() == [[1] * 15 + [2]] * batch.shape[0]


def test_a_stopped_run_goes_on_to_the_same_weights(corpus: Corpus, tmp_path: Path):
    whole = trained(corpus, tmp_path / "whole")
    stopped = Run(TINY, corpus, tmp_path / "stopped")
    stream = lesson_plan(corpus, TINY)
    for _ in range(3):
        stopped._learn(next(stream))
    stopped.save()
    resumed = Run(TINY, corpus, tmp_path / "stopped")
    assert resumed.load()
    assert resumed.step == 3
    resumed.train()
    assert resumed.step == whole.step == 6
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


def test_a_state_of_other_settings_is_not_taken_up(corpus: Corpus, tmp_path: Path):
    Run(TINY, corpus, tmp_path).save()
    assert not Run(replace(TINY, rate=1e-4), corpus, tmp_path).load()


def test_the_checkpoint_says_what_it_is(corpus: Corpus, tmp_path: Path):
    run = trained(corpus, tmp_path / "work")
    digest = run.export(tmp_path / "out")
    loaded = load_checkpoint(tmp_path / "out" / "model.safetensors")
    assert (loaded.sha256, loaded.config) == (digest, TINY.config)
    assert (loaded.meta.kind, loaded.meta.header_style) == ("demo", BARE_THREE_PLUS_STAGE)
    assert loaded.meta.vocabulary["stage"][0] == "Forgotten"
    assert loaded.meta.data_sha256 == corpus.sha256
    assert loaded.meta.training["held_out_loss"] == round(run.losses[-1][1], 4)
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "trained on études composed by rule; not NotaGen-X" in card
    assert digest in card


def test_learning_lowers_the_loss(corpus: Corpus, tmp_path: Path):
    run = Run(replace(TINY, steps=30, rate=3e-3), corpus, tmp_path)
    run.train()
    assert run.losses[-1][1] < 3.5


def test_an_untrained_model_writes_no_piece_by_itself():
    torch.manual_seed(1)
    model = NotaGen(ModelConfig(hidden=64, patch_layers=1, char_layers=1, patch_length=40)).eval()
    found = measure_alone(model, Sampling(top_k=0, top_p=0.95, temperature=0.8), count=2)
    assert (found.count, found.pieces, found.ended) == (2, 0.0, 0.0)


def test_composed_pieces_end_at_home():
    etude = compose(3, key="F#min")
    assert ends_at_home(etude.stored, "F#min")
    assert not ends_at_home(etude.stored, "A")

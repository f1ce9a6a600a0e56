from pathlib import Path

import pytest

from curator.domain.errors import DomainError
from generation.domain.checkpoints import Prompts, find_checkpoint, import_checkpoint, weights_path
from generation.models.checkpoints import Checkpoint, CheckpointKind
from tests.generation.writing import SMALL, small_checkpoint

pytestmark = pytest.mark.django_db

TINY = SMALL.parents[1] / "model" / "tiny_checkpoint.pth"


def test_import_checkpoint_keeps_the_weights_and_what_is_known_of_them():
    row, new = import_checkpoint(path=SMALL, name="Small")
    assert new
    assert weights_path(row).read_bytes() == SMALL.read_bytes()
    assert (row.kind, row.header, row.size) == ("imported", "bare-three-plus-stage", SMALL.stat().st_size)
    assert row.sizes == {
        "patch_size": 16, "patch_length": 72, "hidden_size": 64, "patch_layers": 2, "char_layers": 1,
        "parameters": 295296,
    }  # fmt: skip
    assert row.vocabulary["composer"] == ["Etude, Waltz"]
    assert row.sampling == {"top_k": 9, "top_p": 0.9, "temperature": 0.8}


def test_a_reference_file_is_kept_without_its_optimiser():
    row, new = import_checkpoint(path=TINY, name="Tiny")
    assert (new, row.header, row.sizes["parameters"]) == (True, "bare-three", 884480)
    assert weights_path(row).suffix == ".safetensors"
    assert row.meta["stored_sha256"] != row.sha256


def test_the_same_file_again_changes_nothing(tmp_path):
    row, _ = import_checkpoint(path=TINY, name="Tiny")
    weights_path(row).unlink()
    assert import_checkpoint(path=TINY, name="Another name") == (row, False)
    assert weights_path(row).exists()
    assert Checkpoint.objects.count() == 1


@pytest.mark.parametrize("path", [TINY, SMALL], ids=["pth", "safetensors"])
def test_weights_that_were_damaged_are_mended_by_importing_them_again(path):
    row, _ = import_checkpoint(path=path, name="Name")
    whole = weights_path(row).read_bytes()
    weights_path(row).write_bytes(whole[:-1])
    import_checkpoint(path=path, name="Name")
    assert weights_path(row).read_bytes() == whole


@pytest.mark.parametrize("path", [TINY, SMALL], ids=["pth", "safetensors"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing_behind(monkeypatch, settings, path):
    def full(_source, target):
        Path(target).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    monkeypatch.setattr("generation.notagen.checkpoint.save_file", lambda _state, part, **_more: full(None, part))
    with pytest.raises(DomainError, match=r"cannot be kept in .*weights: No space left on device\.$"):
        import_checkpoint(path=path, name="Name")
    assert list(settings.WEIGHTS.iterdir()) == []
    assert not Checkpoint.objects.exists()


def test_a_name_belongs_to_one_set_of_weights():
    import_checkpoint(path=TINY, name="One")
    with pytest.raises(DomainError, match="already other weights called One"):
        import_checkpoint(path=SMALL, name="One")


@pytest.mark.parametrize(("name", "reason"), [("a.pth", "no such file"), ("", "needs a name")])
def test_what_cannot_be_imported_is_one_sentence(name, reason):
    with pytest.raises(DomainError, match=reason):
        import_checkpoint(path=Path("a.pth"), name=name)


def test_find_checkpoint_by_name_id_or_hash_and_the_one_in_use():
    with pytest.raises(DomainError, match="No checkpoint is here yet"):
        find_checkpoint()
    small = small_checkpoint()
    Checkpoint.objects.update(kind=CheckpointKind.DEMO)
    assert find_checkpoint() == small
    tiny, _ = import_checkpoint(path=TINY, name="Tiny")
    assert find_checkpoint() == tiny
    assert [find_checkpoint(name=name) for name in ("Small", small.public_id, small.sha256)] == [small] * 3
    with pytest.raises(DomainError, match="no checkpoint called Nobody"):
        find_checkpoint(name="Nobody")


def test_the_header_is_told_where_the_file_does_not_say_it():
    row, _ = import_checkpoint(path=TINY, name="Tiny", header="labelled-end", prompts=Prompts.PUBLISHED)
    assert (row.header, len(row.vocabulary["combinations"])) == ("labelled-end", 112)
    with pytest.raises(DomainError, match="says that its header style is bare-three-plus-stage"):
        import_checkpoint(path=SMALL, name="Small", header="labelled")
    with pytest.raises(DomainError, match="A header style is one of bare-three, "):
        import_checkpoint(path=TINY, name="Other", header="fancy")
    assert import_checkpoint(path=SMALL, name="Small", header="bare-three-plus-stage")[0].header == (
        "bare-three-plus-stage"
    )


def test_weights_of_another_size_than_notagen_x_have_no_prompts_of_their_own():
    assert import_checkpoint(path=TINY, name="Tiny")[0].vocabulary == {}

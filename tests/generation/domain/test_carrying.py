"""Weights between machines."""

import pytest
from django.core.files.storage import default_storage

from curator.domain.errors import DomainError
from generation.domain import carrying, loading
from generation.domain.carrying import bring_weights, share_all, share_weights
from generation.domain.checkpoints import weights_path
from tests.generation.writing import small_checkpoint
from tests.runpod.storage import BUCKET, s3_serving


@pytest.fixture
def shared(settings):
    """A folder that other machines see."""
    settings.STORAGE_IS_SHARED = True
    return settings.MEDIA_ROOT / "weights"


@pytest.fixture(params=["folder", "S3"])
def storage(request, settings):
    """A storage that other machines see."""
    settings.STORAGE_IS_SHARED = True
    if request.param == "folder":
        yield default_storage
        return
    with s3_serving() as (_client, address):
        options = settings.S3_STORAGE["OPTIONS"] | {"bucket_name": BUCKET, "endpoint_url": address}
        settings.STORAGES = settings.STORAGES | {"default": settings.S3_STORAGE | {"OPTIONS": options}}
        yield default_storage


@pytest.mark.django_db
def test_weights_of_another_machine_are_fetched_when_they_are_needed(storage):
    checkpoint = small_checkpoint()
    here = weights_path(checkpoint)
    assert storage.listdir("weights") == ([], [here.name])
    assert share_weights(here)  # once more: they lie there
    data = here.read_bytes()
    here.unlink()
    loading.drop()
    with loading.engine_of(checkpoint):
        pass
    loading._stop_timer()
    assert here.read_bytes() == data
    assert [path.name for path in here.parent.iterdir()] == [here.name]


def test_what_the_storage_holds_cut_short_is_written_anew(shared, settings):
    settings.WEIGHTS.mkdir()
    path = settings.WEIGHTS / "a.safetensors"
    path.write_bytes(b"whole")
    words = settings.WEIGHTS / "xlm-roberta-base" / "tokenizer.json"
    words.parent.mkdir()
    words.write_bytes(b"{}")
    shared.mkdir(parents=True)
    (shared / path.name).write_bytes(b"wh")
    assert share_all() == (2, [])
    assert (shared / path.name).read_bytes() == b"whole"
    assert (shared / "xlm-roberta-base" / "tokenizer.json").read_bytes() == b"{}"


def test_where_nobody_else_sees_the_storage_nothing_is_laid_there(settings):
    settings.WEIGHTS.mkdir()
    path = settings.WEIGHTS / "a.safetensors"
    path.write_bytes(b"whole")
    assert not share_weights(path)
    assert not settings.MEDIA_ROOT.exists()
    gone = settings.WEIGHTS / "b.safetensors"
    assert bring_weights(gone) == gone


def test_a_storage_that_refuses_is_told(shared, settings, monkeypatch, caplog):
    settings.WEIGHTS.mkdir()
    path = settings.WEIGHTS / "a.safetensors"
    path.write_bytes(b"whole")

    def refuse(*_args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(carrying.default_storage, "exists", refuse)
    assert share_all() == (0, ["weights/a.safetensors"])
    path.unlink()
    with pytest.raises(DomainError, match=r"^weights/a.safetensors cannot be fetched .* Permission denied\.$"):
        bring_weights(path)
    assert "is not in the shared storage" in caplog.text

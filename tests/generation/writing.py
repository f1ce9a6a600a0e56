"""A registry with the small test model, and requests written by it, for tests."""

from pathlib import Path
from typing import Any

from curator import jobs
from curator.models.film import Cue
from generation.domain.checkpoints import import_checkpoint
from generation.domain.requests import request_takes
from generation.models.checkpoints import Checkpoint
from generation.models.requests import CueRequest
from tests.factories import make_cue

SMALL = Path(__file__).resolve().parents[1] / "golden" / "notagen" / "small" / "model.safetensors"


def small_checkpoint() -> Checkpoint:
    """The small model that writes waltzes in C and G, in the registry."""
    return import_checkpoint(path=SMALL, name="Small")[0]


def waltz_cue(**fields: Any) -> Cue:
    """A cue that the small model can write."""
    defaults: dict[str, Any] = {"metre": "3/4", "key": "G", "bars": 4, "texture": "Waltz"}
    return make_cue(**(defaults | fields))


def written_request(*, count: int = 2, seed: int = 1, **fields: Any) -> CueRequest:
    """A request that has been written."""
    request = request_takes(cue=waltz_cue(**fields), checkpoint=small_checkpoint(), count=count, seed=seed)
    assert request.job is not None
    jobs.execute(request.job.pk)
    return request

"""The settings of the draw, checked."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from curator.domain.errors import DomainError

PUBLISHED = {"top_k": 9, "top_p": 0.9, "temperature": 1.2}
"""What NotaGen-X is published with (generation.notagen.sampling.Sampling has the same)."""


def checked_sampling(given: Mapping[str, float]) -> dict[str, Any]:
    """top_k, top_p and temperature within what makes sense, PUBLISHED where not given. Raises DomainError."""
    told = {**PUBLISHED, **given}
    top_k, top_p, temperature = int(told["top_k"]), float(told["top_p"]), float(told["temperature"])
    if not 0 <= top_k <= 128 or not 0 < top_p <= 1 or not 0.05 <= temperature <= 3:
        raise DomainError(_("Top-k lies between 0 and 128, top-p between 0 and 1, the temperature between 0.05 and 3."))
    return {"top_k": top_k, "top_p": top_p, "temperature": temperature}

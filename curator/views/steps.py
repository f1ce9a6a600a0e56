"""A size that the address of a page chooses, and the way to the next ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True)
class Step:
    """The size `now`, and the addresses of this page one size smaller and larger; "" at the ends."""

    now: int
    smaller: str
    larger: str


def step_of(request: HttpRequest, name: str, sizes: Sequence[int], *, usual: int) -> Step:
    """The size among `sizes`, smallest first, that the query names as `name`, or the usual one."""
    asked = request.GET.get(name, "")
    now = next((size for size in sizes if str(size) == asked), usual)
    at = sizes.index(now)
    smaller, larger = sizes[:at][-1:], sizes[at + 1 :][:1]
    return Step(now, _address(request, name, smaller), _address(request, name, larger))


def _address(request: HttpRequest, name: str, size: Sequence[int]) -> str:
    if not size:
        return ""
    query = request.GET.copy()
    query[name] = str(size[0])
    return f"?{query.urlencode()}"

"""What one measured figure is."""

from dataclasses import dataclass


@dataclass
class Figure:
    """One measured number and what it was to be. `ok` is None where `value` is."""

    issue: int
    name: str
    value: float | None
    goal: str
    ok: bool | None
    command: str
    commit: str = ""
    machine: str = ""
    note: str = ""

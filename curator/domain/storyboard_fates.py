"""What becomes of the scenes, shots and stages of a film when a file is saved into it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from curator.domain.plans import ShotSpan
from curator.film.storyboard import Remark, Storyboard
from curator.models.film import ArcStage, Film, Scene, Shot


class Fate(StrEnum):
    """What becomes of a scene, shot or stage. GONE: not in the file, and kept."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    GONE = "gone"
    REMOVED = "removed"
    ASIDE = "aside"


@dataclass(frozen=True)
class Difference:
    """A field before and afterwards; of what the owner typed: what stays, and what the file says."""

    name: str
    before: str
    after: str


@dataclass
class ShotFate:
    """A shot as it will be, unsaved. `kept`: the owner's words where the file has others."""

    shot: Shot
    fate: Fate
    changes: list[Difference] = field(default_factory=list)
    kept: list[Difference] = field(default_factory=list)


@dataclass
class SceneFate:
    """A scene as it will be, unsaved."""

    scene: Scene
    fate: Fate
    changes: list[Difference] = field(default_factory=list)


@dataclass
class StageFate:
    """A stage as it will be, unsaved."""

    stage: ArcStage
    fate: Fate


@dataclass
class ImportPlan:
    """All that saving would do. `shots` in the order of the film; those that are removed stand where they were."""

    film: Film
    board: Storyboard
    before: Sequence[ShotSpan]
    scenes: list[SceneFate] = field(default_factory=list)
    shots: list[ShotFate] = field(default_factory=list)
    stages: list[StageFate] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    spread: bool = False

    def count(self, *fates: Fate) -> int:
        """How many shots have one of these fates."""
        return sum(one.fate in fates for one in self.shots)

    @property
    def fates(self) -> set[Fate]:
        """All fates that there are among shots and stages."""
        return {one.fate for one in self.shots} | {one.fate for one in self.stages}

    @property
    def staying(self) -> list[Shot]:
        """The shots that the film will have, in order."""
        return [one.shot for one in self.shots if one.fate != Fate.REMOVED]

    @property
    def frames(self) -> int:
        """How long the film will be."""
        return sum(shot.length_frames for shot in self.staying)


def differences(before: dict[str, str], after: dict[str, str]) -> list[Difference]:
    """The fields that two sets of them do not share, in the order of the names afterwards."""
    names = [*after, *(name for name in before if name not in after)]
    pairs = ((name, before.get(name, ""), after.get(name, "")) for name in names)
    return [Difference(name, old, new) for name, old, new in pairs if old != new]

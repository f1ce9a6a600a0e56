"""Reading what was rendered: the engraved pages, the first system for cards, the files that the player needs."""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from curator.domain.rendering import ENGRAVING, SOUND, TempoMap
from curator.models.library import MediaFile, PieceVersion, Rendering, RenderingFile, RenderingState
from curator.models.ranking import Take

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sheet:
    """What one version has on paper and as sound. `engraving` and `sound` are None where never asked for."""

    version: PieceVersion
    engraving: Rendering | None = None
    sound: Rendering | None = None

    @property
    def drawn(self) -> bool:
        """Whether the pages are there."""
        return self.engraving is not None and self.engraving.state == RenderingState.READY

    @property
    def heard(self) -> bool:
        """Whether the sound is there."""
        return self.sound is not None and self.sound.state == RenderingState.READY

    @property
    def pending(self) -> bool:
        """Whether pages or sound are being made."""
        return any(row is not None and row.state == RenderingState.PENDING for row in (self.engraving, self.sound))

    @property
    def trouble(self) -> str:
        """Why the pages cannot be drawn, as a translated sentence; "" while nothing has failed."""
        return _sentence(self.engraving)

    @property
    def silence(self) -> str:
        """Why there is no sound, as a translated sentence; "" while nothing has failed."""
        return _sentence(self.sound)

    @property
    def pages(self) -> list[str]:
        """The cleaned SVGs of the pages for wide screens."""
        return self._texts("page")

    @property
    def narrow_pages(self) -> list[str]:
        """The cleaned SVGs of the pages for phones."""
        return self._texts("narrow")

    @property
    def incipit(self) -> str:
        """The cleaned SVG of the first bars in one system; "" until it is drawn."""
        return next(iter(self._texts("incipit")), "")

    @property
    def timemap(self) -> MediaFile | None:
        """When which notes sound, for the player."""
        return self._media(self.engraving, "timemap")

    @property
    def opus(self) -> MediaFile | None:
        """The sound as Ogg Opus."""
        return self._media(self.sound, "opus")

    @property
    def seconds(self) -> float | None:
        """Length of the music with its repeats."""
        return self.engraving.seconds if self.engraving else None

    @property
    def bars(self) -> int | None:
        """How many bars are written."""
        return self.engraving.facts.get("bars") if self.engraving else None

    def _files(self, rendering: Rendering | None, role: str) -> list[RenderingFile]:
        # all() and no filter: the files were fetched with the rendering.
        return [] if rendering is None else [file for file in rendering.files.all() if file.role == role]

    def _media(self, rendering: Rendering | None, role: str) -> MediaFile | None:
        return next((file.media for file in self._files(rendering, role)), None)

    def _texts(self, role: str) -> list[str]:
        texts = []
        for file in self._files(self.engraving, role):
            try:
                texts.append(text_of(file.media.name))
            except FileNotFoundError:
                log.warning("the storage has lost %s of rendering %s", file.media.name, file.rendering_id)
        return texts


def read_sheets(*, versions: Iterable[PieceVersion], tempo_map: TempoMap | None = None) -> dict[int, Sheet]:
    """The sheet of each version by its key, in three queries: at `tempo_map`, or at any where that is None.

    Pages and sound are always those of one tempo map and one renderer: of several that are ready the one at the
    written tempi, then the newest.
    """
    wanted = {version.pk: version for version in versions}
    made = _made(wanted)
    return {key: _sheet(version, made.get(key, []), tempo_map) for key, version in wanted.items()}


def read_take_sheets(*, takes: Iterable[Take]) -> dict[int, Sheet]:
    """The sheet of each take by the take's key, at the tempo map of its cue, in three queries.

    The takes come with their `version` and `cue`; they may belong to many cues.
    """
    takes = list(takes)
    made = _made({take.version_id for take in takes})
    return {take.pk: _sheet(take.version, made.get(take.version_id, []), take.cue.tempo_map) for take in takes}


def _made(versions: Iterable[int]) -> dict[int, list[dict[str, Rendering]]]:
    """What was made of each version: a dict of renderings by target for each tempo map and renderer."""
    together: dict[tuple[int, str, str], dict[str, Rendering]] = {}
    rows = Rendering.objects.filter(version_id__in=versions, target__in=(ENGRAVING, SOUND))
    for row in rows.order_by("pk").prefetch_related("files__media"):
        together.setdefault((row.version_id, json.dumps(row.tempo_map), row.renderer), {})[row.target] = row
    made: dict[int, list[dict[str, Rendering]]] = {}
    for (version, _tempo, _renderer), by_target in together.items():
        made.setdefault(version, []).append(by_target)
    return made


def _sheet(version: PieceVersion, made: list[dict[str, Rendering]], tempo_map: TempoMap | None) -> Sheet:
    wanted = None if tempo_map is None else [list(entry) for entry in tempo_map]
    fitting = [rows for rows in made if wanted is None or next(iter(rows.values())).tempo_map == wanted]
    best = max(fitting, key=_rank, default={})
    return Sheet(version, best.get(ENGRAVING), best.get(SOUND))


def _rank(rows: dict[str, Rendering]) -> tuple[int, bool, int]:
    ready = sum(row.state == RenderingState.READY for row in rows.values())
    written = not any(row.tempo_map for row in rows.values())
    return ready, written, max(row.pk for row in rows.values())


def read_sheet(*, version: PieceVersion, tempo_map: TempoMap | None = None) -> Sheet:
    """The sheet of one version."""
    return read_sheets(versions=[version], tempo_map=tempo_map)[version.pk]


@lru_cache(maxsize=256)
def text_of(name: str) -> str:
    """A text file of the storage. Its name is its content's hash, so it can be kept in memory."""
    with default_storage.open(name) as file:
        return bytes(file.read()).decode()


def _sentence(rendering: Rendering | None) -> str:
    if rendering is None or rendering.state != RenderingState.FAILED:
        return ""
    return _(rendering.error) if rendering.error else _("The work was stopped before the score was drawn.")

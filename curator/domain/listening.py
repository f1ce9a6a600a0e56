"""What a listener sees while the two sides sound: the shots of the cue, or the cut itself."""

from dataclasses import dataclass

from curator.domain.pictures import picture_file
from curator.film.timecode import Clock
from curator.models.film import Cue
from curator.models.library import MediaFile


@dataclass(frozen=True)
class SeenShot:
    """A shot from `start` to `end`, seconds from the beginning of the cue (the first may begin before it)."""

    code: str
    label: str
    description: str
    start: float
    end: float


@dataclass(frozen=True)
class Picture:
    """The shots under a cue in order, and the locked cut when the film has one; `start` is where the cue begins
    in it, seconds."""

    shots: tuple[SeenShot, ...]
    video: MediaFile | None
    start: float


def picture_of(*, cue: Cue) -> Picture:
    """The picture to a cue; one query, two when the film has a cut."""
    film = cue.film
    clock = Clock(film.fps, film.drop_frame, film.start_frame)
    shots = []
    frame = 0
    for shot in film.shots.order_by("position"):
        begin, frame = frame, frame + shot.length_frames
        if begin < cue.out_frame and frame > cue.in_frame:
            shots.append(
                SeenShot(
                    code=shot.code,
                    label=clock.label(max(begin, cue.in_frame)),
                    description=shot.description,
                    start=float(clock.seconds(begin - cue.in_frame)),
                    end=float(clock.seconds(frame - cue.in_frame)),
                )
            )
    return Picture(shots=tuple(shots), video=picture_file(film=film), start=float(clock.seconds(cue.in_frame)))

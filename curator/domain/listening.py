"""What is seen while music sounds: the shots of the cue, with their stills, or the cut itself."""

from dataclasses import dataclass

from curator.domain.pictures import picture_file
from curator.film.timecode import Clock
from curator.models.film import Cue
from curator.models.library import MediaFile
from curator.models.stills import Still


@dataclass(frozen=True)
class SeenShot:
    """A shot from `start` to `end`, seconds from the beginning of the cue (the first may begin before it).

    still: its picture; None without one.
    """

    code: str
    label: str
    description: str
    start: float
    end: float
    still: MediaFile | None = None


@dataclass(frozen=True)
class Picture:
    """The shots under a cue in order, and the locked cut when the film has one; `start` is where the cue begins
    in it, seconds."""

    shots: tuple[SeenShot, ...]
    video: MediaFile | None
    start: float


def picture_of(*, cue: Cue) -> Picture:
    """The picture to a cue, in at most four queries."""
    film = cue.film
    clock = Clock(film.fps, film.drop_frame, film.start_frame)
    under = []
    frame = 0
    for shot in film.shots.order_by("position"):
        begin, frame = frame, frame + shot.length_frames
        if begin < cue.out_frame and frame > cue.in_frame:
            under.append((shot, begin, frame))
    stills = dict(Still.objects.filter(shot__in=[shot for shot, _, _ in under]).values_list("shot", "large"))
    files = MediaFile.objects.in_bulk(list(stills.values()), field_name="sha256")
    shots = tuple(
        SeenShot(
            code=shot.code,
            label=clock.label(max(begin, cue.in_frame)),
            description=shot.description,
            start=float(clock.seconds(begin - cue.in_frame)),
            end=float(clock.seconds(end - cue.in_frame)),
            still=files.get(stills.get(shot.pk, "")),
        )
        for shot, begin, end in under
    )
    return Picture(shots=shots, video=picture_file(film=film), start=float(clock.seconds(cue.in_frame)))

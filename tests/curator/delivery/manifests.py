"""Entries of a manifest for tests: one cue with a hit and a change of tempo."""

from curator.delivery.manifest import (
    Approval,
    Copy,
    Credits,
    CueEntry,
    FilmFacts,
    Hit,
    Lineage,
    MetreChange,
    Music,
    Notes,
    TempoChange,
    Times,
)

FILM = FilmFacts(
    title="Die kleine Laterne", slug="demo", fps="24", drop_frame=False, start="01:00:00:00", length_frames=1440
)


def entry(number: str = "1m1", **changes: object) -> CueEntry:
    """A cue of 16 bars."""
    told = CueEntry(
        number=number,
        title="Dachboden",
        version=2,
        stage="Forgotten",
        themes=(),
        times=Times(
            timecode_in="01:00:02:00",
            timecode_out="01:00:49:00",
            in_frame=48,
            out_frame=1176,
            tail="",
            timecode_end="01:00:49:00",
            place_out="17.1",
            seconds=47.0,
            music_seconds=47.02,
            length="0:47",
            ends_after_ms=20.0,
        ),
        music=Music(
            bars=16,
            metres=(MetreChange(bar=1, metre="3/4"),),
            tempo_map=(
                TempoChange(bar=1, tempo=60, seconds=0, frame=48, timecode="01:00:02:00"),
                TempoChange(bar=9, tempo=62.5, seconds=24, frame=624, timecode="01:00:26:00"),
            ),
            notes=Notes(delivered=7, written=7, repeated=0, merged=0, shortened=0, graces=0, bars_padded=0),
        ),
        hits=(
            Hit(
                label="=Licht; an",
                hard=True,
                frame=336,
                timecode="01:00:14:00",
                seconds=12,
                bar=5,
                beat=1,
                place="5.1",
                miss_ms=0,
            ),
        ),
        credits=Credits(title="Dachboden", composer="Team", publisher="", use="BI", note="written, chosen"),
        copy_check=Copy(verdict="clear", piece="", composer="", how="", share=0, bars=None, their_bars=None),
        lineage=Lineage(
            piece="p",
            version="v",
            origin="generated",
            text_sha256="0" * 64,
            source=None,
            making=None,
            take=3,
            take_id="t",
            takes=8,
            approval=Approval(id="a", at="2026-11-22T10:00:00+00:00", by="o", why=""),
            judgements=(),
        ),
    )
    return told.model_copy(update=changes)

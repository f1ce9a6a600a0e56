"""From prepared cues to a package: what its manifest says of each, its papers, its bytes."""

from collections.abc import Sequence
from fractions import Fraction

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import override

from curator.delivery.manifest import (
    Credits,
    CueEntry,
    FilmFacts,
    Hit,
    MetreChange,
    Music,
    Notes,
    TempoChange,
    ThemeHeard,
    Times,
)
from curator.delivery.package import Package, PackedCue, PackedFile, contents
from curator.delivery.tables import Dialect, minutes
from curator.domain.lineage import read_copies, read_lineages
from curator.domain.plans import clock_of
from curator.domain.preparing import Prepared
from curator.film.tempo import Place
from curator.models.film import Film, HitPoint
from curator.models.library import Origin

USE = "BI"
"""Background instrumental, as cue sheets call music that nobody in the picture hears."""


def package_files(
    *, film: Film, prepared: Sequence[Prepared], entries: Sequence[CueEntry] | None = None
) -> tuple[PackedFile, ...]:
    """Every file that the package of these cues holds, by path; empty without cues.

    `entries` are what `read_entries` says of them, where somebody has asked already.
    """
    if not prepared:
        return ()
    wanted = prepared[0].wanted
    entries = read_entries(film=film, prepared=prepared) if entries is None else entries
    cues = [PackedCue(each.stem, each.files, entry) for each, entry in zip(prepared, entries, strict=True)]
    told, dialect = film_facts(film), Dialect(semicolon=wanted.semicolon, bom=wanted.bom)
    return contents(Package(told, cues, dialect, {"cuesheet.html": sheet_page(film, told, entries)}))


def sheet_page(film: Film, told: FilmFacts, entries: Sequence[CueEntry]) -> bytes:
    """The cue sheet as a page that stands by itself and prints well, in the language of the film."""
    style = (settings.ROOT / "static" / "css" / "sheet.css").read_text("utf-8")
    with override(film.language):
        heading = _("Cue sheet")
        table = render_to_string("curator/sheet_table.html", {"film": told, "cues": entries})
    title = escape(f"{film.title}: {heading}")
    head = f'<meta charset="utf-8"><title>{title}</title><style>{style}</style>'
    page = f'<!doctype html>\n<html lang="{escape(film.language)}"><head>{head}</head><body class="sheetpage">'
    return f"{page}<h1>{title}</h1>{table}</body></html>\n".encode()


def read_entries(*, film: Film, prepared: Sequence[Prepared]) -> list[CueEntry]:
    """What the manifest says of each of these cues, without its files; a constant number of queries."""
    approvals = [each.approval for each in prepared]
    lineages, copies = read_lineages(approvals), read_copies(approvals)
    with override(film.language):
        made = _("Written with a machine learning model (NotaGen-X), chosen and approved by people.")
    entries = []
    for each in prepared:
        cue, generated = each.cue, each.approval.take.version.piece.origin == Origin.GENERATED
        entries.append(
            CueEntry(
                number=cue.number,
                title=cue.title,
                version=each.sheet.version,
                stage=cue.stage.name if cue.stage else None,
                themes=tuple(ThemeHeard(name=use.theme.name, how=use.how, bar=use.bar) for use in cue.theme_uses.all()),
                times=_times(each),
                music=_music(each),
                hits=tuple(_hit(each, hit) for hit in each.hits),
                credits=Credits(
                    title=cue.title,
                    composer=each.sheet.composer,
                    publisher=each.wanted.publisher,
                    use=USE,
                    note=(each.wanted.note or made) if generated else "",
                ),
                copy_check=copies[each.approval.pk],
                lineage=lineages[each.approval.pk],
            )
        )
    return entries


def film_facts(film: Film) -> FilmFacts:
    """What the manifest says of the film."""
    rate = film.fps
    return FilmFacts(
        title=film.title,
        slug=film.slug,
        fps=str(rate.numerator) if rate.denominator == 1 else f"{rate.numerator}/{rate.denominator}",
        drop_frame=film.drop_frame,
        start=clock_of(film).label(0),
        length_frames=film.length_frames,
    )


def _times(each: Prepared) -> Times:
    cue, clock, exported = each.cue, each.clock, each.exported
    return Times(
        timecode_in=clock.label(cue.in_frame),
        timecode_out=clock.label(cue.out_frame),
        in_frame=cue.in_frame,
        out_frame=cue.out_frame,
        tail=cue.tail,
        timecode_end=clock.label(cue.end_frame),
        place_out=_told(exported.tempo.place_of_frame(cue.out_frame, clock, cue_in=cue.in_frame)),
        seconds=_rounded(clock.seconds(cue.out_frame - cue.in_frame)),
        music_seconds=_rounded(exported.ends),
        length=minutes(float(exported.ends)),
        ends_after_ms=float(round(each.late * 1000, 1)),
    )


def _music(each: Prepared) -> Music:
    exported, account = each.exported, each.exported.account
    tempi: list[TempoChange] = []
    metres: list[MetreChange] = []
    for section in exported.tempo.sections:
        metre = str(section.metre)
        if not metres or metres[-1].metre != metre:
            metres.append(MetreChange(bar=section.bar, metre=metre))
        if not tempi or tempi[-1].tempo != float(section.tempo):
            place = Place(section.bar, Fraction(1))
            frame = exported.tempo.frame_of(place, each.clock, cue_in=each.cue.in_frame)
            seconds = _rounded(exported.tempo.seconds_of(place))
            told = TempoChange(
                bar=section.bar,
                tempo=float(section.tempo),
                seconds=seconds,
                frame=frame,
                timecode=each.clock.label(frame),
            )
            tempi.append(told)
    notes = Notes(
        delivered=account.delivered,
        written=account.written,
        repeated=account.repeated,
        merged=account.merged,
        shortened=account.shortened,
        graces=account.graces,
        bars_padded=account.padded,
    )
    return Music(bars=exported.bars, metres=tuple(metres), tempo_map=tuple(tempi), notes=notes)


def _hit(each: Prepared, hit: HitPoint) -> Hit:
    tempo, cue = each.exported.tempo, each.cue
    seconds = each.clock.seconds(hit.frame - cue.in_frame)
    place = tempo.place_at(seconds)
    nearest = tempo.nearest_beat(seconds)
    return Hit(
        label=hit.label,
        hard=hit.hard,
        frame=hit.frame,
        timecode=each.clock.label(hit.frame),
        seconds=_rounded(seconds),
        bar=place.bar,
        beat=float(round(place.beat, 3)),
        place=str(nearest),
        miss_ms=float(round((tempo.seconds_of(nearest) - seconds) * 1000, 1)),
    )


def _told(place: Place) -> str:
    return f"{place.bar}.{float(round(place.beat, 3)):g}"


def _rounded(seconds: Fraction) -> float:
    return float(round(seconds, 3))

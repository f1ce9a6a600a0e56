"""What the library page shows."""

import pytest

from curator.domain.catalogue import read_catalogue
from curator.domain.media import store_media
from curator.domain.shelving import shelve_pieces
from curator.domain.wanted import Span, Wanted
from curator.models.library import Origin, Piece, Rendering, RenderingFile, Source, Tag
from tests.factories import make_cue, make_take, make_version

pytestmark = pytest.mark.django_db

QUERIES = 19
"""Tags, count, page and its tags, total length, sources, ten facets, and for the cards versions, renderings, takes."""


def make_piece(
    title: str, *, composer: str = "", tags: tuple[str, ...] = (), facts: dict[str, object] | None = None, **fields
):
    piece = Piece.objects.create(title=title, composer=composer, **{"origin": Origin.CORPUS} | fields)
    piece.tags.set([Tag.objects.get_or_create(kind="", name=tag)[0] for tag in tags])
    make_version(piece=piece, facts={"key": "C"} | (facts or {}))
    shelve_pieces(pieces=[piece])
    return piece


def titles(**wanted) -> list[str]:
    return [card.piece.title for card in read_catalogue(wanted=Wanted(**wanted)).shown]


def test_newest_first_and_by_title_or_composer():
    for title, composer in (("B", "x"), ("A", "y"), ("C", "w")):
        make_piece(title, composer=composer)
    assert titles() == ["C", "A", "B"]
    assert titles(sort="title") == ["A", "B", "C"]
    assert titles(sort="composer") == ["C", "B", "A"]


def test_words_composers_origins_and_tags_narrow():
    make_piece("Gymnopedie", composer="Satie", tags=("slow", "modal"))
    make_piece("Waltz", composer="Satie", tags=("slow",))
    make_piece("Slow train", composer="Nobody", origin=Origin.UPLOADED)
    assert titles(words="satie WALTZ") == ["Waltz"]
    assert titles(words="slow", sort="title") == ["Gymnopedie", "Slow train", "Waltz"]
    assert titles(composers=("Satie",), tags=("modal",)) == ["Gymnopedie"]
    assert titles(origins=("uploaded",)) == ["Slow train"]
    assert titles(words="nothing") == []


def test_words_are_found_without_accents_in_names_sources_and_tags():
    source = Source.objects.create(name="Mutopia")
    make_piece("Gymnop\u00e9die", source=source)
    make_piece("Waltz", tags=("r\u00eaverie",))
    assert titles(words="gymnopedie") == ["Gymnop\u00e9die"]
    assert titles(words="GYMNOP\u00c9DIE mutopia") == ["Gymnop\u00e9die"]
    assert titles(words="reverie") == ["Waltz"]
    assert titles(words="100%") == []


def test_keys_metres_sources_and_rights_narrow():
    free = Source.objects.create(name="Mutopia", rights="public_domain")
    make_piece("A", facts={"key": "Dmin", "metre": "3/4"}, source=free)
    make_piece("B", facts={"key": "C", "metre": "3/4"})
    make_piece("C", facts={"key": "", "metre": "4/4"})
    assert titles(keys=("Dmin", "C"), sort="title") == ["A", "B"]
    assert titles(metres=("4/4",)) == ["C"]
    assert titles(sources=("Mutopia",)) == ["A"]
    assert titles(rights=("unknown",), sort="title") == ["B", "C"]
    assert titles(rights=("public_domain",)) == ["A"]


def test_tempo_length_and_density_narrow_and_sort_with_the_unknown_last():
    make_piece("slow", facts={"tempo": 50, "seconds": 200, "per_second": 0.5})
    make_piece("fast", facts={"tempo": 120, "seconds": 60, "per_second": 6})
    make_piece("unknown")
    assert titles(tempo=Span(50, 119)) == ["slow"]
    assert titles(length=Span(None, 100)) == ["fast"]
    assert titles(density=Span(1)) == ["fast"]
    assert [titles(sort=sort) for sort in ("tempo", "length", "density")] == [
        ["slow", "fast", "unknown"],
        ["fast", "slow", "unknown"],
        ["slow", "fast", "unknown"],
    ]


def options(name: str, **wanted) -> list[tuple[str, int, bool]]:
    facets = read_catalogue(wanted=Wanted(**wanted)).facets
    return [(option.value, option.count, option.chosen) for option in facets.options(name)]


def test_options_count_what_the_other_marks_leave_and_keep_what_is_chosen():
    make_piece("A", composer="Satie", tags=("slow",))
    make_piece("B", composer="Satie")
    make_piece("C", composer="Einaudi", tags=("slow", "night"))
    assert options("composer") == [("Satie", 2, False), ("Einaudi", 1, False)]
    assert options("composer", tags=("slow",)) == [("Einaudi", 1, False), ("Satie", 1, False)]
    assert options("composer", composers=("Gone",)) == [("Satie", 2, False), ("Einaudi", 1, False), ("Gone", 0, True)]
    assert options("tag", composers=("Satie",)) == [("slow", 1, False)]
    assert options("tag", tags=("night",)) == [("night", 1, True), ("slow", 1, False)]


def test_spreads_count_pieces_between_the_borders():
    for tempo in (39, 40, 53, 200, None):
        make_piece("A", facts={"tempo": tempo})
    tempo, length, _density = read_catalogue(wanted=Wanted(tempo=Span(60))).facets.spreads
    counted = [(one.low, one.high, one.count) for one in tempo.bins if one.count]
    assert counted == [(None, 40, 1), (40, 54, 2), (168, None, 1)]
    assert [one.low for one in tempo.bins if not one.inside] == [None, 40]
    assert sum(one.count for one in length.bins) == 0


def test_totals_are_those_of_the_whole_library():
    make_piece("A", facts={"seconds": 90})
    make_piece("B", facts={"seconds": 30})
    catalogue = read_catalogue(wanted=Wanted(words="a"))
    assert (catalogue.found, catalogue.pieces, catalogue.seconds) == (1, 2, 120)


def test_archived_pieces_are_not_shown():
    make_piece("A", archived_at="2026-01-01T00:00Z")
    assert titles() == []


def test_the_list_shows_more_at_once():
    for number in range(31):
        make_piece(f"P{number:02}")
    assert len(titles(view="list")) == 30


def test_pages():
    for number in range(14):
        make_piece(f"P{number:02}")
    first, last = (read_catalogue(wanted=Wanted(page=page)) for page in (1, 99))
    assert (first.first, first.last, first.found, first.pages, first.page) == (1, 12, 14, 2, 1)
    assert (last.first, last.last, last.page, [card.piece.title for card in last.shown]) == (13, 14, 2, ["P01", "P00"])


def test_card_shows_the_latest_version_and_its_renderings():
    piece = make_piece("A")
    old = piece.versions.get()
    new = make_version(piece=piece, facts={"key": "D"})
    for version, name in ((old, b"<svg>old</svg>"), (new, b"<svg>new</svg>")):
        row = Rendering.objects.create(
            key=name.decode(), version=version, target="engraving", renderer="r", state="ready"
        )
        media = store_media(data=name, suffix=".svg")
        RenderingFile.objects.create(rendering=row, role="incipit", media=media)
    Rendering.objects.create(key="s", version=new, target="sound", renderer="r", state="ready", seconds=90)
    Rendering.objects.filter(version=new, target="engraving").update(seconds=90)
    shelve_pieces(pieces=[piece])
    (card,) = read_catalogue(wanted=Wanted()).shown
    assert (card.version, card.facts, card.seconds, card.pending, card.trouble) == (new, {"key": "D"}, 90, False, "")
    assert card.sheet is not None
    assert card.sheet.incipit == "<svg>new</svg>"
    assert read_catalogue(wanted=Wanted()).seconds == 90


def test_card_tells_that_it_waits_or_failed():
    waits, failed = (make_piece(title).versions.get() for title in ("waits", "failed"))
    Rendering.objects.create(key="w", version=waits, target="engraving", renderer="r")
    Rendering.objects.create(
        key="f", version=failed, target="engraving", renderer="r", state="failed", error="Too dense."
    )
    catalogue = read_catalogue(wanted=Wanted(sort="title"))
    assert [(card.pending, card.trouble) for card in catalogue.shown] == [(False, "Too dense."), (True, "")]
    assert catalogue.pending


def test_a_generated_piece_names_its_take():
    piece = make_piece("Take", origin=Origin.GENERATED)
    take = make_take(cue=make_cue(), version=piece.versions.get())
    assert [card.take for card in read_catalogue(wanted=Wanted()).shown] == [take]


def test_a_page_takes_the_same_queries_for_one_piece_and_for_many(django_assert_num_queries):
    make_piece("A", tags=("t",))
    with django_assert_num_queries(QUERIES):
        read_catalogue(wanted=Wanted())
    for number in range(5):
        make_piece(f"B{number}", tags=("t",))
    with django_assert_num_queries(QUERIES):
        read_catalogue(wanted=Wanted())

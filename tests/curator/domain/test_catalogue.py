"""What the library page shows."""

import pytest

from curator.domain.catalogue import Wanted, read_catalogue
from curator.domain.media import store_media
from curator.models.library import Origin, Piece, Rendering, RenderingFile, Tag
from tests.factories import make_cue, make_take, make_version

pytestmark = pytest.mark.django_db

QUERIES = 10


def make_piece(title: str, *, composer: str = "", tags: tuple[str, ...] = (), **fields) -> Piece:
    piece = Piece.objects.create(title=title, composer=composer, **{"origin": Origin.CORPUS} | fields)
    piece.tags.set([Tag.objects.get_or_create(kind="", name=tag)[0] for tag in tags])
    make_version(piece=piece, facts={"key": "C"})
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


def test_options_count_pieces_and_keep_what_is_chosen():
    make_piece("A", composer="Satie", tags=("slow",))
    make_piece("B", composer="Satie")
    catalogue = read_catalogue(wanted=Wanted(composers=("Gone",)))
    assert [(o.value, o.count, o.chosen) for o in catalogue.composers] == [("Satie", 2, False), ("Gone", 0, True)]
    assert [(o.value, o.count) for o in catalogue.tags] == [("slow", 1)]
    assert (catalogue.found, catalogue.pieces) == (0, 2)


def test_archived_pieces_are_not_shown():
    make_piece("A", archived_at="2026-01-01T00:00Z")
    assert titles() == []


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

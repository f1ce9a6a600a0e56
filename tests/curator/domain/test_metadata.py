"""What stands on pieces and sources."""

import pytest

from curator.domain.errors import DomainError
from curator.domain.metadata import PieceFacts, SourceFacts, describe_piece, describe_source, find_or_make_source
from curator.models.library import Rights, Source
from tests.factories import make_version

pytestmark = pytest.mark.django_db


def test_facts_stand_on_a_piece_as_plain_lines():
    source = find_or_make_source(facts=SourceFacts("  Mutopia\n", rights=Rights.PUBLIC_DOMAIN))
    facts = PieceFacts(
        title=" Gymnopédie\nNo. 1 ",
        composer="Satie,  Erik",
        period="Romantic",
        instrumentation="Key\0board",
        source=source,
        tags=["rain", "slow"],
        stages=["Forgotten"],
    )
    row = describe_piece(piece=make_version().piece, facts=facts)
    row.refresh_from_db()
    assert (row.title, row.composer, row.period, row.instrumentation, row.source) == (
        "Gymnopédie No. 1",
        "Satie, Erik",
        "Romantic",
        "Key board",
        source,
    )
    assert list(row.tags.values_list("kind", "name")) == [("", "rain"), ("", "slow"), ("stage", "Forgotten")]
    assert row.words == "gymnopedie no. 1 satie, erik romantic key board mutopia"
    describe_piece(piece=row, facts=PieceFacts(title="x"))
    row.refresh_from_db()
    assert (row.title, row.composer, row.source, row.tags.count()) == ("x", "", None, 0)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (PieceFacts(title=" \0"), "needs a title"),
        (PieceFacts(title="x", stages=["Happy"]), "no stage of the arc"),
        (PieceFacts(title="x", tags=["y" * 61]), "at most 60 signs"),
    ],
)
def test_bad_facts_change_nothing(facts, said):
    piece = make_version().piece
    before = piece.title
    with pytest.raises(DomainError, match=said):
        describe_piece(piece=piece, facts=facts)
    piece.refresh_from_db()
    assert piece.title == before


def test_a_source_is_made_once_and_keeps_what_it_says():
    first = find_or_make_source(facts=SourceFacts("Shelf", rights=Rights.OWN_COPY))
    assert find_or_make_source(facts=SourceFacts("Shelf", rights=Rights.PUBLIC_DOMAIN)) == first
    assert Source.objects.get().rights == Rights.OWN_COPY
    other = find_or_make_source(facts=SourceFacts("Shelf", url="https://example.org/"))
    with pytest.raises(DomainError, match="another source"):
        describe_source(source=other, facts=SourceFacts("Shelf"))
    with pytest.raises(DomainError, match="needs a name"):
        find_or_make_source(facts=SourceFacts(" "))
    with pytest.raises(DomainError, match="do not exist"):
        find_or_make_source(facts=SourceFacts("x", rights="theft"))

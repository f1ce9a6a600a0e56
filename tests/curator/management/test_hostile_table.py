"""Every file of the reference folder hostile/ gets what its table says, each in an empty library."""

import csv
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from curator.models.library import Piece, PieceVersion
from tests.curator.notation.scores import needs_shared
from tests.shared import SHARED

pytestmark = [pytest.mark.django_db, needs_shared]

FOLDER = SHARED / "hostile"


def table() -> list[dict[str, str]]:
    path = FOLDER / "EXPECTED.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def import_it(name: str, capsys) -> dict[str, Any]:
    try:
        call_command("import_scores", str(FOLDER / name), "--json")
    except CommandError as error:
        assert "1 of 1 files were refused" in str(error)  # noqa: PT017 (both ends are right)
    row: dict[str, Any] = json.loads(capsys.readouterr().out)["files"][0]
    return row


def outcome(row: dict[str, Any]) -> str:
    if row["status"] == "refused":
        assert row["reason"].endswith(".")
        return "REJECT"
    return "DUPLICATE" if row["status"] == "duplicate" else "ACCEPT"


@pytest.mark.parametrize("row", table(), ids=lambda row: row["file"][:20])
def test_hostile_files_get_what_the_table_says(row, capsys):
    before = import_it("d01_original.musicxml", capsys) if "DUPLICATE" in row["expected"] else None
    found = import_it(row["file"], capsys)
    expected = row["expected"]
    if expected.startswith("DUPLICATE"):
        assert (outcome(found), found["like"]["piece"]) == ("DUPLICATE", before["piece"])
    elif expected.startswith("NEAR-DUPLICATE"):
        assert (outcome(found), found["like"]["piece"]) == ("ACCEPT", before["piece"])
    elif expected.startswith("REJECT"):
        allowed = {"REJECT", "ACCEPT"} if "ACCEPT" in expected else {"REJECT"}
        assert outcome(found) in allowed
    elif "warning" in expected:
        assert outcome(found) == "REJECT" or found["warnings"]
    else:
        assert outcome(found) == "ACCEPT"
    if found["status"] == "imported":
        assert found["notes_in"] == found["notes_out"] > 0
    assert "root:" not in json.dumps(
        [found, *map(str, Piece.objects.values()), *map(str, PieceVersion.objects.values())]
    )


def test_a_latin_1_title_survives(capsys):
    import_it("e05_latin1_declared.musicxml", capsys)
    assert "é" in Piece.objects.get().title

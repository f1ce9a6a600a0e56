import pytest

from curator.delivery.tables import Dialect, cue_sheet, harmless, marker_list, minutes
from tests.curator.delivery.manifests import FILM, entry


def test_cue_sheet_tells_one_line_a_cue():
    assert cue_sheet(FILM, [entry()], Dialect()).decode() == (
        "Film,Cue,Title,Composer,Publisher,In,Out,Duration,Use,Version,Take,Note\r\n"
        'Die kleine Laterne,1m1,Dachboden,Team,,01:00:02:00,01:00:49:00,0:47,BI,2,3,"written, chosen"\r\n'
    )


def test_marker_list_tells_begin_changes_hits_and_end_in_order():
    assert marker_list(FILM, [entry()], Dialect()).decode() == (
        "Cue,Name,Kind,Timecode,Frame,Seconds,Bar.Beat,24 fps\r\n"
        "1m1,1m1 Dachboden,in,01:00:02:00,48,0.000,1.1\r\n"
        "1m1,'=Licht; an,hard hit,01:00:14:00,336,12.000,5.1\r\n"
        "1m1,1m1 tempo 62.5,tempo,01:00:26:00,624,24.000,9.1\r\n"
        "1m1,1m1 out,out,01:00:49:00,1176,47.000,17.1\r\n"
    )


def test_german_excel_gets_semicolons_and_a_byte_order_mark():
    table = marker_list(FILM, [entry()], Dialect(semicolon=True, bom=True))
    assert table.startswith(b"\xef\xbb\xbfCue;Name;")
    assert b'1m1;"\'=Licht; an";hard hit;' in table


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "\r=1", "＝1"])
def test_what_a_spreadsheet_would_run_is_only_text(text):
    assert harmless(text) == f"'{' '.join(text.split())}"


@pytest.mark.parametrize(("text", "same"), [("Tür = zu", "Tür = zu"), ("a\nb", "a b"), ("", "")])
def test_other_cells_stay_as_they_are_on_one_line(text, same):
    assert harmless(text) == same


def test_minutes_are_told_to_the_second():
    assert [minutes(s) for s in (0, 59.6, 61.2, 3600)] == ["0:00", "1:00", "1:01", "60:00"]

import pytest

from generation.clamp.patches import Reading, encode


def words(text, reading=Reading.CLAMP2):
    """Contents of the inner patches without begin and end ids."""
    rows = encode(text, reading)[1:-1]
    return ["".join(chr(code) for code in row if code > 2) for row in rows]


def test_header_lines_are_whole_and_bars_are_one_each():
    assert words("%%score { 1 | 2 }\nK:C\n[V:1]C4|[V:2]E4|\n") == [
        "%%score { 1 | 2 }\n",
        "K:C\n",
        "[V:1]C4|",
        "[V:2]E4|\n",
    ]


@pytest.mark.parametrize(
    ("line", "bars"),
    [
        ("C4|D4\n", ["C4|\n"]),  # what stands behind the last bar sign is lost
        ("C4 D4\n", []),
        ("|\n", []),
        ("|C4|\n", ["|C4|\n"]),
        ("CD:||:E|\n", ["CD:|", "|:E", "|\n\n"]),  # two signs in a row shift the pairs
        ("A::B|\n", ["A::B|\n"]),  # looks like a header line
        ('"a|b"C|\n', ['"a|', 'b"C|\n']),
        ("[|C4|]\n", ["[|C4|]\n"]),
    ],
)
def test_odd_lines_are_cut_as_by_the_reference(line, bars):
    assert words(line) == bars


@pytest.mark.parametrize(
    ("length", "last"), [(61, [124, 10, 2]), (62, [67, 124, 10]), (63, [67, 67, 124]), (64, [67, 67, 67])]
)
def test_a_long_bar_loses_its_end_id_then_its_line_end_then_its_characters(length, last):
    row = encode("K:C\n" + "C" * (length - 1) + "|\n", Reading.CLAMP2)[2]
    assert row[-3:].tolist() == last


def test_the_readings_differ_in_what_they_leave_out():
    text = "%Romantic | x\nL:1/8\nK:C\nC|\n"
    assert words(text, Reading.CLAMP2) == ["%Romantic |\n", "L:1/8\n", "K:C\n", "C|\n"]
    assert words(text, Reading.NOTAGEN) == ["L:1/8\n", "K:C\n", "C|\n"]
    assert words(text, Reading.CLAMP3) == ["%Romantic |\n", "K:C\n", "C|\n"]


def test_line_ends_of_windows_and_letters_with_accents_read_plainly():
    assert words("T:Café\r\nK:C\r\nC|\r\n") == ["T:Cafe\n", "K:C\n", "C|\n"]


def test_messages_of_one_kind_share_a_patch():
    assert words("ticks_per_beat 480\nnote_on 1 0 60 9\nnote_on 2 0 61 9\nset_tempo 5 0\n") == [
        "ticks_per_beat 480\n",
        "note_on 1 0 60 9\t2 0 61 9\n",
        "set_tempo 5 0\n",
    ]


def test_no_text_is_an_error():
    with pytest.raises(ValueError, match="without a character"):
        encode("", Reading.CLAMP3)

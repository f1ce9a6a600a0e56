from curator.notation.letters import plain_letters


def test_accents_fall_off_and_signs_become_plain():
    assert plain_letters("Gymnopédie № 1: “très lent” – ¾ ♯") == 'Gymnopedie No.  1: "tres lent" -  3/4 #'
    assert plain_letters("Œuvres, Øystein, Straße, Łódź, Đorđe") == "OEuvres, Oystein, Strasse, Lodz, Dorde"
    assert plain_letters("Чайковский, Σάτι") == "Chaikovskii, Sati"


def test_plain_text_stays_and_what_has_no_reading_is_left_out():
    assert plain_letters("no change") == "no change"
    assert plain_letters("a音b") == "ab"


def test_accents_written_apart_fall_off_as_well():
    assert plain_letters("e\u0301") == "e"

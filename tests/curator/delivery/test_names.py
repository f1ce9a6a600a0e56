import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.delivery.names import STEM, slug, stem, unique


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Dachboden", "dachboden"),
        ("Die Hand im Staub", "die-hand-im-staub"),
        ("Über-Größe, naïve!", "ueber-groesse-naive"),
        ("", "cue"),
        ("灯り", "cue"),
        ("../../etc/passwd", "etc-passwd"),
        ("a" * 80, "a" * 32),
    ],
)
def test_slug_is_ascii_words(title, expected):
    assert slug(title) == expected


def test_stem_names_cue_title_and_version():
    assert stem("1m1", "Dachboden", 2) == "1m1_dachboden_v2"
    assert stem("1M2a", "Über", 0) == "1m2a_ueber_v1"


@given(number=st.text(max_size=8), title=st.text(max_size=80), version=st.integers(-3, 400))
def test_stem_is_always_of_the_contracts_form(number, title, version):
    assert STEM.fullmatch(stem(number, title, version))


@given(st.lists(st.sampled_from(["1m1_a_v1", "1m1_b_v1", "1m1_a_v1-2"]), max_size=6))
def test_unique_keeps_order_and_repeats_nothing(stems):
    names = unique(stems)
    assert len(set(names)) == len(names) == len(stems)
    assert all(name.startswith(stem) for name, stem in zip(names, stems, strict=True))

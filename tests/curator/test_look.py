from fractions import Fraction

import pytest
from django.utils import translation
from django.utils.module_loading import autodiscover_modules

from curator import jobs
from curator.models.jobs import Job
from curator.templatetags import look


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00.0"), (87.3, "1:27.3"), (59.96, "1:00.0"), (3725.04, "1:02:05.0")]
)
def test_duration(seconds, text):
    assert look.duration(seconds) == text


def test_numbers_in_german():
    with translation.override("de"):
        assert (look.duration(87.3), look.plain(66.5), look.plain(66)) == ("1:27,3", "66,5", "66")


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0\u2009%"), (0.004, "<1\u2009%"), (0.58, "58\u2009%"), (0.997, ">99\u2009%"), (1, "100\u2009%")],
)
def test_percent(share, text):
    assert look.percent(share) == text


def test_numbers_are_rounded_not_cut():
    assert [look.number(value, 1) for value in (0.96, -1.06, -0.04, 2)] == ["1.0", "\u22121.1", "0.0", "2.0"]


def test_frame_rates():
    assert (look.fps(Fraction(24)), look.fps(Fraction(30000, 1001))) == ("24", "29.97")


def test_every_kind_of_job_has_a_name():
    autodiscover_modules("tasks")
    kinds = [kind for kind in jobs.KINDS if not kind.startswith("test.")]
    assert {"curator.render", "generation.score", "training.taste"} < set(kinds)
    assert [kind for kind in kinds if look.job_name(Job(kind=kind)) == kind] == []


def test_a_cell_a_bar():
    assert look.progress_cells(2, 4) == look.Cells(
        done="M0 2h244v6h-244zM250 2h244v6h-244z", left="M500 2h244v6h-244zM750 2h244v6h-244z"
    )


def test_many_bars_become_one():
    assert look.progress_cells(50, 200) == look.Cells(done="M0 2h250v6h-250z", left="M250 2h750v6h-750z")


def test_url_or_none_is_empty_for_a_page_that_is_not_there():
    assert (look.url_or_none("nowhere"), look.url_or_none("workers")) == ("", "/workers/")

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from curator.domain.media import store_media
from tests.curator.domain.test_housekeeping import age

pytestmark = pytest.mark.django_db


def tidy(*arguments: str) -> str:
    out = StringIO()
    call_command("tidy", *arguments, stdout=out)
    return out.getvalue().strip()


def test_tidy_removes_and_tells():
    store_media(data=b"old", suffix=".svg")
    assert json.loads(tidy("--json")) == {"renderings": 0, "files": 0, "bytes": 0}
    age()
    assert json.loads(tidy("--json", "--hours", "1")) == {"renderings": 0, "files": 1, "bytes": 3}
    assert tidy() == "0 renderings and 0 files removed, 0.0 MB."


@pytest.mark.parametrize("hours", ["0", "-1", "nan", "1e9"])
def test_tidy_refuses_a_grace_in_which_something_is_being_made(hours):
    with pytest.raises(CommandError, match="what is just being made must stay"):
        tidy("--hours", hours)

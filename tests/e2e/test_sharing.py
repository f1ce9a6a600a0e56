"""Several worker processes share the candidates of one request, over either broker."""

import os

import pytest

pytestmark = pytest.mark.kill

REDIS = os.environ.get("CUEWRIGHT_TEST_BROKER_URL", "redis://127.0.0.1:6379/9")
COUNT = 12
MOST = 20 * COUNT
"""Takes of so many requests one after the other, of which one is to be written by all three."""

BY = (
    "select count(distinct j.worker_id), count(distinct c.take_id), count(*) from generation_candidate c"
    " join curator_job j on j.id = c.job_id where c.state = 'written'"
    " and c.request_id = (select max(id) from generation_cuerequest)"
)


@pytest.mark.parametrize("broker", ["filesystem", "redis"])
def test_three_workers_write_one_request(installation, broker):
    installation.settings = {"CUEWRIGHT_BESIDE": "1"} | ({"BROKER_URL": REDIS} if broker == "redis" else {})
    installation.serve()
    for _ in range(2):
        installation.start("work", "--queue", "gpu")
    up = "select count(*) from curator_worker where stopped_at is null and queues like '%gpu%'"
    installation.wait(up, 3)
    writers, asked = 0, 0
    while writers < 3:  # the first request may be written before the last worker has loaded the model
        assert asked < MOST, installation.logs()
        asked += COUNT
        installation.manage("generate_cues", "--film", "demo", "--cue", "1m1", "--count", str(COUNT))
        installation.wait("select count(*) from generation_candidate where state = 'written'", asked)
        writers, takes, candidates = installation.rows(BY)[0]
        assert (takes, candidates) == (COUNT, COUNT)
        installation.wait("select count(*) from curator_job where state in ('queued', 'running')", 0)
    assert installation.rows("select count(*) from curator_take") == [(asked,)]
    assert installation.rows("select count(*) from curator_job where state = 'failed'") == [(0,)]

"""Several worker processes share the candidates of one request, over either broker."""

import os

import pytest

pytestmark = pytest.mark.kill

REDIS = os.environ.get("CUEWRIGHT_TEST_BROKER_URL", "redis://127.0.0.1:6379/9")
COUNT = 36
"""Enough that a worker which has to load the model first still finds some to write."""

BY = (
    "select count(distinct j.worker_id), count(distinct c.take_id), count(*) from generation_candidate c"
    " join curator_job j on j.id = c.job_id where c.state = 'written'"
)


@pytest.mark.parametrize("broker", ["filesystem", "redis"])
def test_three_workers_write_one_request(installation, broker):
    installation.settings = {"CUEWRIGHT_BESIDE": "1"} | ({"BROKER_URL": REDIS} if broker == "redis" else {})
    installation.serve()
    for _ in range(2):
        installation.start("work", "--queue", "gpu")
    up = "select count(*) from curator_worker where stopped_at is null and queues like '%gpu%'"
    installation.wait(up, 3, 60)
    installation.manage("generate_cues", "--film", "demo", "--cue", "1m1", "--count", str(COUNT))
    installation.wait("select count(*) from generation_candidate where state = 'written'", COUNT, 400)
    assert installation.rows(BY) == [(3, COUNT, COUNT)]
    installation.wait("select count(*) from curator_job where state in ('queued', 'running')", 0, 400)
    assert installation.rows("select count(*) from curator_take") == [(COUNT,)]
    assert installation.rows("select count(*) from curator_job where state = 'failed'") == [(0,)]

"""What a cue named as its theme stays, when a cue may use several."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


@pytest.mark.django_db(transaction=True)
def test_the_theme_of_a_cue_becomes_a_statement_of_it():
    executor = MigrationExecutor(connection)
    executor.migrate([("curator", "0006_gpu_turns")])
    old = executor.loader.project_state([("curator", "0006_gpu_turns")]).apps
    film = old.get_model("curator", "Film").objects.create(slug="old", title="Old", public_id="oldfilm00000")
    theme = old.get_model("curator", "Theme").objects.create(film=film, name="The lantern")
    plan = {"film": film, "in_frame": 0, "out_frame": 24, "bars": 1}
    cue = old.get_model("curator", "Cue").objects.create(number="1m1", theme=theme, public_id="oldcue000001", **plan)
    old.get_model("curator", "Cue").objects.create(number="1m2", public_id="oldcue000002", **plan)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    from curator.models.themes import CueTheme

    found = list(CueTheme.objects.values_list("cue", "theme", "how", "bar"))
    assert found == [(cue.pk, theme.pk, "statement", 1)]

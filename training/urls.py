"""URLs of the training app."""

from django.urls import path

from curator.views.api import token_urls
from training.views import api, checkpoints, gate, machines, preferences, rounds, sets, taste

urlpatterns = [
    path("training/", sets.training, name="training"),
    path("api/pods/", token_urls(api.pods_api)),
    path("training/sets/new/", sets.new_set, name="training_new"),
    path("training/sets/new/confirm/", sets.confirm, name="training_confirm"),
    path("training/sets/builds/", sets.builds, name="training_builds"),
    path("training/sets/builds/<str:public_id>/cancel/", sets.cancel_build, name="training_cancel"),
    path("training/sets/<str:public_id>/", sets.training_set, name="training_set"),
    path("training/sets/<str:public_id>/files.zip", sets.set_archive, name="training_zip"),
    path("training/rounds/", rounds.rounds, name="rounds"),
    path("training/rounds/new/", rounds.new_round, name="new_round"),
    path("training/rounds/<str:public_id>/", rounds.one_round, name="round"),
    path("training/rounds/<str:public_id>/stop/", rounds.stop, name="stop_round"),
    path("training/rounds/<str:public_id>/resume/", rounds.resume, name="resume_round"),
    path("training/rounds/<str:public_id>/gate/", gate.gate, name="round_gate"),
    path("training/rounds/<str:public_id>/gate/measure/", gate.measure, name="measure_round"),
    path("training/rounds/<str:public_id>/gate/stop/", gate.stop_measuring, name="stop_measuring"),
    path("training/rounds/<str:public_id>/gate/match/", gate.match, name="match_round"),
    path("training/rounds/<str:public_id>/gate/match/end/", gate.end_match, name="end_match"),
    path("training/rounds/<str:public_id>/promote/", gate.promote_result, name="promote_round"),
    path("training/rounds/<str:public_id>/roll-back/", gate.roll_result_back, name="roll_back_round"),
    path("training/matches/<str:key>/", gate.of_match, name="match"),
    path("training/machines/", machines.machines, name="machines"),
    path("training/checkpoints/", checkpoints.checkpoints, name="checkpoints"),
    path("training/checkpoints/<str:public_id>/", checkpoints.checkpoint, name="checkpoint"),
    path("training/checkpoints/<str:public_id>/prepare/", checkpoints.prepare, name="checkpoint_prepare"),
    path("training/checkpoints/<str:public_id>/delete/", checkpoints.delete, name="checkpoint_delete"),
    path("training/checkpoints/<str:public_id>/weights.<str:ending>", checkpoints.weights, name="checkpoint_file"),
    path("training/preferences/", preferences.preferences, name="preferences"),
    path("training/preferences/freeze/", preferences.freeze, name="freeze_preferences"),
    path("training/preferences/<str:public_id>/", preferences.preference_set, name="preference_set"),
    path("training/preferences/<str:public_id>/<str:name>", preferences.preference_file, name="preference_file"),
    path("training/taste/", taste.taste, name="taste"),
    path("training/taste/learn/", taste.learn, name="taste_learn"),
    path("training/taste/switch/", taste.switch, name="taste_switch"),
]

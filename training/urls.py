"""URLs of the training app."""

from django.urls import path

from training.views import preferences, sets

urlpatterns = [
    path("training/", sets.training, name="training"),
    path("training/preferences/", preferences.preferences, name="preferences"),
    path("training/preferences/freeze/", preferences.freeze, name="freeze_preferences"),
    path("training/preferences/<str:public_id>/", preferences.preference_set, name="preference_set"),
    path("training/preferences/<str:public_id>/<str:name>", preferences.preference_file, name="preference_file"),
]

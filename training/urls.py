"""URLs of the training app."""

from django.urls import path

from training.views import sets

urlpatterns = [
    path("training/", sets.training, name="training"),
]

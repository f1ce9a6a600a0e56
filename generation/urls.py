"""URLs of the generation app."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []

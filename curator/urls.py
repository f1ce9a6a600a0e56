"""All URLs. The apps above are included by name."""

from django.urls import include, path

from curator.views import accounts, media

urlpatterns = [
    path("sign-in/", accounts.sign_in, name="sign_in"),
    path("sign-in/<str:token>/", accounts.sign_in_link, name="sign_in_link"),
    path("sign-out/", accounts.sign_out, name="sign_out"),
    path("language/", include("django.conf.urls.i18n")),
    path("media/<str:token>/", media.media, name="media"),
    path("", include("generation.urls")),
    path("", include("training.urls")),
]

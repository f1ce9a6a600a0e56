"""All URLs. The apps above are included by name."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from curator.views import (
    accounts,
    components,
    delivery,
    films,
    library,
    listen,
    media,
    scores,
    standings,
    wall,
    workers,
)

urlpatterns = [
    path("", films.home, name="home"),
    path("films/<slug:slug>/", films.film, name="film"),
    path("films/<slug:slug>/desk/<str:number>/<int:take>/", scores.take, name="take"),
    path("scores/<str:public_id>/", scores.score, name="score"),
    path("scores/<str:public_id>/score.musicxml", scores.score_musicxml, name="score_musicxml"),
    path("scores/<str:public_id>/again/", scores.render_again, name="render_again"),
    path("sounds/<str:key>.mp3", scores.sound_mp3, name="sound_mp3"),
    path("library/", library.library, name="library"),
    path("library/views/", library.keep_view, name="keep_view"),
    path("library/views/<str:public_id>/forget/", library.forget_view, name="forget_view"),
    path("library/add/", library.add_scores, name="add_scores"),
    path("library/imports/", library.imports, name="imports"),
    path("library/imports/<str:public_id>/retry/", library.retry, name="retry_import"),
    path("library/imports/<str:public_id>/forget/", library.forget, name="forget_import"),
    path("workers/", workers.workers, name="workers"),
    path("workers/chip/", workers.job_chip, name="job_chip"),
    path("jobs/<str:public_id>/cancel/", workers.cancel_job, name="cancel_job"),
    path("components/", components.components, name="components"),
    path("sign-in/", accounts.sign_in, name="sign_in"),
    path("sign-in/<str:token>/", accounts.sign_in_link, name="sign_in_link"),
    path("sign-out/", accounts.sign_out, name="sign_out"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("media/<str:token>/", media.media, name="media"),
    path("films/<slug:slug>/listen/<str:number>/", listen.listen, name="listen"),
    path("films/<slug:slug>/listen/<str:number>/judge/", listen.judge, name="judge"),
    path("films/<slug:slug>/listen/<str:number>/undo/", listen.undo, name="undo_judgement"),
    path("sounds/<str:token>/", listen.sound, name="sound"),
    path("films/<slug:slug>/wall/", wall.wall, name="wall"),
    path("films/<slug:slug>/standings/<str:number>/", standings.standings, name="standings"),
    path("films/<slug:slug>/standings/<str:number>/approve/", standings.approve, name="approve_cue"),
    path("films/<slug:slug>/standings/<str:number>/revoke/", standings.revoke, name="revoke_approval"),
    path("films/<slug:slug>/delivery/", delivery.delivery, name="delivery"),
    path("films/<slug:slug>/delivery/package/", delivery.deliver_package, name="deliver_film"),
    path("films/<slug:slug>/delivery/<str:number>/", delivery.deliver_one, name="deliver_cue"),
    path("deliveries/<str:public_id>/", delivery.delivered_file, name="delivered_file"),
    path("", include("generation.urls")),
    path("", include("training.urls")),
]

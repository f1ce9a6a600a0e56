"""URLs of the generation app."""

from django.urls import path

from generation.views import again, asking, desk, ear, pieces

urlpatterns = [
    path("scores/<str:public_id>/about/", pieces.about, name="piece_about"),
    path("films/<slug:slug>/ask/", asking.ask_film, name="ask_film"),
    path("films/<slug:slug>/desk/<str:number>/", desk.desk, name="desk"),
    path("films/<slug:slug>/ear/<str:number>/", ear.ear, name="ear"),
    path("films/<slug:slug>/ear/<str:number>/score/", ear.score, name="ear_score"),
    path("films/<slug:slug>/ear/<str:number>/encoder/", ear.use, name="ear_encoder"),
    path("films/<slug:slug>/ear/<str:number>/style/", ear.style, name="ear_style"),
    path("films/<slug:slug>/desk/<str:number>/live/", desk.desk_live, name="desk_live"),
    path("films/<slug:slug>/desk/<str:number>/cancel/", desk.cancel_takes, name="cancel_takes"),
    path("films/<slug:slug>/desk/<str:number>/cancel/<str:candidate>/", desk.cancel_take, name="cancel_take"),
    path("films/<slug:slug>/desk/<str:number>/again/<str:candidate>/", again.write_again, name="write_again"),
    path("films/<slug:slug>/desk/<str:number>/mend/<str:candidate>/", again.mend, name="mend_take"),
    path("films/<slug:slug>/desk/<str:number>/<int:take>/state/", desk.take_state, name="take_state"),
    path("films/<slug:slug>/desk/<str:number>/<int:take>/again/", again.take_again, name="take_again"),
    path("films/<slug:slug>/desk/<str:number>/<int:take>/edit/", again.edit, name="edit_take"),
    path("presets/<str:public_id>/forget/", asking.forget_settings, name="forget_preset"),
    path("writing/pause/", asking.pause_writing, name="pause_writing"),
]

"""The film's picture: the video under which cues are heard."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from curator.domain.errors import DomainError
from curator.domain.pictures import picture_file, remove_picture, set_picture
from curator.forms import PictureForm
from curator.models.film import Film
from curator.views.access import SignedInRequest, owner
from curator.views.media import media_url


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def picture(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the picture; POST puts another one in its place, or takes it away."""
    film = get_object_or_404(Film.objects.real(), slug=slug)
    form = PictureForm(request.POST, request.FILES) if request.method == "POST" else PictureForm()
    if request.method == "POST" and "remove" in request.POST:
        remove_picture(film=film)
        return redirect("film_picture", slug)
    if request.method == "POST" and form.is_valid():
        try:
            set_picture(film=film, file=form.cleaned_data["video"].file)
        except DomainError as error:
            form.add_error("video", str(error))
        else:
            messages.success(request, _("Cues of this film are heard under the picture now."))
            return redirect("film_picture", slug)
    found = picture_file(film=film)
    context = {"film": film, "form": form, "video_url": media_url(found, request.user) if found else ""}
    return render(request, "curator/film_picture.html", context, status=400 if form.errors else 200)

"""For machines: lists and fetches approved cues with a token, never with a cookie. Described by docs/openapi.json."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

from django.contrib.auth.decorators import login_not_required
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, reverse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, AuthorizationError, HttpError
from ninja.security import HttpBearer

from curator.delivery.package import pack
from curator.domain.delivery import deliver_cue, deliver_film, package_name
from curator.domain.errors import DomainError
from curator.domain.media import CONTENT_TYPES
from curator.domain.packing import film_facts, package_files
from curator.domain.preparing import Prepared, prepare_film
from curator.domain.tokens import FETCH, LIST, TooMany, use_token
from curator.models.delivery import ApiToken
from curator.models.film import Film
from curator.models.ranking import Approval
from curator.schemas import CuesTold, CueTold, FileTold, FilmTold, ProblemTold, Refusal
from curator.views.media import send_bytes

Kind = Literal["musicxml", "mid", "abc"]
REFUSALS: Mapping[Any, Any] = {
    401: Refusal,
    403: Refusal,
    404: Refusal,
    409: Refusal,
    429: Refusal,
}

# A file comes whole, in part (Range) or not at all when it is known (If-None-Match).
FILE = {
    "responses": {
        200: {
            "description": "OK",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        206: {"description": "Partial Content"},
        304: {"description": "Not Modified"},
        416: {"description": "Range Not Satisfiable"},
    }
}


class TooOften(Exception):
    """A token was used too often; `seconds` until it may come again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Bearer(HttpBearer):
    """The token that stands in `Authorization: Bearer …`; `authenticate` tells whose it is."""

    def __call__(self, request: HttpRequest) -> Any:
        """What `authenticate` finds; None without such a header."""
        # ninja's own way would write a header that it does not know into the log
        kind, _space, text = request.headers.get("Authorization", "").partition(" ")
        return self.authenticate(request, text.strip()) if kind.lower() == "bearer" else None


class Token(Bearer):
    """`Authorization: Bearer cuewright_…`, good for one scope. Cookies count for nothing here."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:  # noqa: ARG002 (as ninja calls it)
        """The row of a good token with this scope; None for no good one. Raises TooOften and AuthorizationError."""
        found = use_token(text=token)
        if isinstance(found, TooMany):
            raise TooOften(found.seconds)
        if found is not None and self.scope not in found.scopes:
            raise AuthorizationError(message="This token may not do that.")
        return found


api = NinjaAPI(
    title="Cuewright",
    version="1",
    description="Approved cues of a film, for Digital Director and scripts. At most 120 calls a minute with a token.",
    docs_url=None,
    urls_namespace="api",
    auth=Token(LIST),
)


@api.exception_handler(AuthenticationError)
def without_token(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """401 for no token and for one that is no good; it does not say which."""
    answer = api.create_response(request, {"detail": "No good token."}, status=error.status_code)
    answer["WWW-Authenticate"] = 'Bearer realm="cuewright"'
    return answer


@api.exception_handler(TooOften)
def too_often(request: HttpRequest, error: TooOften) -> HttpResponse:
    """429, and when to come again."""
    answer = api.create_response(request, {"detail": "Too many calls with this token."}, status=429)
    answer["Retry-After"] = str(error.seconds)
    return answer


@api.exception_handler(DomainError)
def not_now(request: HttpRequest, error: DomainError) -> HttpResponse:
    """409 with the sentence that the page would show."""
    return api.create_response(request, {"detail": str(error)}, status=409)


@api.get("films", response={200: list[FilmTold], **REFUSALS}, url_name="films", operation_id="films")
def films(request: HttpRequest) -> HttpResponse:
    """The films that the token sees."""
    held = Approval.objects.filter(revoked_at__isnull=True, cue__practice=False).order_by()
    counts = dict(held.values_list("cue__film").annotate(Count("pk")))
    rows = Film.objects.real().order_by("created_at", "pk")
    return _json(request, [_film(film, counts.get(film.pk, 0)) for film in rows if _sees(request, film)])


@api.get("films/{slug}/cues", response={200: CuesTold, **REFUSALS}, url_name="cues", operation_id="cues")
def cues(request: HttpRequest, slug: str) -> HttpResponse:
    """The approved cues of a film with their files, and those that cannot be fetched."""
    film = _seen(request, slug)
    prepared, problems = prepare_film(film=film)
    told = CuesTold(
        film=film.slug,
        cues=[_cue(film, each) for each in prepared],
        problems=[ProblemTold(number=each.cue.number, about=each.about, sentence=each.sentence) for each in problems],
    )
    return _json(request, told)


@api.get(
    "films/{slug}/package",
    auth=Token(FETCH),
    response=REFUSALS,
    openapi_extra=FILE,
    url_name="package",
    operation_id="package",
)
def package(request: HttpRequest, slug: str) -> HttpResponse:
    """All approved cues of a film as one zip, as the delivery page makes it. ETag and Range as for any file."""
    film = _seen(request, slug)
    prepared, problems = prepare_film(film=film)
    if not prepared:
        raise HttpError(409, problems[0].sentence if problems else "No cue is approved.")
    data = pack(package_files(film=film, prepared=prepared))
    answer = _file(request, package_name(film, prepared), data)
    if answer.status_code == 200 and request.method == "GET":
        deliver_film(film=film, by=_token(request).created_by, channel="api")
    return answer


@api.get(
    "films/{slug}/cues/{number}/{kind}",
    auth=Token(FETCH),
    response=REFUSALS,
    openapi_extra=FILE,
    url_name="cue_file",
    operation_id="cue_file",
)
def cue_file(request: HttpRequest, slug: str, number: str, kind: Kind) -> HttpResponse:
    """One file of an approved cue, whole or a range; If-None-Match answers 304. Fetching it whole is a delivery."""
    film = _seen(request, slug)
    good, bad = prepare_film(film=film, numbers=[number])
    if bad:
        raise HttpError(409, bad[0].sentence)
    if not good:
        raise Http404
    suffix = f".{kind}"
    answer = _file(request, f"{good[0].stem}{suffix}", good[0].files[suffix])
    if answer.status_code == 200 and request.method == "GET":
        cue = good[0].cue
        deliver_cue(cue=cue, by=_token(request).created_by, channel="api", suffix=suffix)
    return answer


def token_urls(of: NinjaAPI) -> tuple[list[URLPattern | URLResolver], str, str]:
    """The URLs of an API, which sign-in does not guard: each call brings its token. The description is open."""
    patterns, app, namespace = of.urls
    for pattern in patterns:
        if pattern.callback is not None:
            pattern.callback = login_not_required(pattern.callback)
    return patterns, app, namespace


def _token(request: HttpRequest) -> ApiToken:
    token: ApiToken = request.auth  # type: ignore[attr-defined] # what the Token above has found
    return token


def _sees(request: HttpRequest, film: Film) -> bool:
    return _token(request).film_id in (None, film.pk)


def _seen(request: HttpRequest, slug: str) -> Film:
    """A film that the token sees; another one is not there."""
    film = Film.objects.real().filter(slug=slug).first()
    if film is None or not _sees(request, film):
        raise Http404
    return film


def _film(film: Film, approved: int) -> FilmTold:
    return FilmTold(
        slug=film.slug,
        title=film.title,
        fps=film_facts(film).fps,
        cues_url=reverse("api:cues", args=[film.slug]),
        package_url=reverse("api:package", args=[film.slug]),
        approved=approved,
    )


def _cue(film: Film, each: Prepared) -> CueTold:
    files = [
        FileTold(
            kind=suffix[1:],
            name=f"{each.stem}{suffix}",
            bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            url=reverse("api:cue_file", args=[film.slug, each.cue.number, suffix[1:]]),
        )
        for suffix, data in each.files.items()
    ]
    return CueTold(
        number=each.cue.number,
        title=each.cue.title,
        version=each.sheet.version,
        approved_at=each.approval.created_at.isoformat(timespec="seconds"),
        bars=each.exported.bars,
        seconds=float(round(each.exported.ends, 3)),
        fits=each.fits,
        files=files,
    )


def _json(request: HttpRequest, told: Schema | list[FilmTold]) -> HttpResponse:
    plain = [each.model_dump(mode="json") for each in told] if isinstance(told, list) else told.model_dump(mode="json")
    data = (json.dumps(plain, ensure_ascii=False) + "\n").encode()
    version = hashlib.sha256(data).hexdigest()
    return _fresh(send_bytes(request, data, content_type="application/json", version=version))


def _file(request: HttpRequest, name: str, data: bytes) -> HttpResponse:
    content_type = CONTENT_TYPES[name[name.rindex(".") :]]
    version = hashlib.sha256(data).hexdigest()
    answer = _fresh(send_bytes(request, data, content_type=content_type, version=version))
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _fresh(answer: HttpResponse) -> HttpResponse:
    """What was approved may change at any time: ask again each time, with the ETag."""
    answer["Cache-Control"] = "private, no-cache"
    return answer

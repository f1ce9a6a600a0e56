"""Uploads that are many scores, a zip file or a list of addresses: each a job whose result says what became of it."""

import io
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.library import MANIFEST_JOB, PARCEL_JOB, About, PutUp, read_put_up, upload_score
from curator.domain.manifests import MOST_MANIFEST, import_lines, read_manifest
from curator.domain.media import read_media, store_media
from curator.domain.sentences import say
from curator.downloads import Fetcher
from curator.jobs import Run, enqueue
from curator.models.accounts import User
from curator.models.jobs import Job
from curator.models.library import MediaFile
from curator.notation.errors import NotationError
from curator.notation.parcel import is_parcel, open_parcel

MOST_TOLD = 200
"""So many refused files are named in the result of one job."""


def upload_file(
    *,
    name: str,
    data: bytes,
    about: About | None = None,
    put_up: PutUp | None = None,
    created_by: User | None = None,
) -> Job:
    """Keep a score, a zip file of scores or a JSON list of addresses, and have a worker see to it.

    put_up: the cue for which the scores are put up as takes; not for lists. Raises DomainError for what needs no
    worker to be refused.
    """
    if is_parcel(name):
        most = settings.MAX_UPLOAD_MB * 1_000_000
        if len(data) > most:
            raise DomainError(_("The file is larger than %(size)d MB.") % {"size": settings.MAX_UPLOAD_MB})
        try:
            open_parcel(io.BytesIO(data))
        except NotationError as error:
            raise DomainError(say(error.sentence)) from error
        more = {"put_up": put_up.words} if put_up else {}
        return _keep(PARCEL_JOB, name, data, created_by, about=_words(about), **more)
    if name.lower().endswith(".json"):
        if len(data) > MOST_MANIFEST:
            raise DomainError(_("The list is larger than %(size)d MB.") % {"size": MOST_MANIFEST // 1_000_000})
        read_manifest(data)
        return _keep(MANIFEST_JOB, name, data, created_by)
    return upload_score(name=name, data=data, about=about, put_up=put_up, created_by=created_by)


def unpack_upload(
    *,
    media: int,
    about: dict[str, Any],
    user: int | None,
    language: str | None,
    put_up: Mapping[str, Any] | None = None,
    run: Run,
) -> dict[str, Any]:
    """Make an upload of every score in a kept zip file, as if each had been added by itself."""
    refused: list[list[str]] = []
    taken = 0
    words = About(**{**about, "title": "", "tags": tuple(about.get("tags", ()))})
    with override(language):
        try:
            scores, others = open_parcel(io.BytesIO(_kept(media)))
        except NotationError as error:
            raise DomainError(say(error.sentence)) from error
        for score in scores:
            run.check()
            try:
                if score.reason:
                    raise DomainError(say(score.reason))
                with run.commit():
                    last = PurePosixPath(score.name).name
                    upload_score(
                        name=last, data=score.data, about=words, put_up=read_put_up(put_up), created_by=_user(user)
                    )
                taken += 1
            except DomainError as error:
                refused.append([score.name, str(error)])
    return {"status": "parcel", "taken": taken, "refused": refused[:MOST_TOLD], "others": list(others[:MOST_TOLD])}


def import_list(
    *, media: int, user: int | None, language: str | None, run: Run, fetcher: Fetcher | None = None
) -> dict[str, Any]:
    """Fetch and import what a kept list names; what earlier runs did is not done again."""
    sums = {"imported": 0, "duplicate": 0, "refused": 0}
    refused: list[list[str]] = []
    left = 0
    with override(language):
        lines = read_manifest(_kept(media))
        outcomes = import_lines(lines=lines, fetcher=fetcher or Fetcher(), created_by=_user(user))
        for done, outcome in enumerate(outcomes, start=1):
            sums[outcome.status] += 1
            left += outcome.again
            if outcome.status == "refused":
                refused.append([outcome.line.url or outcome.line.piece, outcome.reason])
            run.progress(done, len(lines))
    return {"status": "list", "sums": sums, "left": left, "refused": refused[:MOST_TOLD]}


def _keep(kind: str, name: str, data: bytes, created_by: User | None, **more: Any) -> Job:
    media = store_media(data=data, suffix=".upload")
    arguments = {"media": media.pk, "name": name[-255:], "user": created_by.pk if created_by else None}
    arguments |= {"language": get_language(), **more}
    return enqueue(
        kind=kind,
        queue="cpu",
        arguments=arguments,
        key=f"{kind}:{media.sha256}" + (f":{more['put_up']['to']}" if "put_up" in more else ""),
        priority=5,
        created_by=created_by,
    )


def _kept(media: int) -> bytes:
    try:
        return read_media(MediaFile.objects.get(pk=media))
    except FileNotFoundError as error:
        raise DomainError(_("The uploaded file is gone from the storage; add it again.")) from error


def _words(about: About | None) -> dict[str, Any]:
    about = about or About()
    return {
        "composer": about.composer,
        "period": about.period,
        "instrumentation": about.instrumentation,
        "tags": list(about.tags),
    }


def _user(pk: int | None) -> User | None:
    return User.objects.filter(pk=pk).first() if pk else None

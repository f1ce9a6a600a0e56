"""The one view for files: authorised, with Range and ETag, in small pieces under ASGI."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from asgiref.sync import sync_to_async
from django.core import signing
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import aget_object_or_404
from django.urls import reverse
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from curator.models.accounts import User
from curator.models.library import MediaFile

CHUNK = 256 * 1024
_SALT = "curator.media"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")  # no file is longer; longer numbers are not even read


def media_url(media: MediaFile, user: User, nonce: str = "") -> str:
    """A URL of `media` for `user` alone. It says nothing of the file; `nonce` makes it new for each pair."""
    token = signing.dumps([media.pk, user.pk, nonce], salt=_SALT)
    return reverse("media", args=[token])


@require_safe
async def media(request: HttpRequest, token: str) -> HttpResponseBase:
    """Serve the file that `token` names to the user it was made for."""
    try:
        media_id, user_id, _nonce = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError) as error:
        raise Http404 from error
    user = await request.auser()
    if user.pk != user_id:
        raise Http404
    return await send_media(request, await aget_object_or_404(MediaFile, pk=media_id))


async def send_media(request: HttpRequest, row: MediaFile) -> HttpResponseBase:
    """Answer a GET or HEAD for a file, whole or a range; the caller has authorised it."""
    part = _part(request, size=row.size, etag=row.sha256[:32], content_type=row.content_type)
    if isinstance(part, HttpResponse):
        return part
    try:
        file = await sync_to_async(default_storage.open, thread_sensitive=False)(row.name)
    except FileNotFoundError as error:
        raise Http404 from error
    return StreamingHttpResponse(
        _pieces(file, part.first, part.length), status=part.status, headers=part.headers, content_type=row.content_type
    )


async def send_file(path: Path, *, name: str) -> HttpResponseBase:
    """A file of any size as a download called `name`; the caller has authorised it. Raises Http404 without it."""
    try:
        file: IO[bytes] = await sync_to_async(_open, thread_sensitive=False)(path)
    except FileNotFoundError as error:
        raise Http404 from error
    size = path.stat().st_size
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(size),
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingHttpResponse(_pieces(file, 0, size), headers=headers, content_type="application/octet-stream")


def send_bytes(request: HttpRequest, content: bytes, *, content_type: str, version: str) -> HttpResponse:
    """The same for something small that is in memory; `version` stands in the ETag: no hash of the content tells."""
    part = _part(request, size=len(content), etag=version, content_type=content_type)
    if isinstance(part, HttpResponse):
        return part
    body = content[part.first : part.first + part.length]
    return HttpResponse(body, status=part.status, headers=part.headers, content_type=content_type)


@dataclass(frozen=True)
class _Part:
    """What of a file is sent."""

    first: int
    length: int
    status: int
    headers: dict[str, str]


def _part(request: HttpRequest, *, size: int, etag: str, content_type: str) -> _Part | HttpResponse:
    """What is to be sent, or the whole answer where nothing is."""
    etag = f'"{etag}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=86400",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; style-src 'none'; sandbox",
        "Content-Disposition": "inline",
    }
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponse(status=304, headers=headers)
    first, last, partial = 0, size - 1, False
    wanted = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if wanted and wanted.group() != "bytes=-" and request.headers.get("If-Range", etag) == etag:
        span = _span(wanted.group(1), wanted.group(2), size)
        if span is None:
            return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
        first, last, partial = *span, True
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    headers["Content-Length"] = str(last - first + 1)
    status = 206 if partial else 200
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers, content_type=content_type)
    return _Part(first, last - first + 1, status, headers)


def _span(start: str, end: str, size: int) -> tuple[int, int] | None:
    """First and last byte of one range, RFC 9110 section 14.1.2; None when it cannot be met."""
    if not start:
        length = int(end)
        return (max(0, size - length), size - 1) if length and size else None
    first = int(start)
    last = min(int(end), size - 1) if end else size - 1
    return (first, last) if first <= last else None


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


async def _pieces(file: IO[Any], start: int, length: int) -> AsyncIterator[bytes]:
    read = sync_to_async(file.read, thread_sensitive=False)
    try:
        await sync_to_async(file.seek, thread_sensitive=False)(start)
        while length > 0:
            piece = await read(min(CHUNK, length))
            if not piece:
                return
            length -= len(piece)
            yield piece
    finally:
        file.close()

"""A stored file as an answer: under its own name, in ranges, never as active content."""

from __future__ import annotations

import codecs
import io
from typing import Any

from flask import request, send_file
from werkzeug.wrappers import Response
from werkzeug.wsgi import FileWrapper

from portfolio.filenames import content_disposition
from portfolio.filetypes import inline_safe
from portfolio.storage import Storage

_HEAD = 64 * 1024
_PDF = "application/pdf"
# A file opened by itself can't run anything, load anything or act as this site, whatever it holds.
_CAGED = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'; sandbox"
)
# Browsers show PDF in viewers of their own, which a sandbox keeps from starting.
_PDF_POLICY = "frame-ancestors 'self'"
_A_YEAR = 365 * 24 * 3600


def deliver(
    storage: Storage,
    *,
    school_id: int,
    sha256: str,
    size: int,
    media_type: str,
    filename: str,
    download: bool,
) -> Response:
    """The bytes as a response to this request, whole, in ranges or not modified. Raises BlobMissing."""
    inline = inline_safe(media_type) and not download
    content_type = _content_type(storage, school_id, sha256, media_type)
    path = storage.local_path(school_id, sha256)
    if path is not None:
        response: Response = send_file(path, mimetype=content_type, conditional=True, etag=sha256)
    else:
        response = _streamed(storage, school_id, sha256, size, content_type)
    headers = response.headers
    headers["Content-Type"] = content_type
    headers["Content-Disposition"] = content_disposition(filename, inline)
    headers["Content-Security-Policy"] = _PDF_POLICY if media_type == _PDF else _CAGED
    headers["X-Content-Type-Options"] = "nosniff"
    # A version never changes; only this reader's own browser may keep it.
    headers["Cache-Control"] = f"private, max-age={_A_YEAR}, immutable"
    return response


def _content_type(storage: Storage, school_id: int, sha256: str, media_type: str) -> str:
    if not media_type.startswith("text/"):
        return media_type
    with storage.open(school_id, sha256, 0, _HEAD) as head:
        charset = charset_of(head.read(_HEAD))
    return f"text/plain; charset={charset}" if charset else "text/plain"


def charset_of(head: bytes) -> str | None:
    """The character set of a text by its first bytes, which may end within a character; None if none fits."""
    marked = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for charset in ("utf-16",) if marked else ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(charset)().decode(head)
        except UnicodeDecodeError:
            continue
        return charset
    return None


def _streamed(storage: Storage, school_id: int, sha256: str, size: int, content_type: str) -> Response:
    """From a remote store through this process, a piece at a time."""
    file = io.BufferedReader(_Remote(storage, school_id, sha256, size), 64 * 1024)
    response = Response(FileWrapper(file, 64 * 1024), content_type=content_type, direct_passthrough=True)
    response.content_length = size
    response.set_etag(sha256)
    return response.make_conditional(request, accept_ranges=True, complete_length=size)


class _Remote(io.RawIOBase):
    """Stored bytes as a seekable file: the store is asked only from where reading begins."""

    def __init__(self, storage: Storage, school_id: int, sha256: str, size: int) -> None:
        self._storage, self._key = storage, (school_id, sha256)
        self._size = size
        self._position = 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset != self._position:
            self._end_body()
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        if self._body is None:
            self._body = self._storage.open(*self._key, self._position)
        piece = self._body.read(len(buffer))
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        self._end_body()
        super().close()

    def _end_body(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

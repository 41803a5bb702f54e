"""Files of a form, for browsers without scripts: straight to the uploads folder, never whole in memory."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from flask import request
from flask_wtf.csrf import CSRFError, validate_csrf
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import parse_form_data
from wtforms import ValidationError  # type: ignore[import-untyped]

from portfolio import arrivals
from portfolio.errors import DomainError
from portfolio.services.uploads import megabytes
from portfolio.tokens import new_token

_FIELDS = 64 * 1024  # bytes for everything that is not a file
# What the parser may hold at once: a piece of 64 kB, and what of the last one might have begun the next part.
_HELD = 2 * _FIELDS
_MOST_PARTS = 200


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file of a form, on disk."""

    path: Path
    filename: str

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size


@contextmanager
def received_form(folder: Path, *, most: int) -> Iterator[tuple[MultiDict[str, str], list[FormFile]]]:
    """This request's form and its files, which are gone when the block ends.

    `most`: bytes of all files together. Raises DomainError (files_too_large, upload_no_room), CSRFError.
    """
    begun: list[Path] = []

    def new_file(*_announced: Any, **_more: Any) -> IO[bytes]:
        begun.append(arrivals.begin(folder, new_token()))
        return begun[-1].open("w+b")

    try:
        form, files = _parsed(new_file, most)
        _check_token(form)
        yield form, files
    finally:
        for path in begun:
            path.unlink(missing_ok=True)


def _parsed(new_file: Any, most: int) -> tuple[MultiDict[str, str], list[FormFile]]:
    try:
        _, form, files = parse_form_data(
            request.environ,
            stream_factory=new_file,
            max_content_length=most + _FIELDS,
            max_form_memory_size=_HELD,
            max_form_parts=_MOST_PARTS,
        )
    except RequestEntityTooLarge as error:
        raise DomainError("files_too_large", limit=megabytes(most)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DomainError("upload_no_room") from error
        raise
    received = []
    for part in files.getlist("files"):
        part.stream.close()  # writes what is still buffered
        if part.filename:
            received.append(FormFile(Path(part.stream.name), part.filename))
    return form, received


def _check_token(form: MultiDict[str, str]) -> None:
    """The form's CSRF token; checked here, as the body is only read once it is known who sends it."""
    try:
        validate_csrf(form.get("csrf_token") or request.headers.get("X-CSRFToken"))
    except ValidationError as error:
        raise CSRFError(str(error)) from error

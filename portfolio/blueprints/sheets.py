"""A filled-in sheet as it comes with a form: first as a file, then again with the preview that was made of it."""

from __future__ import annotations

import base64
import binascii

from flask import request

from portfolio.documents.cells import MOST_BYTES
from portfolio.errors import DomainError


def uploaded_sheet() -> bytes:
    """The file under `sheet`, no more of it than a sheet may have. Raises DomainError("sheet_missing")."""
    sent = request.files.get("sheet")
    data = sent.read(MOST_BYTES + 1) if sent is not None else b""
    if not data:
        raise DomainError("sheet_missing", field="sheet")
    return data


def carried_sheet() -> bytes:
    """The sheet as the preview carries it. Raises DomainError("sheet_missing") if that isn't one."""
    try:
        data = base64.b64decode(request.form.get("sheet", ""), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise DomainError("sheet_missing", field="sheet")
    return data


def to_carry(data: bytes) -> str:
    """The sheet for a preview to carry."""
    return base64.b64encode(data).decode()

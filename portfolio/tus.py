"""The words of tus 1.0.0 (https://tus.io/protocols/resumable-upload): headers and statuses. No Flask."""

from __future__ import annotations

import base64
import binascii
import contextlib

from portfolio.arrivals import CHECKSUMS, Checksum
from portfolio.errors import DomainError

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
BODY_TYPE = "application/offset+octet-stream"
LONGEST_METADATA = 8192  # characters
_NOT_TAKEN = (
    "file_not_on_list",
    "file_unknown_type",
    "file_active_content",
    "file_unreadable_archive",
    "file_mismatch",
)
# What each refusal is in HTTP; 460 is tus's own. Others are 422.
STATUS = {
    "upload_checksum_unknown": 400,
    "upload_cut": 400,
    "upload_metadata": 400,
    "upload_number": 400,
    "not_found": 404,
    "upload_gone": 404,
    "upload_finished": 409,
    "upload_offset": 409,
    "upload_expired": 410,
    "upload_version": 412,
    "upload_beyond_end": 413,
    "upload_too_large": 413,
    "upload_content_type": 415,
    "upload_busy": 423,
    "upload_checksum": 460,
    "storage_unavailable": 503,
    "upload_no_room": 507,
} | dict.fromkeys(_NOT_TAKEN, 415)


def read_metadata(header: str) -> dict[str, str]:
    """Upload-Metadata: comma-separated pairs of a key and, after a space, its value in base64.

    Raises DomainError("upload_metadata").
    """
    said: dict[str, str] = {}
    if len(header) > LONGEST_METADATA or not header.isascii():
        raise DomainError("upload_metadata")
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            said[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise DomainError("upload_metadata") from error
    return said


def read_checksum(header: str) -> Checksum:
    """Upload-Checksum: an algorithm, a space, and the digest in base64.

    Raises DomainError("upload_checksum_unknown").
    """
    algorithm, _, digest = header.partition(" ")
    if algorithm in CHECKSUMS:
        with contextlib.suppress(ValueError):
            return Checksum(algorithm, base64.b64decode(digest.strip(), validate=True))
    raise DomainError("upload_checksum_unknown", known=", ".join(CHECKSUMS))


def read_number(header: str, value: str) -> int:
    """A header that is a number of bytes. Raises DomainError("upload_number")."""
    if not (value.isascii() and value.isdecimal() and len(value) <= 18):
        raise DomainError("upload_number", header=header)
    return int(value)

"""What a time stamping authority says of a package (RFC 3161): asked for over the manifest, checked offline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from portfolio.documents.archive.contents import PAYLOAD
from portfolio.documents.archive.der import with_sorted_certificates

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse
    from rfc3161_client.tsp import TimeStampRequest

STAMP = f"{PAYLOAD}/manifest.json.tsr"
LARGEST = 256 * 1024  # bytes of a response; usual ones have 3 to 10 kB
_SHA256 = "2.16.840.1.101.3.4.2.1"

# why a response is no stamp of this package
UNREADABLE, REFUSED, OTHER_DIGEST, OTHER_REQUEST, SIGNATURE = (
    "unreadable",
    "refused",
    "other_digest",
    "other_request",
    "signature",
)
MATTERS = {
    UNREADABLE: "can't be read as a time stamp (RFC 3161)",
    REFUSED: "is not a time stamp: the authority refused it",
    OTHER_DIGEST: "is the time stamp of another package",
    OTHER_REQUEST: "answers another request",
    SIGNATURE: "has a signature that does not lead to the given certificates",
}


class StampInvalid(Exception):
    """A response that is no stamp of this package; `code` is one of those above."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Stamp:
    """The moment an authority vouches for: by then the manifest was what it is."""

    at: datetime
    serial: int


def query(manifest: str) -> TimeStampRequest:
    """What is sent to an authority: the SHA-256 of the manifest, a nonce, and the wish for its certificate."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    return TimestampRequestBuilder().data(manifest.encode()).hash_algorithm(HashAlgorithm.SHA256).build()


def read(response: bytes, digest: str, *, nonce: int | None = None) -> Stamp:
    """The stamp in an authority's response, if it is one over this digest. Raises StampInvalid."""
    answer = _decoded(response)
    said = answer.tst_info
    imprint = said.message_imprint
    if imprint.hash_algorithm.dotted_string != _SHA256 or imprint.message.hex() != digest:
        raise StampInvalid(OTHER_DIGEST)
    if nonce is not None and said.nonce != nonce:
        raise StampInvalid(OTHER_REQUEST)
    return Stamp(said.gen_time.astimezone(UTC), said.serial_number)


def check_signature(response: bytes, digest: str, certificates: Path) -> None:
    """Whether the stamp is signed by an authority whose certificate leads to one of these (PEM), valid at its time.

    Raises StampInvalid; OSError, ValueError for a file that holds no certificates.
    """
    from cryptography import x509
    from rfc3161_client import VerificationError, VerifierBuilder

    roots = x509.load_pem_x509_certificates(certificates.read_bytes())
    answer = _decoded(response)
    try:
        VerifierBuilder(roots=list(roots)).build().verify(answer, bytes.fromhex(digest))
    except (VerificationError, ValueError) as error:
        raise StampInvalid(SIGNATURE) from error


def _decoded(response: bytes) -> TimeStampResponse:
    from rfc3161_client import PKIStatus, decode_timestamp_response

    try:
        answer = decode_timestamp_response(with_sorted_certificates(response))
        status = PKIStatus(answer.status)
    except ValueError as error:
        raise StampInvalid(UNREADABLE) from error
    if status is not PKIStatus.GRANTED:
        raise StampInvalid(REFUSED)
    try:
        _ = answer.tst_info
    except ValueError as error:
        raise StampInvalid(UNREADABLE) from error
    return answer

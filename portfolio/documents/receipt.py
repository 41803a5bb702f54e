"""The receipt of a package (申报回执): its digest, and a code that leads to where the bureau checks it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portfolio.documents.typeset import pdf


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt to be: facts as pairs of words, the digest, the address at which it is checked."""

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    digest: str
    address: str
    at: datetime


def document(receipt: Receipt) -> bytes:
    """The receipt as PDF, one A4 page."""
    return pdf(
        "receipt",
        document={
            "title": receipt.title,
            "subtitle": receipt.subtitle,
            "facts": [list(fact) for fact in receipt.facts],
            "digest": grouped(receipt.digest),
            "page": receipt.address.partition("?")[0],
            "address": receipt.address,
            "code": code(receipt.address),
        },
        at=receipt.at,
    )


def code(address: str) -> str:
    """The address as a QR code (ISO/IEC 18004, level M), an SVG image."""
    import segno  # here, for the sake of a worker that never draws one

    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawn, kind="svg", border=0, xmldecl=False, svgns=True, omitsize=True, nl=False
    )
    return drawn.getvalue().decode()


def grouped(digest: str) -> str:
    """A digest as people compare it: eight signs a group."""
    return " ".join(digest[at : at + 8] for at in range(0, len(digest), 8))

"""What a package's manifest says, read back, and where each of its files is filed in the archive."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from portfolio.documents.archive.names import LONGEST_FOLDER, extension, safe_name
from rubric.gaps import ElementStatus
from rubric.model import Element, Rubric
from rubric.scoring import ElementClaim, Totals, totals, totals_by_indicator

PAYLOAD = "data"


@dataclass(frozen=True, slots=True)
class Filed:
    """A file as it leaves the house: `sha256` is that of the bytes in the archive, `original` of those uploaded.

    `size` is that of the original, in bytes.
    """

    id: str
    sha256: str
    original: str
    size: int
    media_type: str
    title: str
    kind: str
    years: tuple[int, ...]
    date: str | None
    remark: str
    version: int
    path: str  # within the archive's folder

    @property
    def copied(self) -> bool:
        """Whether a copy goes out instead of what was uploaded."""
        return self.sha256 != self.original


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation: `number` is the element's place and a running number (A1-B2-C5-1)."""

    number: str
    file: Filed
    pages: tuple[int, ...]
    remark: str
    # filed here, not under an element that cited it before
    here: bool


@dataclass(frozen=True, slots=True)
class Submitted:
    """An element as submitted."""

    element: Element
    score: Decimal | None
    justification: str
    citations: tuple[Cited, ...]
    status: ElementStatus
    folder: str


@dataclass(frozen=True, slots=True)
class Waived:
    """A gap that the school submitted with."""

    gap: str
    points_at_risk: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Contents:
    """A package, whole."""

    rubric: Rubric
    digest: str
    manifest: str
    school: str
    district: str
    cycle: str
    number: int
    submitted_by: str
    signed_by: str
    signed_at: datetime
    elements: Mapping[str, Submitted]
    files: tuple[Filed, ...]
    waivers: tuple[Waived, ...]
    totals: Totals
    by_indicator: Mapping[str, Totals]
    # what a time stamping authority answered (documents.archive.stamp); None without one
    timestamp: bytes | None = None

    @property
    def counts(self) -> Mapping[ElementStatus, int]:
        """How many elements stand how."""
        return Counter(element.status for element in self.elements.values())

    @property
    def name(self) -> str:
        """The name of the archive and of the folder in it."""
        return f"申报包 {safe_name(self.school, LONGEST_FOLDER)} {self.number}号 {self.digest[:8]}"


def leaving(file: Mapping[str, Any], *, originals: bool) -> str:
    """The digest of what leaves the house for a file of the manifest: its public copy, if it has one.

    `originals`: for the school that uploaded them.
    """
    return str(file["sha256"] if originals else file.get("public_sha256") or file["sha256"])


def status_of(claim: ElementClaim, *, waived: bool) -> ElementStatus:
    """How an element stands in a package."""
    if claim.score is None:
        return ElementStatus.NONE
    if claim.score and not claim.cited:
        return ElementStatus.BARE
    return ElementStatus.GAP if waived else ElementStatus.OK


def read(manifest: str, *, digest: str, rubric: Rubric, originals: bool = False) -> Contents:
    """The package that a manifest describes. Raises ValueError, KeyError for what is no manifest of this rubric."""
    said = json.loads(manifest)
    described = {str(file["id"]): file for file in said["files"]}
    filed: dict[str, Filed] = {}
    elements: dict[str, Submitted] = {}
    waived = {str(waiver["gap"]).rpartition(":")[0] for waiver in said["waivers"]}
    claims: dict[str, ElementClaim] = {}
    for entry in said["elements"]:
        element = rubric.element(entry["code"])
        folder = _folder(rubric, element)
        score = None if entry["score"] is None else Decimal(entry["score"])
        claim = ElementClaim(element.code, element.points, score, cited=bool(entry["citations"]))
        claims[element.code] = claim
        elements[element.code] = Submitted(
            element,
            score,
            entry["justification"],
            tuple(
                _cited(element, folder, running, citation, described, filed, originals)
                for running, citation in enumerate(entry["citations"], start=1)
            ),
            status_of(claim, waived=element.code in waived),
            folder,
        )
    return Contents(
        rubric=rubric,
        digest=digest,
        manifest=manifest,
        school=said["school"]["name"],
        district=said["school"]["district"],
        cycle=said["cycle"],
        number=said["number"],
        submitted_by=said["submitted"]["by"],
        signed_by=said["signed"]["by"],
        signed_at=datetime.fromisoformat(said["signed"]["at"]),
        elements=elements,
        files=tuple(filed.values()),
        waivers=tuple(Waived(w["gap"], Decimal(w["points_at_risk"]), w["reason"]) for w in said["waivers"]),
        totals=totals(claims.values()),
        by_indicator=totals_by_indicator(rubric, claims),
    )


def _folder(rubric: Rubric, element: Element) -> str:
    """A1 加强党的领导/B1/C1."""
    title = safe_name(rubric.indicator_of(element.code).title, LONGEST_FOLDER)
    return f"{PAYLOAD}/{element.indicator} {title}/{element.sub_indicator}/{element.code}"


def _cited(
    element: Element,
    folder: str,
    running: int,
    citation: Mapping[str, Any],
    described: Mapping[str, Mapping[str, Any]],
    filed: dict[str, Filed],
    originals: bool,
) -> Cited:
    """A citation; its file is filed under the first element that cites it, and there only."""
    key = str(citation["file"])
    here = key not in filed
    if here:
        filed[key] = _filed(described[key], f"{folder}/{running:03}", originals)
    return Cited(
        number=element.numbered(running),
        file=filed[key],
        pages=tuple(citation["pages"]),
        remark=citation["remark"],
        here=here,
    )


def _filed(file: Mapping[str, Any], place: str, originals: bool) -> Filed:
    digest = leaving(file, originals=originals)
    suffix = extension(file["filename"], file["media_type"], copied=digest != file["sha256"])
    return Filed(
        id=str(file["id"]),
        sha256=digest,
        original=file["sha256"],
        size=file["size"],
        media_type=file["media_type"],
        title=file["title"],
        kind=file["kind"],
        years=tuple(file["school_years"]),
        date=file["date"],
        remark=file["remark"],
        version=file["version"],
        path=f"{place} {safe_name(file['title'])}{suffix}",
    )

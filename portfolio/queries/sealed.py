"""Packages as their rows tell them, against the manifests that were signed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.editions import rubric_of
from portfolio.manifest import (
    Frozen,
    FrozenCitation,
    FrozenElement,
    FrozenFile,
    FrozenWaiver,
    digest_of,
    manifest_of,
)
from portfolio.models import Package, PackageCitation, PackageElement, PackageFile, PackageWaiver
from rubric.model import Rubric


def matters_with(session: Session, package: Package) -> Iterator[str]:
    """What is wrong with a package: its digest, or what its rows say against what its manifest says."""
    if (found := digest_of(package.manifest)) != package.digest:
        yield f"its manifest is forged: its digest is {found}, the package's is {package.digest}"
    try:
        names = _Names.of(json.loads(package.manifest))
    except (ValueError, KeyError, TypeError):
        yield "its manifest can't be read"
        return
    rebuilt = manifest_of(_frozen(session, package, rubric_of(session, package.rubric_digest), names))
    if rebuilt != package.manifest:
        yield f"its rows and its manifest disagree on {_differences(json.loads(rebuilt), json.loads(package.manifest))}"


class _Names(NamedTuple):
    """What a manifest says in names where the rows have numbers: people and schools may be renamed later."""

    school: str
    district: str
    cycle: str
    submitted_by: str
    signed_by: str

    @classmethod
    def of(cls, manifest: dict[str, Any]) -> _Names:
        return cls(
            school=manifest["school"]["name"],
            district=manifest["school"]["district"],
            cycle=manifest["cycle"],
            submitted_by=manifest["submitted"]["by"],
            signed_by=manifest["signed"]["by"],
        )


def _frozen(session: Session, package: Package, rubric: Rubric, names: _Names) -> Frozen:
    """The package as its rows tell it."""
    of_package = {"package_id": package.id}
    elements = {row.element: row for row in session.scalars(select(PackageElement).filter_by(**of_package))}
    order = [element.code for element in rubric.elements]
    citations = session.scalars(
        select(PackageCitation).filter_by(**of_package).order_by(PackageCitation.position)
    )
    return Frozen(
        school_name=names.school,
        district=names.district,
        cycle_name=names.cycle,
        number=package.number,
        rubric=rubric,
        submitted_by=names.submitted_by,
        submitted_at=package.submitted_at,
        signed_by=names.signed_by,
        signed_by_id=package.signed_by,
        signed_at=package.signed_at,
        elements=[
            FrozenElement(row.element, row.points, row.score, row.justification)
            for row in sorted(elements.values(), key=lambda row: order.index(row.element))
        ],
        files=[_frozen_file(row) for row in session.scalars(select(PackageFile).filter_by(**of_package))],
        citations=[
            FrozenCitation(row.element, row.evidence_version_id, row.page_from, row.page_to, row.remark)
            for row in citations
        ],
        waivers=[
            FrozenWaiver(row.gap, row.element, row.points_at_risk, row.reason)
            for row in session.scalars(select(PackageWaiver).filter_by(**of_package))
        ],
    )


def _frozen_file(row: PackageFile) -> FrozenFile:
    return FrozenFile(
        **{name: getattr(row, name) for name in FrozenFile.__slots__} | {"years": tuple(row.years)}
    )


def _differences(rebuilt: dict[str, Any], stored: dict[str, Any]) -> str:
    """The parts in which two manifests differ; elements and files by name."""
    parts = [key for key in sorted(rebuilt.keys() | stored.keys()) if rebuilt.get(key) != stored.get(key)]
    return (
        "; ".join(_difference(part, rebuilt.get(part), stored.get(part)) for part in parts) or "its notation"
    )


def _difference(part: str, rebuilt: Any, stored: Any) -> str:
    key = {"elements": "code", "files": "id", "waivers": "gap"}.get(part)
    if key is None or not isinstance(rebuilt, list) or not isinstance(stored, list):
        return part
    ours, theirs = ({str(entry.get(key)): entry for entry in entries} for entries in (rebuilt, stored))
    differing = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    return f"{part} {', '.join(differing)}" if differing else f"the order of {part}"

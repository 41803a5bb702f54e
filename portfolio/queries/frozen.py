"""A package as its rows tell it: what its manifest is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.contents import Contents, FrozenCitation, FrozenElement, FrozenFile, FrozenWaiver
from portfolio.manifest import Frozen
from portfolio.models import Package, PackageCitation, PackageElement, PackageFile, PackageWaiver
from rubric.model import Rubric


@dataclass(frozen=True, slots=True)
class Names:
    """What a manifest says in names where the rows have numbers: people and schools may be renamed later."""

    school: str
    district: str
    cycle: str
    submitted_by: str
    signed_by: str

    @classmethod
    def of(cls, manifest: dict[str, Any]) -> Names:
        """As a manifest says them. Raises KeyError, TypeError where it isn't one."""
        return cls(
            school=manifest["school"]["name"],
            district=manifest["school"]["district"],
            cycle=manifest["cycle"],
            submitted_by=manifest["submitted"]["by"],
            signed_by=manifest["signed"]["by"],
        )


def frozen_of(session: Session, package: Package, rubric: Rubric, names: Names) -> Frozen:
    """The package from its rows, in four statements."""
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
        contents=contents_of(session, package.id, rubric),
    )


def contents_of(session: Session, package_id: int, rubric: Rubric) -> Contents:
    """What the package holds, from its rows, in four statements."""
    of_package = {"package_id": package_id}
    elements = {row.element: row for row in session.scalars(select(PackageElement).filter_by(**of_package))}
    order = [element.code for element in rubric.elements]
    citations = session.scalars(
        select(PackageCitation).filter_by(**of_package).order_by(PackageCitation.position)
    )
    return Contents(
        elements=[
            FrozenElement(row.element, row.points, row.score, row.justification)
            for row in sorted(elements.values(), key=lambda row: order.index(row.element))
        ],
        files=[_file(row) for row in session.scalars(select(PackageFile).filter_by(**of_package))],
        citations=[
            FrozenCitation(row.element, row.evidence_version_id, row.page_from, row.page_to, row.remark)
            for row in citations
        ],
        waivers=[
            FrozenWaiver(row.gap, row.element, row.points_at_risk, row.reason)
            for row in session.scalars(select(PackageWaiver).filter_by(**of_package))
        ],
    )


def _file(row: PackageFile) -> FrozenFile:
    return FrozenFile(
        **{name: getattr(row, name) for name in FrozenFile.__slots__} | {"years": tuple(row.years)}
    )

"""What a school hands in: its whole dossier, or what a panel asked about; and what the package then holds."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portfolio.errors import DomainError
from portfolio.manifest import Frozen, FrozenElement
from portfolio.models import Dossier, DossierState, Package, SupplementRequest
from portfolio.queries.frozen import NO_NAMES, frozen_of
from portfolio.queries.supplements import Asked, asked_of
from rubric.model import Rubric


@dataclass(frozen=True, slots=True)
class Occasion:
    """Until when a dossier can be handed in, and what of it: all of it, or what a panel asked about."""

    until: datetime
    asked: Asked | None = None

    @property
    def rests_in(self) -> DossierState:
        """The state of the dossier while the school works on it."""
        return DossierState.DRAFTING if self.asked is None else DossierState.SUBMITTED

    @property
    def elements(self) -> frozenset[str] | None:
        """The only elements that are handed in; None: all."""
        return None if self.asked is None else frozenset(self.asked.questions)

    def check_in_time(self, now: datetime) -> None:
        """Raises DomainError (deadline_passed, supplement_over)."""
        if now > self.until:
            raise DomainError("deadline_passed" if self.asked is None else "supplement_over")


def occasion(session: Session, dossier: Dossier) -> Occasion:
    """What the dossier is handed in for as it stands. Raises DomainError("supplement_over").

    While it is drafted, nothing was ever asked; after that, only what a panel asks about can be handed in.
    """
    asked = asked_of(session, dossier)
    if asked is None:
        return Occasion(dossier.cycle.submit_by)
    if asked.request.answered_at or asked.request.lapsed_at:
        raise DomainError("supplement_over")
    return Occasion(asked.request.due_at, asked)


def base_of(session: Session, request: SupplementRequest, rubric: Rubric) -> Frozen:
    """The package that a request asks about, as it was frozen."""
    package = session.get_one(Package, request.package_id)
    return frozen_of(session, package, rubric, NO_NAMES)


def supplemented(frozen: Frozen, base: Frozen, reopened: Set[str]) -> Frozen:
    """The dossier as it stands in these elements, and in all others what was frozen before, to the letter.

    A file version that an element taken over cites keeps the description it was frozen with.
    """
    kept = [citation for citation in base.citations if citation.element not in reopened]
    anew = [citation for citation in frozen.citations if citation.element in reopened]
    described = {file.evidence_version_id: file for file in frozen.files}
    held = {file.evidence_version_id: file for file in base.files}
    described |= {citation.evidence_version_id: held[citation.evidence_version_id] for citation in kept}
    before = {element.code: element for element in base.elements}
    return replace(
        frozen,
        elements=[e if e.code in reopened else before[e.code] for e in frozen.elements],
        files=[described[key] for key in dict.fromkeys(c.evidence_version_id for c in [*kept, *anew])],
        citations=[*kept, *anew],
        waivers=[w for w in base.waivers if w.element not in reopened]
        + [w for w in frozen.waivers if w.element in reopened],
    )


def changed(frozen: Frozen, base: Frozen) -> set[str]:
    """The elements in which two packages differ: score, justification, citations, files as described, waived gaps."""
    before = {element.code: _held(base, element) for element in base.elements}
    return {e.code for e in frozen.elements if _held(frozen, e) != before.get(e.code)}


def _held(frozen: Frozen, element: FrozenElement) -> tuple[Any, ...]:
    files = {file.evidence_version_id: file for file in frozen.files}
    cited = [(c, files[c.evidence_version_id]) for c in frozen.citations if c.element == element.code]
    waived = sorted((w.gap, w.reason) for w in frozen.waivers if w.element == element.code)
    return element, cited, waived

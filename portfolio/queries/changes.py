"""Two packages of a dossier side by side, element by element. Nothing here reads what a panel thinks of either."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio import textdiff
from portfolio.models import Package, PackageElement, PackageFile, PackageWaiver
from portfolio.queries.package import CitedFile, cited_files
from portfolio.queries.supplements import history
from portfolio.textdiff import Comparison
from rubric.model import Element, Rubric


class What(StrEnum):
    """What became of a file between two packages."""

    ADDED = "added"
    REMOVED = "removed"
    VERSION = "version"
    PAGE = "page"
    REMARK = "remark"
    DESCRIPTION = "description"


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file as the two packages cite it; nothing on the side that doesn't."""

    old: CitedFile | None
    new: CitedFile | None

    @property
    def what(self) -> tuple[What, ...]:
        """In what it differs; nothing where it doesn't."""
        if self.old is None or self.new is None:
            return (What.ADDED if self.old is None else What.REMOVED,)
        old, new = self.old, self.new
        differs = {
            What.VERSION: old.file.evidence_version_id != new.file.evidence_version_id,
            What.PAGE: (old.page_from, old.page_to) != (new.page_from, new.page_to),
            What.REMARK: old.remark != new.remark,
            What.DESCRIPTION: _description(old.file) != _description(new.file),
        }
        return tuple(what for what, does in differs.items() if does)

    @property
    def shown(self) -> CitedFile:
        """The side to name it by: the new one where there is one."""
        shown = self.new or self.old
        assert shown is not None
        return shown


@dataclass(frozen=True, slots=True)
class ElementChange:
    """An element in both packages, and what the panel had asked about it in between."""

    element: Element
    old: PackageElement
    new: PackageElement
    text: Comparison
    files: tuple[FileChange, ...]
    waivers: tuple[tuple[PackageWaiver, ...], tuple[PackageWaiver, ...]]
    questions: tuple[str, ...]

    @property
    def scored_otherwise(self) -> bool:
        """Whether the self-score differs."""
        return self.old.score != self.new.score

    @property
    def waived_otherwise(self) -> bool:
        """Whether the gaps it was submitted with differ, or their reasons."""
        old, new = self.waivers
        return [(each.gap, each.reason) for each in old] != [(each.gap, each.reason) for each in new]

    @property
    def differs(self) -> bool:
        """Whether anything does."""
        files = any(file.what for file in self.files)
        text = self.old.justification != self.new.justification
        return self.scored_otherwise or text or files or self.waived_otherwise


def changes(
    session: Session, old: Package, new: Package, rubric: Rubric, *, panels: Set[int] | None = None
) -> tuple[ElementChange, ...]:
    """Every element of the rubric in the older and the newer package; seven statements.

    Where panels are named, only what they asked is told: what another one asked betrays what it thinks.
    """
    before, after = _elements(session, old), _elements(session, new)
    cited_before, cited_after = cited_files(session, old.id), cited_files(session, new.id)
    waived_before, waived_after = _waivers(session, old), _waivers(session, new)
    questions = _questions(session, old, new, panels)
    return tuple(
        ElementChange(
            element=element,
            old=before[code],
            new=after[code],
            text=textdiff.compare([(1, before[code].justification)], [(1, after[code].justification)]),
            files=_files(cited_before.get(code, []), cited_after.get(code, [])),
            waivers=(waived_before.get(code, ()), waived_after.get(code, ())),
            questions=questions.get(code, ()),
        )
        for element in rubric.elements
        if (code := element.code)
    )


def _elements(session: Session, package: Package) -> dict[str, PackageElement]:
    rows = session.scalars(select(PackageElement).where(PackageElement.package_id == package.id))
    return {row.element: row for row in rows}


def _waivers(session: Session, package: Package) -> dict[str, tuple[PackageWaiver, ...]]:
    found: dict[str, tuple[PackageWaiver, ...]] = {}
    rows = select(PackageWaiver).where(PackageWaiver.package_id == package.id).order_by(PackageWaiver.gap)
    for row in session.scalars(rows):
        if row.element is not None:
            found[row.element] = (*found.get(row.element, ()), row)
    return found


def _questions(
    session: Session, old: Package, new: Package, panels: Set[int] | None
) -> Mapping[str, tuple[str, ...]]:
    """What panels asked between the two, by element, the first question first."""
    found: dict[str, tuple[str, ...]] = {}
    for step in reversed(history(session, new.dossier_id, panels=panels)):
        if step.answer is not None and old.number < step.answer <= new.number:
            for code, question in step.asked.questions.items():
                found[code] = (*found.get(code, ()), question)
    return found


def _files(old: list[CitedFile], new: list[CitedFile]) -> tuple[FileChange, ...]:
    """By the evidence they are of: what is cited now in its order, then what no longer is."""
    before = {cited.file.evidence_id: cited for cited in old}
    after = {cited.file.evidence_id: cited for cited in new}
    gone = [cited for key, cited in before.items() if key not in after]
    return (
        *(FileChange(before.get(key), cited) for key, cited in after.items()),
        *(FileChange(cited, None) for cited in gone),
    )


def _description(file: PackageFile) -> tuple[object, ...]:
    return file.title, file.kind, tuple(file.years), file.date, file.remark

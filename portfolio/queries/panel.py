"""What an expert sees: one element of a package beside its evidence.

Nothing here reads another expert's scores of the same package: a review stays blind whatever the page shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import and_, exists, false, func, select
from sqlalchemy.orm import Session

from portfolio.editions import rubric_of
from portfolio.errors import NotFound
from portfolio.models import (
    Correction,
    ElementReview,
    PackageCitation,
    PackageElement,
    PackageFile,
    Review,
    SupplementProposal,
)
from portfolio.policy import Actor, Place
from portfolio.queries import places, supplements
from portfolio.queries.phrases import phrases
from portfolio.queries.rounds import Below, ladder_below, still_blind
from portfolio.queries.supplements import Asked, changed_since
from rubric.model import Rubric


class Show(StrEnum):
    """Which elements the list beside the evidence holds."""

    TODO = "todo"
    BARE = "bare"
    FAR = "far"
    FLAGGED = "flagged"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Mark:
    """An element in the expert's grid: the school's claim, whether evidence backs it, the expert's score."""

    code: str
    claimed: Decimal | None
    cited: bool
    score: Decimal | None
    flagged: bool
    # whether it is allotted to the expert; the others may be read
    mine: bool
    # the score was made on an earlier package, and the element differs since
    changed: bool = False

    @property
    def state(self) -> str:
        """A `data-s` value: not mine, to score, same as the school, or different."""
        if not self.mine:
            return "none"
        if self.score is None:
            return "wait"
        return "ok" if self.score == self.claimed else "diff"


@dataclass(frozen=True, slots=True)
class CitedFile:
    """A file that the element cites, as it stood when the package was sealed."""

    position: int
    evidence_id: int
    number: int
    school_id: int
    sha256: str
    title: str
    filename: str
    media_type: str
    size: int
    kind: str
    page_from: int | None
    page_to: int | None
    remark: str


@dataclass(frozen=True, slots=True)
class Desk:
    """An expert's place of work at one element."""

    marks: dict[str, Mark]
    # nothing where the element is not allotted to the expert
    mine: ElementReview | None
    claimed: Decimal | None
    justification: str
    files: tuple[CitedFile, ...]
    tolerance: Decimal
    # reasons this panel gave before, those for this element first
    phrases: tuple[str, ...]
    # what stood before the expert corrected it, the first first
    corrections: tuple[Correction, ...]
    # what the rounds below settled, the first one first; known once the expert's own reviews are in
    below: tuple[Below, ...]
    # the panel's newest request to the school, with its question about this element; what the expert would ask
    asked: Asked | None = None
    proposed: str = ""

    @property
    def done(self) -> int:
        """How many elements have the expert's score."""
        return sum(mark.score is not None for mark in self.marks.values())

    @property
    def total(self) -> int:
        """How many elements are allotted to the expert."""
        return sum(mark.mine for mark in self.marks.values())

    def shown(self, show: Show) -> list[Mark]:
        """The expert's elements that a filter lists, in the rubric's order."""
        return [mark for mark in self.marks.values() if mark.mine and FILTERS[show](mark, self.tolerance)]

    def beside(self, code: str) -> tuple[str | None, str | None]:
        """The expert's elements before and after this one, in the rubric's order."""
        codes = list(self.marks)
        here = codes.index(code)
        before = (other for other in reversed(codes[:here]) if self.marks[other].mine)
        after = (other for other in codes[here + 1 :] if self.marks[other].mine)
        return next(before, None), next(after, None)

    def after(self, code: str, show: Show) -> str | None:
        """The filter's next element after this one, round the end if need be; None where no other is left."""
        codes = list(self.marks)
        here = codes.index(code)
        listed = {mark.code for mark in self.shown(show)}
        return next((other for other in codes[here + 1 :] + codes[:here] if other in listed), None)


def _is_far(mark: Mark, tolerance: Decimal) -> bool:
    if mark.score is None or mark.claimed is None:
        return False
    return mark.score != mark.claimed and abs(mark.score - mark.claimed) >= tolerance


FILTERS: dict[Show, Callable[[Mark, Decimal], bool]] = {
    Show.TODO: lambda mark, tolerance: mark.score is None,
    Show.BARE: lambda mark, tolerance: not mark.cited,
    Show.FAR: _is_far,
    Show.FLAGGED: lambda mark, tolerance: mark.flagged,
    Show.CHANGED: lambda mark, tolerance: mark.changed,
}


def element(session: Session, *, review_id: int, code: str) -> tuple[Review, Place]:
    """Locates a review for one of the rubric's elements."""
    found, place = places.review(session, review_id=review_id)
    rubric = rubric_of(session, found.assignment.package.rubric_digest)
    if code not in {element.code for element in rubric.elements}:
        raise NotFound()
    return found, place


def first_to_do(session: Session, review: Review, rubric: Rubric) -> str:
    """The rubric's first element without the expert's score; their first of all when none is left."""
    rows = session.execute(
        select(ElementReview.element, ElementReview.score).where(ElementReview.review_id == review.id)
    )
    given = {row.element: row.score for row in rows}
    mine = [element.code for element in rubric.elements if element.code in given]
    return next((code for code in mine if given[code] is None), mine[0] if mine else rubric.elements[0].code)


def desk(session: Session, actor: Actor, review: Review, rubric: Rubric, code: str) -> Desk:
    """The workspace at one of the rubric's elements, in five statements; in eight once the review is in."""
    package_id, dossier = review.assignment.package_id, review.assignment.package.dossier
    proposed = select(SupplementProposal.question).where(
        SupplementProposal.assignment_id == review.assignment_id,
        SupplementProposal.element == code,
        SupplementProposal.proposed_by == actor.user_id,
        SupplementProposal.request_id.is_(None),
    )
    statement = (
        select(
            ElementReview,
            PackageElement.score,
            PackageElement.justification,
            proposed.scalar_subquery().label("proposed"),
        )
        .select_from(PackageElement)
        .outerjoin(
            ElementReview,
            and_(ElementReview.element == PackageElement.element, ElementReview.review_id == review.id),
        )
        .where(PackageElement.package_id == package_id, PackageElement.element == code)
    )
    here = session.execute(supplements.with_newest(statement, dossier.id, code)).one()
    return Desk(
        marks=_marks(session, review, rubric),
        mine=here[0],
        claimed=here[1],
        justification=here[2],
        files=_files(session, package_id, code),
        tolerance=review.assignment.panel.round.tolerance,
        phrases=phrases(session, actor, review, code),
        corrections=_corrections(session, here[0]) if here[0] and here[0].was_in else (),
        below=_below(session, actor, review, code) if review.handed_in_at else (),
        asked=supplements.read(here, state=dossier.state, element=code),
        proposed=here.proposed or "",
    )


def _below(session: Session, actor: Actor, review: Review, code: str) -> tuple[Below, ...]:
    """The rounds below, unless the expert is still to judge the dossier in another round."""
    found = ladder_below(session, review.assignment, code)
    dossier = review.assignment.package.dossier
    return () if found and still_blind(session, actor, dossier, but=review.assignment) else found


def _corrections(session: Session, row: ElementReview) -> tuple[Correction, ...]:
    rows = session.scalars(
        select(Correction).where(Correction.element_review_id == row.id).order_by(Correction.version)
    )
    return tuple(rows)


def _marks(session: Session, review: Review, rubric: Rubric) -> dict[str, Mark]:
    package = review.assignment.package
    package_id, review_id = package.id, review.id
    cited = exists().where(
        PackageCitation.package_id == package_id, PackageCitation.element == PackageElement.element
    )
    rows = session.execute(
        select(
            PackageElement.element,
            PackageElement.score,
            cited,
            ElementReview.score,
            func.coalesce(ElementReview.flagged, false()),
            ElementReview.id.is_not(None),
            changed_since(package.dossier_id, ElementReview.element, ElementReview.package_number),
        )
        .select_from(PackageElement)
        .outerjoin(
            ElementReview,
            and_(ElementReview.element == PackageElement.element, ElementReview.review_id == review_id),
        )
        .where(PackageElement.package_id == package_id)
    )
    marks = {mark.code: mark for mark in (Mark(*row) for row in rows)}
    return {element.code: marks[element.code] for element in rubric.elements}


def _files(session: Session, package_id: int, code: str) -> tuple[CitedFile, ...]:
    rows = session.execute(
        select(
            PackageFile.evidence_id,
            PackageFile.number,
            PackageFile.school_id,
            PackageFile.sha256,
            PackageFile.title,
            PackageFile.filename,
            PackageFile.media_type,
            PackageFile.size,
            PackageFile.kind,
            PackageCitation.page_from,
            PackageCitation.page_to,
            PackageCitation.remark,
        )
        .join(
            PackageCitation,
            and_(
                PackageCitation.package_id == PackageFile.package_id,
                PackageCitation.evidence_version_id == PackageFile.evidence_version_id,
            ),
        )
        .where(PackageFile.package_id == package_id, PackageCitation.element == code)
        .order_by(PackageCitation.position, PackageFile.evidence_version_id)
    )
    return tuple(CitedFile(position=position, **row._mapping) for position, row in enumerate(rows, start=1))

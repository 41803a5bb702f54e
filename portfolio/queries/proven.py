"""Which files prove the figures behind a measure's result, and whether its element cites them already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, select
from sqlalchemy.orm import Session

from portfolio.editions import rubric_of
from portfolio.errors import NotFound
from portfolio.models import Citation, Dossier, Evidence, FigureValue
from portfolio.policy import Place
from portfolio.queries import places
from portfolio.queries.figures import needs
from portfolio.queries.places import ElementAt
from rubric.measures import MeasureResult, Verdict

# From one page to another; the second is None for a single page, both for a whole file.
Pages = tuple[int | None, int | None]
WHOLE: Pages = (None, None)


@dataclass(frozen=True, slots=True)
class ProvingFile:
    """A file that proves figures of a result, the pages it does so on, and the element's citation of it, if any."""

    evidence_id: int
    title: str
    pages: Pages
    citation: Citation | None = None

    @property
    def pages_to_cite(self) -> Pages:
        """The proving pages, together with those that are cited already."""
        cited = self.citation
        return joined((cited.page_from, cited.page_to), self.pages) if cited else self.pages

    def states(self, words: str) -> bool:
        """Whether it is cited with these words, and with every page that proves something."""
        cited = self.citation
        return (
            cited is not None
            and words in cited.remark
            and self.pages_to_cite == (cited.page_from, cited.page_to)
        )


@dataclass(frozen=True, slots=True)
class Proofs:
    """What stands behind a result: the files, and the figures that no file proves, as (figure, school year)."""

    files: tuple[ProvingFile, ...]
    unproven: tuple[tuple[str, int], ...]


def is_result(result: MeasureResult) -> bool:
    """Whether there is a result to cite."""
    return result.verdict in (Verdict.MET, Verdict.UNMET)


def measure_at(session: Session, *, dossier_id: int, code: str, measure: str) -> tuple[ElementAt, Place]:
    """The element that a measure is of. Raises NotFound where the rubric sets no such number."""
    at, place = places.element(session, dossier_id=dossier_id, code=code)
    rubric = rubric_of(session, at.dossier.cycle.rubric_digest)
    if measure not in {each.code for each in rubric.element(code).measures}:
        raise NotFound()
    return at, place


def proofs_of(
    session: Session, dossier: Dossier, element: str, results: Iterable[MeasureResult]
) -> dict[str, Proofs]:
    """The proofs of each result, by its measure's code; measures without a result are left out.

    One statement, and none where there is no result.
    """
    found = [each for each in results if is_result(each)]
    if not found:
        return {}
    rows = _entered(session, dossier, element, {name for each in found for name in needs(each.measure)})
    return {each.measure.code: _proofs(each, rows) for each in found}


def joined(first: Pages, second: Pages) -> Pages:
    """From the first to the last page of two passages; one without pages adds none."""
    pages = [page for page in (*first, *second) if page is not None]
    if not pages:
        return None, None
    return min(pages), max(pages) if max(pages) > min(pages) else None


def _entered(session: Session, dossier: Dossier, element: str, figures: Iterable[str]) -> list[Row[Any]]:
    """Each figure that was entered, with the file that proves it, unless that is in the trash, and its citation."""
    return list(
        session.execute(
            select(
                FigureValue.figure,
                FigureValue.year,
                FigureValue.proof_page,
                Evidence.id.label("evidence_id"),
                Evidence.title,
                Citation,
            )
            .outerjoin(Evidence, and_(Evidence.id == FigureValue.proof_id, Evidence.trashed_at.is_(None)))
            .outerjoin(
                Citation,
                and_(
                    Citation.evidence_id == Evidence.id,
                    Citation.dossier_id == dossier.id,
                    Citation.element == element,
                ),
            )
            .where(
                FigureValue.dossier_id == dossier.id,
                FigureValue.figure.in_(figures),
                FigureValue.value.is_not(None),
            )
            .order_by(FigureValue.year.desc(), FigureValue.id)
        )
    )


def _proofs(result: MeasureResult, rows: Iterable[Row[Any]]) -> Proofs:
    asked = needs(result.measure)
    files: dict[int, ProvingFile] = {}
    unproven = []
    for row in rows:
        if row.figure not in asked or row.year not in result.values:
            continue
        if row.evidence_id is None:
            unproven.append((row.figure, row.year))
            continue
        before = files.get(row.evidence_id)
        files[row.evidence_id] = ProvingFile(
            evidence_id=row.evidence_id,
            title=row.title,
            pages=joined(before.pages if before else WHOLE, (row.proof_page, None)),
            citation=row.Citation,
        )
    return Proofs(tuple(files.values()), tuple(unproven))

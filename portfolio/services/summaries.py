"""The sums that stand beside the dossiers: recomputed from what they sum up, compared, put right.

Triggers keep them in step (migration 0005); this is their proof, and the way back after somebody's hands were in
the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, case, delete, exists, func, insert, select, type_coerce
from sqlalchemy.orm import Session

from portfolio.db import Score, points_of
from portfolio.models import (
    IN_ALL,
    Citation,
    Cycle,
    Dossier,
    DossierSummary,
    ElementTally,
    Package,
    PackageCitation,
    PackageElement,
    PackageSummary,
    RubricElement,
    SelfAssessment,
)

SUMS = ("points", "claimed", "supported", "scored", "unscored", "unscored_points")
_TALLIED = ("claimed", "supported", "scored")

# (dossier, package or cycle; A-indicator or element) → sums, as the store holds them
Sums = Mapping[tuple[int, str], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Difference:
    """A row of sums that isn't what recomputation gives; None where there is no row, or ought to be none."""

    thing: str
    id: int
    code: str
    stored: tuple[int, ...] | None
    recomputed: tuple[int, ...] | None

    def __str__(self) -> str:
        return f"{self.thing} {self.id}, {self.code}: stored {self.stored}, recomputed {self.recomputed}"


def differences(session: Session) -> Iterator[Difference]:
    """Every row that is not in step."""
    for thing, stored, recomputed in (
        ("dossier", _stored(session, DossierSummary.dossier_id, DossierSummary), of_dossiers(session)),
        ("package", _stored(session, PackageSummary.package_id, PackageSummary), of_packages(session)),
        ("cycle", _tallied(session), of_elements(session)),
    ):
        for key in sorted(stored.keys() | recomputed.keys()):
            if stored.get(key) != recomputed.get(key):
                yield Difference(thing, *key, stored.get(key), recomputed.get(key))


def rebuild(session: Session) -> int:
    """Write every sum anew; returns how many rows were not in step."""
    wrong = sum(1 for _ in differences(session))
    for table, key, sums in (
        (DossierSummary, "dossier_id", of_dossiers(session)),
        (PackageSummary, "package_id", of_packages(session)),
    ):
        session.execute(delete(table))
        _insert(session, table, key, "indicator", SUMS, sums)
    session.execute(delete(ElementTally))
    _insert(session, ElementTally, "cycle_id", "element", _TALLIED, of_elements(session))
    return wrong


def compact(session: Session) -> None:
    """Put the parts of each element's tally together; what others add meanwhile stays beside them."""
    parts = session.execute(
        delete(ElementTally).returning(
            ElementTally.cycle_id, ElementTally.element, *_plain(ElementTally, _TALLIED)
        )
    )
    sums: dict[tuple[int, str], tuple[int, ...]] = {}
    for cycle_id, element, *part in parts:
        stood = sums.get((cycle_id, element), (0,) * len(_TALLIED))
        sums[cycle_id, element] = tuple(map(sum, zip(stood, part, strict=True)))
    _insert(session, ElementTally, "cycle_id", "element", _TALLIED, _without_nothing(sums))


def of_dossiers(session: Session) -> Sums:
    """Recomputed from scores and citations."""
    cited = exists().where(Citation.dossier_id == Dossier.id, Citation.element == RubricElement.element)
    rows = (
        _summed(Dossier.id, RubricElement.points, SelfAssessment.score, cited)
        .select_from(Dossier)
        .join(Cycle, Cycle.id == Dossier.cycle_id)
        .join(RubricElement, RubricElement.rubric_digest == Cycle.rubric_digest)
        .outerjoin(
            SelfAssessment,
            (SelfAssessment.dossier_id == Dossier.id) & (SelfAssessment.element == RubricElement.element),
        )
    )
    return _with_all(session, rows)


def of_packages(session: Session) -> Sums:
    """Recomputed from the packages' parts."""
    cited = exists().where(
        PackageCitation.package_id == Package.id, PackageCitation.element == PackageElement.element
    )
    rows = (
        _summed(Package.id, PackageElement.points, PackageElement.score, cited)
        .select_from(Package)
        .join(PackageElement, PackageElement.package_id == Package.id)
        .join(
            RubricElement,
            (RubricElement.rubric_digest == Package.rubric_digest)
            & (RubricElement.element == PackageElement.element),
        )
    )
    return _with_all(session, rows)


def of_elements(session: Session) -> Sums:
    """Each cycle's elements over all its dossiers, recomputed."""
    cited = exists().where(
        Citation.dossier_id == SelfAssessment.dossier_id, Citation.element == SelfAssessment.element
    )
    score = _number(SelfAssessment.score)
    rows = session.execute(
        select(
            Dossier.cycle_id,
            SelfAssessment.element,
            func.sum(score),
            func.sum(case((cited, score), else_=0)),
            func.count(),
        )
        .join(Dossier, Dossier.id == SelfAssessment.dossier_id)
        .where(SelfAssessment.score.is_not(None))
        .group_by(Dossier.cycle_id, SelfAssessment.element)
    )
    return _without_nothing({(row[0], row[1]): tuple(map(int, row[2:])) for row in rows})


def _summed(key: Any, points: Any, score: Any, cited: ColumnElement[bool]) -> Select[Any]:
    """The six sums of each A-indicator, in hundredths."""
    worth, given = _number(points), func.coalesce(_number(score), 0)
    return select(
        key,
        RubricElement.indicator,
        func.sum(worth),
        func.sum(given),
        func.sum(case((cited, given), else_=0)),
        func.count(score),
        func.sum(case((score.is_(None), 1), else_=0)),
        func.sum(case((score.is_(None), worth), else_=0)),
    ).group_by(key, RubricElement.indicator)


def _with_all(session: Session, rows: Select[Any]) -> Sums:
    found: dict[tuple[int, str], tuple[int, ...]] = {}
    for key, indicator, *sums in session.execute(rows):
        found[key, indicator] = part = tuple(map(int, sums))
        stood = found.get((key, IN_ALL), (0,) * len(SUMS))
        found[key, IN_ALL] = tuple(map(sum, zip(stood, part, strict=True)))
    return found


def _stored(session: Session, key: Any, table: Any) -> Sums:
    rows = session.execute(select(key, table.indicator, *_plain(table, SUMS)))
    return {(row[0], row[1]): tuple(row[2:]) for row in rows}


def _tallied(session: Session) -> Sums:
    rows = session.execute(
        select(
            ElementTally.cycle_id, ElementTally.element, *map(func.sum, _plain(ElementTally, _TALLIED))
        ).group_by(ElementTally.cycle_id, ElementTally.element)
    )
    return _without_nothing({(row[0], row[1]): tuple(map(int, row[2:])) for row in rows})


def _without_nothing(sums: Mapping[tuple[int, str], tuple[int, ...]]) -> Sums:
    return {key: each for key, each in sums.items() if any(each)}


def _plain(table: Any, columns: tuple[str, ...]) -> list[Any]:
    return [_number(getattr(table, column)) for column in columns]


def _number(column: Any) -> Any:
    """The column as the store holds it: hundredths of a point, which add up as whole numbers."""
    return type_coerce(column, Integer)


def _insert(session: Session, table: Any, key: str, code: str, columns: tuple[str, ...], sums: Sums) -> None:
    scores = {column for column in columns if isinstance(table.__table__.c[column].type, Score)}
    rows = [
        {
            key: each[0],
            code: each[1],
            **{
                column: points_of(value) if column in scores else value
                for column, value in zip(columns, values, strict=True)
            },
        }
        for each, values in sums.items()
    ]
    if rows:
        session.execute(insert(table.__table__), rows)

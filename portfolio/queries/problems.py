"""What can be the matter with a piece of evidence, as conditions over its row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, case, exists, func, literal, not_, select
from sqlalchemy.orm import aliased

from portfolio.models import Citation, Derivation, DerivationState, Evidence, EvidenceVersion, EvidenceYear

MOST_CITATIONS = 6  # of one file in one dossier, before somebody should look whether it carries them all
ENCRYPTED = "encrypted"
# Failures that say nothing against the file: there is just no reader for its type.
HARMLESS = ("unsupported",)


class Problem(StrEnum):
    """The problems, the most serious first."""

    UNREADABLE = "unreadable"
    ENCRYPTED = "encrypted"
    OLD = "old"
    CITED_OFTEN = "cited_often"
    NO_YEAR = "no_year"
    NO_DATE = "no_date"
    UNCITED = "uncited"


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What problems are measured by: the school's dossier, and the first of its three school years."""

    school_id: int
    dossier_id: int | None
    window_start: int


Condition = ColumnElement[bool]


def condition(problem: Problem, yardstick: Yardstick) -> Condition:
    """Whether a piece of evidence has this problem."""
    return _CONDITIONS[problem](yardstick)


def mask(yardstick: Yardstick) -> ColumnElement[int]:
    """All problems of a piece of evidence as one number: `named` reads it."""
    bits: ColumnElement[int] = literal(0)
    for place, problem in enumerate(Problem):
        bits = bits + case((condition(problem, yardstick), 1 << place), else_=0)
    return bits


def named(bits: int) -> tuple[Problem, ...]:
    """The problems of a mask."""
    return tuple(problem for place, problem in enumerate(Problem) if bits >> place & 1)


# Beside those that a statement joins itself.
_Newer = aliased(EvidenceVersion)
_Year = aliased(EvidenceYear)


def _failed(yardstick: Yardstick, why: Condition) -> Condition:
    """The newest file couldn't be read; what failed with an older one troubles nobody any more.

    Few have failed, so they are looked for first, once a statement.
    """
    newer = exists().where(
        _Newer.evidence_id == EvidenceVersion.evidence_id, _Newer.number > EvidenceVersion.number
    )
    school_id = yardstick.school_id
    failed = select(Derivation.sha256).where(
        Derivation.school_id == school_id, Derivation.state == DerivationState.FAILED, why
    )
    return Evidence.id.in_(
        select(EvidenceVersion.evidence_id).where(
            EvidenceVersion.school_id == school_id, EvidenceVersion.sha256.in_(failed), not_(newer)
        )
    )


def _unreadable(yardstick: Yardstick) -> Condition:
    return _failed(yardstick, Derivation.failure.not_in((ENCRYPTED, *HARMLESS)))


def _encrypted(yardstick: Yardstick) -> Condition:
    return _failed(yardstick, Derivation.failure == ENCRYPTED)


def _no_date(_yardstick: Yardstick) -> Condition:
    return Evidence.date.is_(None)


def _no_year(_yardstick: Yardstick) -> Condition:
    return ~exists().where(_Year.evidence_id == Evidence.id)


def _old(yardstick: Yardstick) -> Condition:
    newest = select(func.max(_Year.year)).where(_Year.evidence_id == Evidence.id)
    return func.coalesce(newest.correlate(Evidence).scalar_subquery(), yardstick.window_start) < (
        yardstick.window_start
    )


def _uncited(yardstick: Yardstick) -> Condition:
    return Evidence.id.not_in(select(Citation.evidence_id).where(Citation.dossier_id == yardstick.dossier_id))


def _cited_often(yardstick: Yardstick) -> Condition:
    return Evidence.id.in_(
        select(Citation.evidence_id)
        .where(Citation.dossier_id == yardstick.dossier_id)
        .group_by(Citation.evidence_id)
        .having(func.count() > MOST_CITATIONS)
    )


_CONDITIONS: Mapping[Problem, Callable[[Yardstick], Condition]] = {
    Problem.UNREADABLE: _unreadable,
    Problem.ENCRYPTED: _encrypted,
    Problem.OLD: _old,
    Problem.CITED_OFTEN: _cited_often,
    Problem.NO_YEAR: _no_year,
    Problem.NO_DATE: _no_date,
    Problem.UNCITED: _uncited,
}

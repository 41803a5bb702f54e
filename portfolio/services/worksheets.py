"""Taking in a working sheet: first what it would change, then all of it or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy.orm import Session

from portfolio.documents.cells import Cell
from portfolio.documents.worksheet import UNSCORED, Found, Sheet
from portfolio.errors import DomainError
from portfolio.manifest import canonical
from portfolio.models import Dossier, SelfAssessment
from portfolio.plaintext import plain_text
from portfolio.policy import Actor, Permission, Place, allows
from portfolio.queries.supplements import Asked
from portfolio.services.dossiers import LONGEST_JUSTIFICATION, check_asked_about, score_element
from rubric.model import Element, Rubric
from rubric.scoring import ScoreError, format_score, parse_score


class Kind(StrEnum):
    """What a sheet's row would do. CONFLICT: somebody changed the element after the sheet was exported."""

    ADDED = "added"
    CHANGED = "changed"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Change:
    """An element before and after; `version` is what it stands at now."""

    code: str
    address: str
    kind: Kind
    before: Decimal | None
    after: Decimal | None
    text_before: str
    text_after: str
    version: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A cell that can't be taken, and why."""

    address: str
    error: DomainError


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sheet would do to the dossier as it stands."""

    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]
    unchanged: int

    @property
    def digest(self) -> str:
        """Names exactly this plan: what was previewed is what is done."""
        return hashlib.sha256(
            canonical(
                [
                    [
                        c.code,
                        c.kind.value,
                        _text(c.before),
                        _text(c.after),
                        c.text_before,
                        c.text_after,
                        c.version,
                    ]
                    for c in self.changes
                ]
            ).encode()
        ).hexdigest()


def plan(
    sheet: Sheet,
    *,
    actor: Actor,
    now: datetime,
    dossier: Dossier,
    rubric: Rubric,
    standing: Mapping[str, SelfAssessment],
    asked: Asked | None,
) -> Plan:
    """What the sheet would change; where a panel asked for a supplement, only elements it asked about can be.

    Raises DomainError (sheet_of_other_dossier, sheet_of_other_rubric).
    """
    if sheet.rubric != rubric.digest:
        raise DomainError("sheet_of_other_rubric", field="sheet")
    if sheet.dossier != str(dossier.id):
        raise DomainError("sheet_of_other_dossier", field="sheet")
    changes: list[Change] = []
    refusals: list[Refusal] = []
    unchanged = 0
    seen: set[str] = set()
    for row in sheet.rows:
        try:
            change = _change(row, seen, actor, dossier, rubric, standing)
            if change is not None:
                _check_open(row.code, change, asked, now)
        except _Refused as refused:
            refusals.extend(refused.refusals)
            continue
        if change is None:
            unchanged += 1
        else:
            changes.append(change)
    return Plan(tuple(changes), tuple(refusals), unchanged)


def apply(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    dossier: Dossier,
    rubric: Rubric,
    standing: Mapping[str, SelfAssessment],
    planned: Plan,
    previewed: str,
    overwrite: Collection[str],
) -> int:
    """Do what was previewed, conflicts only where named in `overwrite`; returns how many elements changed.

    Raises DomainError (sheet_refused, sheet_outdated, awaiting_signature), StaleWrite.
    """
    if planned.refusals:
        raise DomainError("sheet_refused", field="sheet", count=len(planned.refusals))
    if planned.digest != previewed:
        raise DomainError("sheet_outdated", field="sheet")
    wanted = [c for c in planned.changes if c.kind is not Kind.CONFLICT or c.code in overwrite]
    for change in wanted:
        score_element(
            session,
            actor=actor,
            now=now,
            dossier=dossier,
            assessment=standing[change.code],
            element=rubric.element(change.code),
            score=_text(change.after),
            justification=change.text_after,
            version=change.version,
        )
    return len(wanted)


class _Refused(Exception):
    """Cells of a row that can't be taken."""

    def __init__(self, *refusals: Refusal) -> None:
        super().__init__(refusals)
        self.refusals = refusals


def _change(
    row: Found,
    seen: set[str],
    actor: Actor,
    dossier: Dossier,
    rubric: Rubric,
    standing: Mapping[str, SelfAssessment],
) -> Change | None:
    """What a row would change; None if nothing. Raises _Refused."""
    element = _element(row.code, seen, rubric)
    now = standing[element.code]
    refusals = list(_wrong(row, element, dossier.cycle.score_step))
    if refusals:
        raise _Refused(*refusals)
    after = _score(row.score, element, dossier.cycle.score_step)
    text = plain_text(row.justification.text)
    if (after, text) == (now.score, now.justification):
        return None
    if not allows(actor, Permission.ELEMENT_SCORE, Place(dossier.school_id, person_id=now.assignee_id)):
        raise _Refused(Refusal(row.code.address, DomainError("cell_not_yours", element=element.code)))
    return Change(
        code=element.code,
        address=row.score.address if after != now.score else row.justification.address,
        kind=_kind(row, now),
        before=now.score,
        after=after,
        text_before=now.justification,
        text_after=text,
        version=now.version,
    )


def _check_open(cell: Cell, change: Change, asked: Asked | None, now: datetime) -> None:
    """Raises _Refused for an element that the panel didn't ask about, or not any more."""
    try:
        check_asked_about(asked, change.code, now)
    except DomainError as error:
        raise _Refused(Refusal(cell.address, error)) from error


def _kind(row: Found, now: SelfAssessment) -> Kind:
    if row.version.text != str(now.version):
        return Kind.CONFLICT
    return Kind.ADDED if now.score is None and not now.justification else Kind.CHANGED


def _element(cell: Cell, seen: set[str], rubric: Rubric) -> Element:
    code = cell.text.strip().upper()
    if not code or cell.computed:
        raise _Refused(Refusal(cell.address, DomainError("cell_without_code")))
    try:
        element = rubric.element(code)
    except KeyError:
        raise _Refused(Refusal(cell.address, DomainError("cell_unknown_code", element=code[:20]))) from None
    if code in seen:
        raise _Refused(Refusal(cell.address, DomainError("cell_twice", element=code)))
    seen.add(code)
    return element


def _wrong(row: Found, element: Element, step: Decimal) -> Iterator[Refusal]:
    """The cells of a row that can't be taken."""
    if row.score.computed or isinstance(row.score.value, bool):
        yield Refusal(row.score.address, DomainError("cell_formula"))
    else:
        try:
            _score(row.score, element, step)
        except ScoreError as error:
            yield Refusal(row.score.address, DomainError(error.code, **error.context))
    if row.justification.computed:
        yield Refusal(row.justification.address, DomainError("cell_formula"))
    elif len(row.justification.text) > LONGEST_JUSTIFICATION:
        refusal = DomainError("text_too_long", longest=LONGEST_JUSTIFICATION)
        yield Refusal(row.justification.address, refusal)


def _score(cell: Cell, element: Element, step: Decimal) -> Decimal | None:
    """The score in a cell, None for unscored. Raises ScoreError."""
    typed = cell.text.strip()
    if typed in ("", UNSCORED):
        return None
    return parse_score(typed, points=element.points, step=step)


def _text(score: Decimal | None) -> str | None:
    return None if score is None else format_score(score)

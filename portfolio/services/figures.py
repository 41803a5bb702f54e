"""Entering basic figures: read as typed, kept exactly, refused beside the field that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portfolio import audit
from portfolio.audit import Action
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import Dossier, Evidence, FigureValue
from portfolio.policy import Actor
from portfolio.queries import figures as queries
from portfolio.queries.figures import Entry
from portfolio.services.citations import LAST_PAGE
from portfolio.services.dossiers import check_editable
from portfolio.services.rows import add_once
from rubric.figures import FigureError, implausible, parse_figure
from rubric.guidance import Figure
from rubric.model import Rubric

LONGEST_TYPED = 60


@dataclass(frozen=True, slots=True)
class Typed:
    """One school year of a figure as somebody typed it, and the version it was based on; empty takes it back."""

    figure: str
    year: int
    text: str
    version: int

    @property
    def field(self) -> str:
        """Its name in a form."""
        return f"{self.figure}-{self.year}"


def enter(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    dossier: Dossier,
    rubric: Rubric,
    typed: Iterable[Typed],
) -> dict[str, int]:
    """Save figures, all or none; the new version of each field. What didn't change isn't written.

    Raises NotFound (no such figure or year), Refused by field, StaleWrite with the entries that stand now,
    DomainError("awaiting_signature").
    """
    check_editable(session, dossier)
    listed = list(typed)
    standing = queries.entries(session, dossier.id)
    figures = {figure.code: figure for figure in rubric.figures}
    asked = queries.asked_years(rubric, dossier)
    if any(each.year not in asked.get(each.figure, ()) for each in listed):
        raise NotFound()
    values = _read(listed, figures, rubric)
    _check_plausible(rubric, standing, values)
    stale, versions = [], {}
    for each in listed:
        stands = standing.get((each.figure, each.year), Entry(each.figure, each.year))
        value = values[each.figure, each.year]
        if value == stands.value:
            versions[each.field] = stands.version
        elif each.version != stands.version:
            stale.append(stands)
        else:
            _save(session, dossier, stands, value, actor=actor, now=now)
            versions[each.field] = stands.version + 1
    if stale:
        raise StaleWrite(stale)
    return versions


def prove(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    dossier: Dossier,
    figure: str,
    year: int,
    evidence_id: int | None,
    page: int | None,
) -> None:
    """Name the file of the same school that proves an entered figure, or none.

    Raises NotFound, DomainError (figure_missing, page_malformed, awaiting_signature).
    """
    check_editable(session, dossier)
    if page is not None and not 1 <= page <= LAST_PAGE:
        raise DomainError("page_malformed", field="page")
    row = session.scalar(
        select(FigureValue).where(
            FigureValue.dossier_id == dossier.id, FigureValue.figure == figure, FigureValue.year == year
        )
    )
    if row is None or row.value is None:
        raise DomainError("figure_missing", field="evidence_id")
    if evidence_id is not None and not _is_own(session, dossier.school_id, evidence_id):
        raise NotFound()
    before = {"proof_id": row.proof_id, "proof_page": row.proof_page}
    row.proof_id, row.proof_page = evidence_id, page if evidence_id is not None else None
    _record(
        session,
        dossier,
        actor=actor,
        now=now,
        before=before,
        after={"figure": figure, "year": year, "proof_id": row.proof_id, "proof_page": row.proof_page},
    )


def _read(
    listed: list[Typed], figures: Mapping[str, Figure], rubric: Rubric
) -> dict[tuple[str, int], Decimal | None]:
    """What was typed as numbers. Raises Refused with every field that can't be read."""
    values: dict[tuple[str, int], Decimal | None] = {}
    errors: dict[str, DomainError] = {}
    for each in listed:
        values[each.figure, each.year] = None
        if not each.text.strip():
            continue
        try:
            if len(each.text) > LONGEST_TYPED:
                raise FigureError("not_a_number")
            values[each.figure, each.year] = parse_figure(each.text, figures[each.figure], rubric.units)
        except FigureError as error:
            errors[each.field] = DomainError(f"figure_{error.code}", field=each.field, **error.context)
    if errors:
        raise Refused(errors)
    return values


def _check_plausible(
    rubric: Rubric,
    standing: Mapping[tuple[str, int], Entry],
    typed: Mapping[tuple[str, int], Decimal | None],
) -> None:
    """A part is never more than its whole, among what is typed and what stands. Raises Refused by typed field."""
    errors: dict[str, DomainError] = {}
    labels = {figure.code: figure.label for figure in rubric.figures}
    together = {key: entry.value for key, entry in standing.items()} | dict(typed)
    for year in {year for _figure, year in typed}:
        values = {
            figure: value for (figure, of), value in together.items() if of == year and value is not None
        }
        for each in implausible(rubric.figures, values):
            part, whole = f"{each.figure}-{year}", f"{each.limit}-{year}"
            if (each.figure, year) in typed:
                errors[part] = DomainError(
                    "figure_above", field=part, whole=labels[each.limit], most=f"{each.most:f}"
                )
            elif (each.limit, year) in typed:
                errors[whole] = DomainError(
                    "figure_below", field=whole, part=labels[each.figure], least=f"{each.value:f}"
                )
    if errors:
        raise Refused(errors)


def _save(
    session: Session, dossier: Dossier, stands: Entry, value: Decimal | None, *, actor: Actor, now: datetime
) -> None:
    written = {"value": value, "saved_at": now, "saved_by": actor.user_id, "version": stands.version + 1}
    if stands.version == 0:
        row = FigureValue(dossier_id=dossier.id, figure=stands.figure, year=stands.year, **written)
        add_once(session, row, StaleWrite([stands]))
    else:
        saved = session.execute(
            update(FigureValue)
            .where(
                FigureValue.dossier_id == dossier.id,
                FigureValue.figure == stands.figure,
                FigureValue.year == stands.year,
                FigureValue.version == stands.version,
            )
            .values(**written)
            .execution_options(synchronize_session=False)
        )
        if saved.rowcount == 0:  # type: ignore[attr-defined]
            raise StaleWrite([stands])
    _record(
        session,
        dossier,
        actor=actor,
        now=now,
        before={"value": stands.value},
        after={"figure": stands.figure, "year": stands.year, "value": value},
    )


def _record(
    session: Session,
    dossier: Dossier,
    *,
    actor: Actor,
    now: datetime,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> None:
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.FIGURE_ENTERED,
        subject=("dossier", dossier.id),
        school_id=dossier.school_id,
        before=before,
        after=after,
    )


def _is_own(session: Session, school_id: int, evidence_id: int) -> bool:
    """Whether it is the school's and not in the trash, where nobody puts it meanwhile."""
    found = select(Evidence.id).where(
        Evidence.id == evidence_id, Evidence.school_id == school_id, Evidence.trashed_at.is_(None)
    )
    return session.scalar(found.with_for_update(read=True)) is not None

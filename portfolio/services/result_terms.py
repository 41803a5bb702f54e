"""What results of a cycle are published by: pass mark, bands, how long a title stands, windows for answers.

All of it is optional but for the windows, and none of it changes once a result of the cycle is out: only how long
a title is valid, which no result says, may still be named then.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio import audit, editions
from portfolio.audit import Action
from portfolio.errors import DomainError, Refused
from portfolio.models import Assignment, Cycle, Round
from portfolio.models.cycle import LONGEST_AWARD
from portfolio.policy import Actor
from portfolio.services.rows import clean_name
from rubric.scoring import Band

LONGEST_WINDOW = 90  # days


def set_terms(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    cycle: Cycle,
    pass_mark: Decimal | None,
    bands: list[Band],
    award_years: int | None,
    answer_days: Mapping[int, int],
) -> None:
    """Set them all; `answer_days` by the number of the round.

    Raises DomainError (terms_published), Refused by field: pass_mark, band_1 …, award_years, answer_days_1 ….
    """
    session.refresh(cycle, with_for_update=True)
    if is_any_published(session, cycle):
        raise DomainError("terms_published")
    rubric = editions.rubric_of(session, cycle.rubric_digest)
    points = sum((element.points for element in rubric.elements), Decimal(0))
    rounds = list(session.scalars(select(Round).where(Round.cycle_id == cycle.id).order_by(Round.position)))
    _check(points, pass_mark, bands, award_years, answer_days)
    before = described(cycle, rounds)
    cycle.pass_mark = pass_mark
    highest_first = sorted(bands, key=lambda band: -band.minimum)
    cycle.bands = [
        {"name": clean_name(band.name), "minimum": str(band.minimum)} for band in highest_first
    ] or None
    cycle.award_years = award_years
    for each in rounds:
        each.answer_days = answer_days.get(each.position, each.answer_days)
    session.flush()
    _note(session, actor, now, cycle, before, described(cycle, rounds))


def name_years(session: Session, *, actor: Actor, now: datetime, cycle: Cycle, years: int) -> None:
    """Say for how many years a title is valid where nobody did before a result of the cycle came out.

    Raises DomainError (terms_published, award_years_uneven).
    """
    session.refresh(cycle, with_for_update=True)
    if cycle.award_years is not None:
        raise DomainError("terms_published")
    if not 1 <= years <= LONGEST_AWARD:
        raise _uneven_years()
    cycle.award_years = years
    session.flush()
    _note(session, actor, now, cycle, {"award_years": None}, {"award_years": years})


def _note(
    session: Session,
    actor: Actor,
    now: datetime,
    cycle: Cycle,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    audit.record(
        session,
        actor_id=actor.user_id,
        at=now,
        action=Action.RESULT_TERMS_SET,
        subject=("cycle", cycle.id),
        before=before,
        after=after,
    )


def described(cycle: Cycle, rounds: list[Round]) -> dict[str, Any]:
    """The terms in plain values, for the trail."""
    return {
        "pass_mark": cycle.pass_mark,
        "bands": cycle.bands,
        "award_years": cycle.award_years,
        "answer_days": {str(each.position): each.answer_days for each in rounds},
    }


def is_any_published(session: Session, cycle: Cycle) -> bool:
    """Whether a result of the cycle is out."""
    published = (
        select(Assignment.id)
        .join(Round, Round.id == Assignment.round_id)
        .where(Round.cycle_id == cycle.id, Assignment.published_at.is_not(None))
    )
    return session.scalar(published.limit(1)) is not None


def _check(
    points: Decimal,
    pass_mark: Decimal | None,
    bands: list[Band],
    award_years: int | None,
    answer_days: Mapping[int, int],
) -> None:
    """Raises Refused with every field that is wrong."""
    errors: dict[str, DomainError] = {}
    if pass_mark is not None and pass_mark > points:
        errors["pass_mark"] = DomainError("mark_above_points", field="pass_mark", points=points)
    for at, band in enumerate(bands, start=1):
        others = bands[: at - 1]
        if not band.name.strip():
            errors[f"band_{at}"] = DomainError("band_incomplete", field=f"band_{at}")
        elif band.minimum > points:
            errors[f"band_{at}"] = DomainError("mark_above_points", field=f"band_{at}", points=points)
        elif any(band.name == each.name or band.minimum == each.minimum for each in others):
            errors[f"band_{at}"] = DomainError("bands_alike", field=f"band_{at}")
    if award_years is not None and not 1 <= award_years <= LONGEST_AWARD:
        errors["award_years"] = _uneven_years()
    for position, days in answer_days.items():
        if not 0 <= days <= LONGEST_WINDOW:
            name = f"answer_days_{position}"
            errors[name] = DomainError("window_too_long", field=name, longest=LONGEST_WINDOW)
    if errors:
        raise Refused(errors)


def _uneven_years() -> DomainError:
    return DomainError("award_years_uneven", field="award_years", most=LONGEST_AWARD)

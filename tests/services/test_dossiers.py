"""Scoring elements: exact, versioned, refused with reasons."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.errors import DomainError, Refused, StaleWrite
from portfolio.models import AuditEvent, Dossier, DossierState, SelfAssessment
from portfolio.services import dossiers
from rubric.loader import DEFAULT, find
from tests.factories import NOW, Staff, actor_for, make_dossier, make_staff, make_user


def _assessment(session: Session, dossier: Dossier, code: str = "C38") -> SelfAssessment:
    return session.scalars(
        select(SelfAssessment).where(SelfAssessment.dossier_id == dossier.id, SelfAssessment.element == code)
    ).one()


@pytest.fixture
def dossier(session: Session) -> Dossier:
    return make_dossier(session)


@pytest.fixture
def staff(session: Session, dossier: Dossier) -> Staff:
    return make_staff(session, dossier.school)


def _score(
    session: Session, dossier: Dossier, staff: Staff, score: str | None, *, version: int = 0, text: str = ""
) -> int:
    return dossiers.score_element(
        session,
        actor=actor_for(session, staff.lead),
        now=NOW,
        dossier=dossier,
        assessment=_assessment(session, dossier),
        element=find(DEFAULT).element("C38"),
        score=score,
        justification=text,
        version=version,
    )


def test_a_score_is_kept_exactly_with_its_audit_event(
    session: Session, dossier: Dossier, staff: Staff
) -> None:
    assert _score(session, dossier, staff, "1.8", text="近三年培训经费单列。") == 1
    session.expire(_assessment(session, dossier))
    row = _assessment(session, dossier)
    assert (row.score, row.justification, row.version, row.saved_at) == (
        Decimal("1.8"),
        "近三年培训经费单列。",
        1,
        NOW,
    )
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "element:scored")).one()
    assert event.before == {"score": None, "justification": ""}
    assert event.after == {"element": "C38", "score": "1.8", "justification": "近三年培训经费单列。"}


def test_unscored_is_a_state_and_not_zero(session: Session, dossier: Dossier, staff: Staff) -> None:
    _score(session, dossier, staff, "0")
    session.expire(_assessment(session, dossier))
    assert _assessment(session, dossier).score == 0
    _score(session, dossier, staff, None, version=1)
    session.expire(_assessment(session, dossier))
    assert _assessment(session, dossier).score is None


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        ("NaN", "not_a_number"),
        ("1e9", "not_a_number"),
        ("两分", "not_a_number"),
        ("-0.1", "negative"),
        ("2.1", "above_points"),
        ("1.85", "off_step"),
    ],
)
def test_a_wrong_score_is_refused_beside_its_field(
    session: Session, dossier: Dossier, staff: Staff, typed: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        _score(session, dossier, staff, typed)
    assert refused.value.errors["score"].code == code


def test_every_wrong_field_is_named_at_once(session: Session, dossier: Dossier, staff: Staff) -> None:
    with pytest.raises(Refused) as refused:
        _score(session, dossier, staff, "9", text="长" * 8001)
    assert set(refused.value.errors) == {"score", "justification"}


def test_a_stale_save_is_refused_with_what_stands(session: Session, dossier: Dossier, staff: Staff) -> None:
    _score(session, dossier, staff, "1.8", text="先保存的")
    with pytest.raises(StaleWrite) as stale:
        _score(session, dossier, staff, "1.2", version=0, text="后保存的")
    current = stale.value.current
    assert isinstance(current, SelfAssessment)
    assert (current.score, current.justification, current.version) == (Decimal("1.8"), "先保存的", 1)


def test_a_dossier_that_awaits_its_signature_stands_still(
    session: Session, dossier: Dossier, staff: Staff
) -> None:
    dossier.state, dossier.handed_over_at = DossierState.SIGNING, NOW
    session.flush()
    with pytest.raises(DomainError, match="awaiting_signature"):
        _score(session, dossier, staff, "1.8")


def test_elements_are_assigned_to_the_schools_own_staff_only(
    session: Session, dossier: Dossier, staff: Staff
) -> None:
    lead = actor_for(session, staff.lead)
    row = _assessment(session, dossier)
    dossiers.assign_element(
        session, actor=lead, now=NOW, dossier=dossier, assessment=row, user_id=staff.contributor.id
    )
    assert row.assignee_id == staff.contributor.id
    with pytest.raises(DomainError, match="no_such_person"):
        dossiers.assign_element(
            session, actor=lead, now=NOW, dossier=dossier, assessment=row, user_id=make_user(session).id
        )

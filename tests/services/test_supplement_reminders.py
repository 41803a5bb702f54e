"""Owners of elements that a panel asked about are reminded; nobody is of what isn't open."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from portfolio.days import day_of
from portfolio.models import SelfAssessment
from portfolio.services import reminders
from portfolio.storage import Storage
from tests.factories import NOW
from tests.supplement_factory import DUE, School, make_school_before_a_panel


@pytest.fixture
def school(session: Session, storage: Storage, tmp_path: Path) -> School:
    made = make_school_before_a_panel(session, storage, tmp_path)
    made.staff.contributor.email = "liu@example.cn"
    for code in ("C1", "C2"):
        made.row(code).assignee_id = made.staff.contributor.id
    session.flush()
    return made


def reminded(school: School, days_later: int = 6) -> list[str]:
    """The elements that somebody is reminded of."""
    now = NOW + timedelta(days=days_later)
    found = reminders.due(school.session, now=now, days=(7, 1))
    return [task.element.code for each in found for task, _step in each.elements]


def test_an_element_asked_about_falls_due_with_the_request_and_its_owner_is_reminded(school: School) -> None:
    assert reminded(school) == []
    school.ask("C1", "C3")
    assert school.row("C1").due_on == day_of(DUE)
    assert school.row("C2").due_on is None
    assert reminded(school) == ["C1"]


def test_nobody_is_reminded_of_what_is_handed_in_or_was_withdrawn(school: School) -> None:
    school.ask("C1")
    school.hand_over()
    assert reminded(school) == []


def test_nobody_is_reminded_of_an_element_that_is_not_open(school: School) -> None:
    other: SelfAssessment = school.row("C2")
    other.due_on = day_of(DUE)
    school.session.flush()
    school.ask("C1")
    assert reminded(school) == ["C1"]

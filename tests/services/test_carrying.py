"""Starting a cycle from the last one: what comes along, what never does, and what must be looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portfolio import editions
from portfolio.errors import DomainError, NotFound
from portfolio.models import (
    AuditEvent,
    Citation,
    Determination,
    Dossier,
    DossierState,
    FigureValue,
    Membership,
    Rectification,
    SelfAssessment,
    SettlementRule,
    TouchedElement,
)
from portfolio.queries import carry
from portfolio.services import carrying, publishing, touches
from portfolio.storage import Storage
from rubric.loader import DEFAULT, find
from rubric.model import Rubric
from rubric.succession import Touch
from tests.factories import (
    NOW,
    Staff,
    actor_for,
    bureau_actor,
    cite,
    make_cycle,
    make_dossier,
    make_evidence,
    make_staff,
)
from tests.panel_factory import Scene, make_scene


class Cycles:
    """A school with last cycle's dossier, reviewed and published, and this cycle's, untouched."""

    def __init__(self, session: Session, storage: Storage, folder: Path) -> None:
        self.session = session
        self.scene: Scene = make_scene(session, experts=2)
        self.last = self.scene.dossier
        self.staff: Staff = make_staff(session, self.last.school)
        cycle = make_cycle(session)
        cycle.opens_at, cycle.submit_by = NOW + timedelta(days=1), NOW + timedelta(days=60)
        session.flush()
        self.next = make_dossier(session, self.last.school, cycle)
        self.storage, self.folder = storage, folder

    def evidence(self, title: str, *years: int) -> int:
        """Evidence of the school."""
        made = make_evidence(
            self.session, self.last.school, self.storage, self.folder, title=title, years=years
        )
        made.date = None
        self.session.flush()
        return made.id

    def settle(self) -> None:
        """The panel scores and settles the last cycle's dossier."""
        for number in range(2):
            self.scene.hand_in(number)
        self.scene.settle_all()

    def publish(self, code: str, score: str, reason: str) -> None:
        """Publish the last cycle's result, in which one element lost points."""
        self.settle()
        row = self.session.scalars(
            select(Determination).where(
                Determination.assignment_id == self.scene.assignment.id, Determination.element == code
            )
        ).one()
        row.score, row.rule, row.reason = Decimal(score), SettlementRule.CHAIR, reason
        self.scene.close("总体达标。")
        publishing.publish(
            self.session, actor=bureau_actor(self.session), now=NOW, assignment=self.scene.assignment
        )

    def carry(self) -> carry.CarryPlan:
        """Take over, as the lead."""
        return carrying.carry_over(
            self.session, actor=actor_for(self.session, self.staff.lead), now=NOW, dossier=self.next
        )

    def row(self, dossier: Dossier, code: str) -> SelfAssessment:
        """An element of a dossier."""
        return self.session.scalars(
            select(SelfAssessment)
            .where(SelfAssessment.dossier_id == dossier.id, SelfAssessment.element == code)
            .execution_options(populate_existing=True)
        ).one()

    def cited(self) -> set[tuple[str, int, int | None]]:
        """What the new dossier cites."""
        rows = self.session.scalars(select(Citation).where(Citation.dossier_id == self.next.id))
        return {(row.element, row.evidence_id, row.page_from) for row in rows}


@pytest.fixture
def cycles(session: Session, storage: Storage, tmp_path: Path) -> Cycles:
    return Cycles(session, storage, tmp_path)


def test_citations_inside_the_window_come_along_with_their_pages(session: Session, cycles: Cycles) -> None:
    session.execute(delete(Citation).where(Citation.dossier_id == cycles.last.id))
    window = cycles.next.cycle.window_start
    recent, old = cycles.evidence("近三年总结", window), cycles.evidence("早年总结", window - 1)
    undated = cycles.evidence("章程")
    for number, evidence_id in enumerate([recent, old, undated], start=1):
        session.add(
            Citation(
                dossier_id=cycles.last.id,
                element="C38",
                evidence_id=evidence_id,
                page_from=number,
                remark="见表",
                cited_by=cycles.staff.lead.id,
                cited_at=NOW,
            )
        )
    session.flush()
    plan = cycles.carry()
    assert cycles.cited() == {("C38", recent, 1), ("C38", undated, 3)}
    assert [each.evidence_id for each in plan.too_old] == [old]


def test_what_is_cited_already_stays_as_it_is(session: Session, cycles: Cycles) -> None:
    session.execute(delete(Citation).where(Citation.dossier_id == cycles.last.id))
    evidence = make_evidence(session, cycles.last.school, cycles.storage, cycles.folder, years=(2026,))
    cite(session, cycles.last, "C38", evidence, page=2)
    cite(session, cycles.next, "C38", evidence, page=9)
    cycles.carry()
    assert cycles.cited() == {("C38", evidence.id, 9)}


def test_scores_justifications_and_days_never_come_along(session: Session, cycles: Cycles) -> None:
    was = cycles.row(cycles.last, "C38")
    was.due_on = NOW.date()
    session.flush()
    assert was.score is not None
    cycles.carry()
    row = cycles.row(cycles.next, "C38")
    assert (row.score, row.justification, row.due_on, row.version) == (None, "", None, 0)


def test_owners_who_still_work_here_own_again_what_nobody_has(session: Session, cycles: Cycles) -> None:
    lead, contributor = cycles.staff.lead, cycles.staff.contributor
    gone = make_staff(session, cycles.last.school).contributor
    for code, owner in (("C1", contributor), ("C2", contributor), ("C3", gone)):
        cycles.row(cycles.last, code).assignee_id = owner.id
    cycles.row(cycles.next, "C2").assignee_id = lead.id
    session.execute(delete(Membership).where(Membership.user_id == gone.id))
    session.flush()
    plan = cycles.carry()
    assert [(owner.element.code, owner.name) for owner in plan.owners] == [("C1", contributor.name)]
    owners = [cycles.row(cycles.next, code).assignee_id for code in ("C1", "C2", "C3")]
    assert owners == [contributor.id, lead.id, None]


def test_a_figure_of_a_year_that_is_asked_for_again_is_not_asked_twice(
    session: Session, cycles: Cycles
) -> None:
    cycles.next.cycle.school_year = cycles.last.cycle.school_year + 1
    for year in (cycles.last.cycle.window_start, cycles.last.cycle.school_year):
        for figure in ("eyesight", "pupils"):
            session.add(
                FigureValue(
                    dossier_id=cycles.last.id, figure=figure, year=year, value=Decimal("4.9"), version=3
                )
            )
    session.flush()
    cycles.carry()
    rows = session.scalars(select(FigureValue).where(FigureValue.dossier_id == cycles.next.id))
    assert [(row.figure, row.year, row.value, row.version) for row in rows] == [
        ("eyesight", cycles.last.cycle.school_year, Decimal("4.9"), 1)
    ]


def test_lost_points_come_along_with_their_reasons_until_put_right(session: Session, cycles: Cycles) -> None:
    cycles.publish("C38", "1.2", "培训经费占比只有 7.5%。")
    cycles.carry()
    row = session.scalars(
        select(Rectification).where(
            Rectification.dossier_id == cycles.next.id, Rectification.element == "C38"
        )
    ).one()
    assert (row.problem, row.lost) == ("培训经费占比只有 7.5%。", Decimal("0.8"))
    assert (
        len(session.scalars(select(Rectification)).all()) == 1
    )  # where the panel agreed, nothing is to be done
    lead = actor_for(session, cycles.staff.lead)
    for _twice in range(2):
        touches.put_right(session, actor=lead, now=NOW, dossier=cycles.next, element="C38")
    assert (row.put_right_at, row.put_right_by) == (NOW, cycles.staff.lead.id)
    events = session.scalars(select(AuditEvent).where(AuditEvent.action == "element:put_right")).all()
    assert [event.after for event in events] == [{"element": "C38"}]


def test_an_unpublished_result_tells_the_school_nothing(session: Session, cycles: Cycles) -> None:
    cycles.settle()
    cycles.carry()
    assert session.scalars(select(Rectification)).all() == []
    last = carry.last_time(session, cycles.next, "C38")
    assert last is not None and last.judged is None


def test_the_last_cycles_score_and_reasons_are_at_hand(session: Session, cycles: Cycles) -> None:
    cycles.publish("C38", "1.2", "培训经费占比只有 7.5%。")
    last = carry.last_time(session, cycles.next, "C38")
    assert last is not None and last.judged is not None
    assert (last.cycle, last.judged.final, last.judged.reason) == (
        cycles.last.cycle.name,
        Decimal("1.2"),
        "培训经费占比只有 7.5%。",
    )
    assert last.justification
    assert carry.last_time(session, cycles.last, "C38") is None


def next_rubric() -> Rubric:
    """The city's rubric with C38 reworded."""
    rubric = find(DEFAULT)
    return replace(
        rubric,
        name="next",
        indicators=tuple(
            replace(
                indicator,
                children=tuple(
                    replace(
                        child,
                        elements=tuple(
                            replace(e, text=e.text.replace("10%", "12%")) if e.code == "C38" else e
                            for e in child.elements
                        ),
                    )
                    for child in indicator.children
                ),
            )
            for indicator in rubric.indicators
        ),
    )


def test_what_a_new_rubric_touched_is_flagged_until_somebody_has_looked(
    session: Session, cycles: Cycles
) -> None:
    cycles.next.cycle.rubric_digest = editions.keep(session, next_rubric(), now=NOW)
    session.flush()
    cycles.carry()
    row = session.scalars(select(TouchedElement).where(TouchedElement.dossier_id == cycles.next.id)).one()
    assert (row.element, row.touch, row.from_element, row.seen_at) == ("C38", Touch.REWORDED, "C38", None)
    lead = actor_for(session, cycles.staff.lead)
    touches.look_at(session, actor=lead, now=NOW, dossier=cycles.next, element="C38")
    assert (row.seen_at, row.seen_by) == (NOW, cycles.staff.lead.id)
    with pytest.raises(NotFound):
        touches.look_at(session, actor=lead, now=NOW, dossier=cycles.next, element="C1")


def test_the_preview_changes_nothing_and_is_what_happens(session: Session, cycles: Cycles) -> None:
    evidence = make_evidence(session, cycles.last.school, cycles.storage, cycles.folder, years=(2026,))
    for code in ("C1", "C38"):
        cite(session, cycles.last, code, evidence)
    before = carry.plan(session, cycles.next)
    assert before is not None
    assert cycles.cited() == set()
    done = cycles.carry()
    assert (before.citations, before.owners, before.problems) == (done.citations, done.owners, done.problems)
    assert len(cycles.cited()) == len(done.citations) == 2
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "dossier:carried_over")).one()
    assert event.after is not None and len(event.after["citations"]) == len(done.citations)


def test_it_is_done_once(session: Session, cycles: Cycles) -> None:
    cycles.carry()
    with pytest.raises(DomainError, match="carried_already"):
        cycles.carry()


def test_the_first_dossier_has_nothing_to_start_from(session: Session, cycles: Cycles) -> None:
    first = make_dossier(session)
    lead = actor_for(session, make_staff(session, first.school).lead)
    with pytest.raises(DomainError, match="nothing_to_carry"):
        carrying.carry_over(session, actor=lead, now=NOW, dossier=first)


def test_a_dossier_that_awaits_its_signature_takes_nothing_over(session: Session, cycles: Cycles) -> None:
    cycles.next.state, cycles.next.handed_over_at = DossierState.SIGNING, NOW
    session.flush()
    with pytest.raises(DomainError, match="awaiting_signature"):
        cycles.carry()

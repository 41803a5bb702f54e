"""The panel's report: written while the table is open, kept by what closes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.editions import rubric_of
from portfolio.errors import DomainError, NotFound, Refused, StaleWrite
from portfolio.models import AuditEvent, Closing, ReportSection
from portfolio.queries.panel_report import panel_report, proposals
from portfolio.services import closing, panel_reports
from portfolio.services.panel_reports import Plan
from tests.factories import NOW, bureau_actor
from tests.panel_factory import make_scene
from tests.result_factory import DUE, LOST, Published, make_settled

PLAN = Plan("C26", "听课记录不全。", "补记并抽查。", "王主任", DUE)


@pytest.fixture
def settled(session: Session) -> Published:
    return make_settled(session)


def _write(settled: Published, text: str, version: int = 0, part: str = ReportSection.STRENGTHS) -> int:
    return panel_reports.write_part(
        settled.session,
        actor=settled.scene.chair_actor,
        now=NOW,
        assignment=settled.assignment,
        part=part,
        text=text,
        version=version,
    )


def _list(settled: Published, plan: Plan = PLAN) -> int:
    return panel_reports.list_item(
        settled.session,
        actor=settled.scene.chair_actor,
        now=NOW,
        assignment=settled.assignment,
        plan=plan,
    ).number


def _change(settled: Published, number: int, plan: Plan, version: int = 1) -> None:
    panel_reports.change_item(
        settled.session,
        actor=settled.scene.chair_actor,
        now=NOW,
        assignment=settled.assignment,
        number=number,
        plan=plan,
        version=version,
    )


def _drop(settled: Published, number: int, version: int = 1) -> None:
    panel_reports.drop_item(
        settled.session,
        actor=settled.scene.chair_actor,
        now=NOW,
        assignment=settled.assignment,
        number=number,
        version=version,
    )


def test_a_part_is_kept_as_typed_and_every_version_is_on_record(settled: Published) -> None:
    assert _write(settled, "**党建**引领。") == 1
    assert _write(settled, "**党建**引领，成效明显。", 1) == 2
    report = panel_report(settled.session, settled.assignment.id)
    assert (report.text("strengths"), report.version("strengths")) == ("**党建**引领，成效明显。", 2)
    event = settled.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert event is not None
    assert event.before == {"part": "strengths", "text": "**党建**引领。"}
    assert event.after == {"part": "strengths", "text": "**党建**引领，成效明显。"}


def test_a_stale_part_is_refused_with_what_stands(settled: Published) -> None:
    _write(settled, "先写的。")
    with pytest.raises(StaleWrite) as refused:
        _write(settled, "后写的。", 0)
    assert refused.value.current.text == "先写的。"  # type: ignore[attr-defined]
    assert panel_report(settled.session, settled.assignment.id).text("strengths") == "先写的。"


def test_what_lost_points_is_proposed_for_the_list_until_it_stands_there(settled: Published) -> None:
    rubric = rubric_of(settled.session, settled.scene.package.rubric_digest)

    def proposed() -> list[str]:
        return [each.element for each in proposals(settled.session, settled.assignment, rubric)]

    first = proposals(settled.session, settled.assignment, rubric)[0]
    assert (first.element, first.reason) == ("C26", "C26：佐证不足。")
    assert first.lost == rubric.element("C26").points - Decimal(LOST["C26"])
    assert "C3" in proposed()
    _list(settled)
    assert "C26" not in proposed() and "C3" in proposed()


def test_an_item_is_changed_and_taken_off_over_its_version(settled: Published) -> None:
    assert (_list(settled), _list(settled, PLAN)) == (1, 2)
    changed = Plan("C26", "听课记录不全。", "每周补记。", "王主任", DUE)
    _change(settled, 1, changed)
    with pytest.raises(StaleWrite):
        _change(settled, 1, changed)
    with pytest.raises(StaleWrite):
        _drop(settled, 1)
    _drop(settled, 1, 2)
    with pytest.raises(NotFound):
        _drop(settled, 1, 2)
    items = panel_report(settled.session, settled.assignment.id).items
    assert [(item.number, item.measure) for item in items] == [(2, "补记并抽查。")]


@pytest.mark.parametrize(
    ("plan", "fields"),
    [
        (Plan("C99", "问题", "措施", "李", DUE), {"element": "element_unknown"}),
        (
            Plan("C3", " ", "", "", None),
            {
                "problem": "problem_missing",
                "measure": "measure_missing",
                "responsible": "responsible_missing",
                "due_on": "due_missing",
            },
        ),
        (Plan("C3", "问题", "措施", "李", NOW.date()), {"due_on": "due_past"}),
        (Plan("C3", "长" * 4001, "措施", "李", DUE), {"problem": "text_too_long"}),
    ],
)
def test_an_item_must_be_whole(settled: Published, plan: Plan, fields: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        _list(settled, plan)
    assert {field: error.code for field, error in refused.value.errors.items()} == fields


def test_the_report_waits_for_the_table(session: Session) -> None:
    scene = make_scene(session, experts=1)
    early = Published(scene, scene.chair, scene.chair)
    with pytest.raises(DomainError, match="settlement_not_open"):
        _write(early, "太早。")


WRITES: list[Callable[[Published], object]] = [
    lambda settled: _write(settled, "改写。"),
    _list,
    lambda settled: _change(settled, 1, PLAN),
    lambda settled: _drop(settled, 1),
]


@pytest.mark.parametrize("write", WRITES)
def test_nothing_is_written_while_a_signature_is_awaited_nor_after(
    settled: Published, write: Callable[[Published], object]
) -> None:
    _list(settled)
    settled.scene.propose_closing()
    with pytest.raises(DomainError, match="closing_proposed"):
        write(settled)
    settled.scene.sign_closing()
    with pytest.raises(DomainError, match="assignment_closed"):
        write(settled)
    closing.reopen(
        settled.session,
        actor=bureau_actor(settled.session),
        now=NOW,
        assignment=settled.assignment,
        reason="报告有误。",
    )
    write(settled)


def test_a_closing_keeps_the_report_it_was_signed_with(settled: Published) -> None:
    _write(settled, "制度健全。")
    _list(settled)
    settled.scene.close("同意推荐。")
    signed = {
        "parts": {"opinion": "同意推荐。", "strengths": "制度健全。"},
        "items": [
            {
                "number": 1,
                "element": "C26",
                "problem": "听课记录不全。",
                "measure": "补记并抽查。",
                "responsible": "王主任",
                "due_on": DUE.isoformat(),
            }
        ],
    }
    closed = settled.session.scalars(select(Closing)).one()
    assert closed.report == signed
    closing.reopen(
        settled.session,
        actor=bureau_actor(settled.session),
        now=NOW,
        assignment=settled.assignment,
        reason="报告有误。",
    )
    _change(settled, 1, Plan("C26", "另一个问题。", "措施", "李", date(2027, 9, 1)))
    settled.session.refresh(closed)
    assert closed.report == signed

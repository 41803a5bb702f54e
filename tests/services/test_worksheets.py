"""The working sheet: previewed cell by cell, then taken in whole or not at all."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.documents import cells, worksheet
from portfolio.errors import DomainError
from portfolio.models import AuditEvent, Dossier, SelfAssessment, User
from portfolio.policy import Actor
from portfolio.queries.standing import Standing, standing
from portfolio.services import dossiers, worksheets
from portfolio.services.worksheets import Kind, Plan
from tests.factories import NOW, actor_for, make_dossier, make_staff
from tests.worksheet_factory import FIRST, filled, write


@dataclass
class Desk:
    """A dossier in which C1 is scored and C2 is not, and its sheet."""

    session: Session
    dossier: Dossier
    lead: Actor
    contributor: User
    sheet: bytes

    @property
    def stands(self) -> Standing:
        self.session.expire_all()
        self.session.refresh(self.dossier, ["school", "cycle"])
        return standing(self.session, self.dossier, now=NOW, with_uncited=False)

    def plan(self, data: bytes, actor: Actor | None = None) -> Plan:
        stands = self.stands
        return worksheets.plan(
            worksheet.read(data),
            actor=actor or self.lead,
            now=NOW,
            dossier=self.dossier,
            rubric=stands.rubric,
            standing=stands.assessments,
            asked=None,
        )

    def apply(self, planned: Plan, previewed: str, overwrite: tuple[str, ...] = ()) -> int:
        stands = self.stands
        return worksheets.apply(
            self.session,
            actor=self.lead,
            now=NOW,
            dossier=self.dossier,
            rubric=stands.rubric,
            standing=stands.assessments,
            planned=planned,
            previewed=previewed,
            overwrite=overwrite,
        )

    def save(self, code: str, score: str | None, text: str) -> None:
        stands = self.stands
        row = stands.assessments[code]
        dossiers.score_element(
            self.session,
            actor=self.lead,
            now=NOW,
            dossier=self.dossier,
            assessment=row,
            element=stands.rubric.element(code),
            score=score,
            justification=text,
            version=row.version,
        )

    def score(self, code: str) -> Decimal | None:
        return self.session.scalar(
            select(SelfAssessment.score).where(
                SelfAssessment.dossier_id == self.dossier.id, SelfAssessment.element == code
            )
        )

    def export(self) -> bytes:
        stands = self.stands
        lines = [
            worksheet.Line(e.code, e.text, e.points, row.score, row.justification, row.version)
            for e in stands.rubric.elements
            for row in (stands.assessments[e.code],)
        ]
        return worksheet.workbook(
            "学校", lines, dossier_id=self.dossier.id, rubric_digest=stands.rubric.digest
        )


@pytest.fixture
def desk(session: Session) -> Desk:
    dossier = make_dossier(session)
    staff = make_staff(session, dossier.school)
    made = Desk(session, dossier, actor_for(session, staff.lead), staff.contributor, b"")
    made.save("C1", "0.5", "原有说明")
    made.sheet = made.export()
    return made


def refusals(planned: Plan) -> dict[str, str]:
    return {refusal.address: refusal.error.code for refusal in planned.refusals}


def test_a_sheet_that_nobody_changed_changes_nothing(desk: Desk) -> None:
    planned = desk.plan(desk.sheet)
    assert (planned.changes, planned.refusals, planned.unchanged) == ((), (), 84)


def test_what_is_new_and_what_is_changed_is_previewed_and_then_done(desk: Desk) -> None:
    data = filled(desk.sheet, write({"D4": 0.9, "E4": "改过的说明", "D5": "０．７", "D6": 1}))
    planned = desk.plan(data)
    assert [(c.code, c.kind, c.before, c.after, c.address) for c in planned.changes] == [
        ("C1", Kind.CHANGED, Decimal("0.5"), Decimal("0.9"), "D4"),
        ("C2", Kind.ADDED, None, Decimal("0.7"), "D5"),
        ("C3", Kind.ADDED, None, Decimal(1), "D6"),
    ]
    assert desk.apply(planned, planned.digest) == 3
    assert [desk.score(code) for code in ("C1", "C2", "C3")] == [Decimal("0.9"), Decimal("0.7"), Decimal(1)]
    scored = select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "element:scored")
    assert desk.session.scalar(scored) == 1 + 3


def test_an_empty_score_is_unscored_and_never_0(desk: Desk) -> None:
    [change] = desk.plan(filled(desk.sheet, write({"D4": None}))).changes
    assert (change.before, change.after) == (Decimal("0.5"), None)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.5, "above_points"),
        (-0.1, "negative"),
        (0.55, "off_step"),
        ("很好", "not_a_number"),
        ("1e0", "not_a_number"),
        (True, "cell_formula"),
        ("=1-0.1", "cell_formula"),
    ],
)
def test_a_score_that_cannot_be_is_refused_with_its_cell(desk: Desk, value: Any, code: str) -> None:
    data = filled(desk.sheet, write({"D5": value, "D6": 0.9}))
    planned = desk.plan(data)
    assert refusals(planned) == {"D5": code}
    with pytest.raises(DomainError) as refused:
        desk.apply(planned, planned.digest)
    assert refused.value.code == "sheet_refused"
    assert desk.score("C3") is None  # nothing of the sheet


def test_a_sum_that_binary_fractions_bend_is_the_number_it_shows(desk: Desk) -> None:
    [change] = desk.plan(filled(desk.sheet, write({"D5": 0.1 + 0.2}))).changes
    assert change.after == Decimal("0.3")


def test_rows_may_be_gone_and_in_another_order(desk: Desk) -> None:
    def shuffle(page: Any) -> None:
        rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=FIRST)]
        page.delete_rows(FIRST, len(rows))
        for row in reversed(rows[:10]):
            page.append([*row[:3], 1, *row[4:]] if row[0] == "C5" else row)

    planned = desk.plan(filled(desk.sheet, shuffle))
    assert [(c.code, c.after) for c in planned.changes] == [("C5", Decimal(1))]
    assert planned.unchanged == 9


def test_columns_may_stand_in_another_order(desk: Desk) -> None:
    def swap(page: Any) -> None:
        for row in page.iter_rows(min_row=FIRST - 1):
            row[3].value, row[4].value = row[4].value, row[3].value
        page["E5"] = 0.4

    assert [(c.code, c.address) for c in desk.plan(filled(desk.sheet, swap)).changes] == [("C2", "E5")]


def test_merged_cells_unknown_codes_and_codes_twice_are_refused_with_their_cells(desk: Desk) -> None:
    def spoil(page: Any) -> None:
        page.merge_cells("A5:A6")
        page["D6"] = 0.5
        page["A7"] = "C999"
        page["A8"] = "C1"

    found = refusals(desk.plan(filled(desk.sheet, spoil)))
    assert found == {"A6": "cell_without_code", "A7": "cell_unknown_code", "A8": "cell_twice"}


def test_what_somebody_changed_meanwhile_is_a_conflict_and_stays_unless_named(desk: Desk) -> None:
    data = filled(desk.sheet, write({"D4": 0.9, "D5": 0.8}))
    desk.save("C1", "0.6", "别人写的")
    planned = desk.plan(data)
    assert {c.code: c.kind for c in planned.changes} == {"C1": Kind.CONFLICT, "C2": Kind.ADDED}
    assert desk.apply(planned, planned.digest) == 1
    assert (desk.score("C1"), desk.score("C2")) == (Decimal("0.6"), Decimal("0.8"))
    again = desk.plan(data)
    assert desk.apply(again, again.digest, overwrite=("C1",)) == 1
    assert desk.score("C1") == Decimal("0.9")


def test_a_preview_that_no_longer_holds_is_not_carried_out(desk: Desk) -> None:
    data = filled(desk.sheet, write({"D4": 0.9}))
    previewed = desk.plan(data).digest
    desk.save("C1", "0.6", "别人写的")
    with pytest.raises(DomainError) as refused:
        desk.apply(desk.plan(data), previewed, overwrite=("C1",))
    assert refused.value.code == "sheet_outdated"
    assert desk.score("C1") == Decimal("0.6")


def test_a_contributor_changes_only_what_is_assigned_to_them(desk: Desk) -> None:
    desk.stands.assessments["C2"].assignee_id = desk.contributor.id
    desk.session.flush()
    actor = actor_for(desk.session, desk.contributor)
    planned = desk.plan(filled(desk.sheet, write({"D4": 0.9, "D5": 0.8})), actor)
    assert refusals(planned) == {"A4": "cell_not_yours"}
    assert [c.code for c in planned.changes] == ["C2"]


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1"])
def test_what_looks_like_a_formula_leaves_and_returns_as_text(desk: Desk, text: str) -> None:
    desk.save("C1", "0.5", text)
    data = desk.export()
    cell = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]["E4"]
    assert (cell.data_type, cell.value) == ("s", text)
    assert desk.plan(data).changes == ()


def test_a_sheet_of_another_school_or_rubric_is_refused(desk: Desk, session: Session) -> None:
    other = make_dossier(session)
    lines: list[worksheet.Line] = []
    digest = desk.stands.rubric.digest
    for data, code in (
        (worksheet.workbook("", lines, dossier_id=other.id, rubric_digest=digest), "sheet_of_other_dossier"),
        (
            worksheet.workbook("", lines, dossier_id=desk.dossier.id, rubric_digest="0" * 64),
            "sheet_of_other_rubric",
        ),
    ):
        with pytest.raises(DomainError) as refused:
            desk.plan(data)
        assert refused.value.code == code


def _workbook(fill: Callable[[Any], None]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    fill(book)
    book.close()
    return buffer.getvalue()


def _foreign() -> bytes:
    return _workbook(lambda book: book.add_worksheet().write_string(0, 0, "别的表"))


def _with_macros() -> bytes:
    buffer = io.BytesIO(_foreign())
    with zipfile.ZipFile(buffer, "a") as parts:
        parts.writestr("xl/vbaProject.bin", b"macro")
    return buffer.getvalue()


def _endless() -> bytes:
    """Small as it is sent, and a million rows when it is unpacked."""
    buffer = io.BytesIO(_foreign())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet2.xml", b"<row/>" * 6_000_000)
    return buffer.getvalue()


def _cut() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as parts:
        parts.writestr("xl/workbook.xml", "<workbook")
    return buffer.getvalue()


def _cases() -> Iterator[tuple[str, Callable[[], bytes], str]]:
    yield "text", lambda: b"not a workbook", "sheet_unreadable"
    yield "nothing", lambda: b"", "sheet_unreadable"
    yield "cut", _cut, "sheet_unreadable"
    yield "foreign", _foreign, "sheet_of_other_dossier"
    yield "macros", _with_macros, "sheet_macros"
    yield "endless", _endless, "sheet_too_large"
    yield "large", lambda: b"x" * (cells.MOST_BYTES + 1), "sheet_too_large"


@pytest.mark.parametrize(
    ("data", "code"), [case[1:] for case in _cases()], ids=[case[0] for case in _cases()]
)
def test_what_is_no_working_sheet_is_refused_and_said_why(data: Callable[[], bytes], code: str) -> None:
    with pytest.raises(DomainError) as refused:
        worksheet.read(data())
    assert (refused.value.code, refused.value.field) == (code, "sheet")


def test_a_sheet_with_too_many_rows_or_without_its_headings_is_refused(desk: Desk) -> None:
    with pytest.raises(DomainError) as refused:
        worksheet.read(filled(desk.sheet, write({f"A{cells.MOST_ROWS + 1}": "C1"})))
    assert refused.value.code == "sheet_too_large"
    with pytest.raises(DomainError) as refused:
        worksheet.read(filled(desk.sheet, write({"D3": "得分"})))
    assert refused.value.code == "sheet_headings"

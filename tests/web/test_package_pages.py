"""From check list to receipt to result, and the official form."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import Dossier, Package
from rubric.loader import DEFAULT, find
from tests.conftest import Browser
from tests.factories import PASSWORD, Staff, cite, make_dossier, make_evidence, make_staff, score_all


@pytest.fixture
def dossier(store: Session, app: Flask, tmp_path: Path) -> Dossier:
    """Ready to submit, but for C84, which has no evidence."""
    made = make_dossier(store)
    score_all(store, made)
    evidence = make_evidence(store, made.school, app.extensions["portfolio"].storage, tmp_path)
    for element in find(DEFAULT).elements[:-1]:
        cite(store, made, element.code, evidence)
    store.commit()
    return made


@pytest.fixture
def staff(store: Session, dossier: Dossier) -> Staff:
    made = make_staff(store, dossier.school)
    store.commit()
    return made


def _submit(dossier: Dossier, staff: Staff, log_in: Callable[..., Browser]) -> str:
    """Waive, hand over, sign; returns the package's address."""
    address = f"/dossiers/{dossier.id}/submission"
    lead = log_in(staff.lead)
    lead.post(address + "/waivers", {"gap": "C84:no_evidence", "reason": "问卷尚在汇总"})
    assert lead.post(address).status_code == 302
    answer = log_in(staff.principal).post(address + "/signature", {"password": PASSWORD})
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def test_open_gaps_keep_the_submit_button_shut(
    dossier: Dossier, staff: Staff, log_in: Callable[..., Browser]
) -> None:
    lead = log_in(staff.lead)
    page = lead.get(f"/dossiers/{dossier.id}/submission").get_data(as_text=True)
    assert 'value="C84:no_evidence"' in page
    assert lead.post(f"/dossiers/{dossier.id}/submission").status_code == 422


def test_a_waiver_without_a_reason_keeps_the_ticks_and_says_why(
    dossier: Dossier, staff: Staff, log_in: Callable[..., Browser]
) -> None:
    answer = log_in(staff.lead).post(
        f"/dossiers/{dossier.id}/submission/waivers", {"gap": "C84:no_evidence", "reason": " "}
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="C84:no_evidence" id="g-1" checked' in page
    assert 'id="reason-error"' in page


def test_the_whole_way_from_check_list_to_receipt(
    dossier: Dossier, staff: Staff, log_in: Callable[..., Browser], store: Session
) -> None:
    address = _submit(dossier, staff, log_in)
    package = store.scalars(select(Package)).one()
    browser = log_in(staff.contributor)
    page = browser.get(address).get_data(as_text=True)
    assert package.digest in page
    assert "问卷尚在汇总" in page
    manifest = browser.get(address + "/manifest.json").get_data()
    assert hashlib.sha256(manifest).hexdigest() == package.digest


def test_a_wrong_password_does_not_sign(
    dossier: Dossier, staff: Staff, log_in: Callable[..., Browser]
) -> None:
    lead = log_in(staff.lead)
    address = f"/dossiers/{dossier.id}/submission"
    lead.post(address + "/waivers", {"gap": "C84:no_evidence", "reason": "问卷尚在汇总"})
    lead.post(address)
    answer = log_in(staff.principal).post(address + "/signature", {"password": "guess guess"})
    assert answer.status_code == 422
    assert 'id="f-password-error"' in answer.get_data(as_text=True)


def test_only_the_principal_signs(dossier: Dossier, staff: Staff, log_in: Callable[..., Browser]) -> None:
    answer = log_in(staff.lead).post(f"/dossiers/{dossier.id}/submission/signature", {"password": PASSWORD})
    assert answer.status_code == 403


def test_a_result_says_when_it_will_come(
    dossier: Dossier, staff: Staff, log_in: Callable[..., Browser]
) -> None:
    page = log_in(staff.lead).get(f"/dossiers/{dossier.id}/result")
    assert page.status_code == 200
    assert 'class="empty"' in page.get_data(as_text=True)


def test_the_official_form_holds_the_published_table(
    dossier: Dossier, staff: Staff, log_in: Callable[..., Browser]
) -> None:
    answer = log_in(staff.lead).get(f"/dossiers/{dossier.id}/form.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.get_data()))
    assert "UTF-8''" in answer.headers["Content-Disposition"]
    _check_form(book.active, own={"C1": 0.9, "C38": 1.8})


def test_the_packages_form_names_the_package(
    dossier: Dossier, staff: Staff, log_in: Callable[..., Browser], store: Session
) -> None:
    address = _submit(dossier, staff, log_in)
    sheet = openpyxl.load_workbook(
        io.BytesIO(log_in(staff.lead).get(address + "/form.xlsx").get_data())
    ).active
    _check_form(sheet, own={"C1": 0.9})
    digest = store.scalars(select(Package.digest)).one()
    assert any(digest in str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value)


def _check_form(sheet: openpyxl.worksheet.worksheet.Worksheet, own: dict[str, float]) -> None:
    rubric = find(DEFAULT)
    first = 6
    assert [sheet.cell(4, column).value for column in range(1, 7)] == [
        "一级指标",
        "二级指标",
        "评估要素",
        "标准分",
        "评估方法",
        "得分",
    ]
    for row, element in enumerate(rubric.elements, start=first):
        assert sheet.cell(row, 3).value == f"{element.code}. {element.text}"
        assert sheet.cell(row, 4).value == element.points
        if element.code in own:
            assert sheet.cell(row, 6).value == own[element.code]
    merged = {str(area) for area in sheet.merged_cells.ranges}
    row = first
    for indicator in rubric.indicators:
        last = row + len(indicator.elements) - 1
        assert f"A{row}:A{last}" in merged
        assert f"E{row}:E{last}" in merged
        assert indicator.title in sheet.cell(row, 1).value
        assert all(method.text in sheet.cell(row, 5).value for method in indicator.methods)
        for child in indicator.children:
            assert child.text in sheet.cell(row, 2).value
            row += len(child.elements)
    assert sheet.cell(row, 1).value == "合计"
    assert sheet.cell(row, 4).value == 100

"""The page where a school writes its report's introductions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.documents.archive.viewer import WAIVED
from portfolio.models import Dossier, Role, SelfAssessment, User
from rubric.gaps import Rule
from tests.conftest import Browser
from tests.factories import Staff, make_user

LogIn = Callable[[User], Browser]


def test_an_introduction_is_saved_shown_and_in_the_document(
    dossier: Dossier, staff: Staff, log_in: LogIn
) -> None:
    address = f"/dossiers/{dossier.id}/report"
    writer = log_in(staff.contributor)
    answer = writer.post(f"{address}/A3", {"text": "课程**丰富**。", "version": "0"})
    assert answer.status_code == 302
    assert "课程**丰富**。" in writer.get(address).get_data(as_text=True)
    reader = log_in(staff.principal).get(address).get_data(as_text=True)
    assert "<strong>丰富</strong>" in reader
    assert "<textarea" not in reader
    for extension, magic in (("docx", b"PK"), ("pdf", b"%PDF-")):
        document = writer.get(f"{address}.{extension}")
        assert document.status_code == 200
        assert document.get_data().startswith(magic)


def test_a_stale_save_shows_both_texts_and_can_then_be_saved(
    dossier: Dossier, staff: Staff, log_in: LogIn
) -> None:
    address = f"/dossiers/{dossier.id}/report"
    lead = log_in(staff.lead)
    lead.post(f"{address}/A1", {"text": "先存的一稿", "version": "0"})
    answer = lead.post(f"{address}/A1", {"text": "后到的一稿", "version": "0"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "先存的一稿" in page
    assert "后到的一稿</textarea>" in page
    assert 'name="version" value="1"' in page
    assert lead.post(f"{address}/A1", {"text": "后到的一稿", "version": "1"}).status_code == 302


def test_a_text_that_is_too_long_stays_on_the_page(dossier: Dossier, staff: Staff, log_in: LogIn) -> None:
    answer = log_in(staff.lead).post(
        f"/dossiers/{dossier.id}/report/A1", {"text": "长" * 8001, "version": "0"}
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "长" * 8001 in page
    assert 'id="text-A1-error"' in page


def test_there_is_nothing_to_write_about_an_indicator_that_is_not(
    dossier: Dossier, staff: Staff, log_in: LogIn
) -> None:
    answer = log_in(staff.lead).post(f"/dossiers/{dossier.id}/report/A9", {"text": "x", "version": "0"})
    assert answer.status_code == 404


def test_the_bureau_reads_but_does_not_write(dossier: Dossier, store: Session, log_in: LogIn) -> None:
    clerk = make_user(store, Role.BUREAU)
    store.commit()
    browser = log_in(clerk)
    assert browser.get(f"/dossiers/{dossier.id}/report").status_code == 200
    answer = browser.post(f"/dossiers/{dossier.id}/report/A1", {"text": "x", "version": "0"})
    assert answer.status_code == 403


def test_a_form_without_its_version_keeps_what_was_typed(
    dossier: Dossier, staff: Staff, log_in: LogIn
) -> None:
    answer = log_in(staff.lead).post(f"/dossiers/{dossier.id}/report/A1", {"text": "没有版本"})
    assert answer.status_code == 422
    assert "没有版本</textarea>" in answer.get_data(as_text=True)


def test_the_documents_name_every_kind_of_gap_but_not_advice(
    store: Session, dossier: Dossier, staff: Staff, log_in: LogIn
) -> None:
    """A scored element without evidence lacks its expected materials too; the report names what others see."""
    assessment = store.scalars(select(SelfAssessment).where(SelfAssessment.element == "C2")).one()
    assessment.score = Decimal("0.8")
    store.commit()
    answer = log_in(staff.lead).get(f"/dossiers/{dossier.id}/report.docx")
    assert answer.status_code == 200
    with ZipFile(BytesIO(answer.get_data())) as document:
        said = document.read("word/document.xml").decode()
    assert "没有自评说明" in said
    assert "缺少应有材料" not in said


def test_every_rule_has_a_name_in_the_documents() -> None:
    assert set(WAIVED) == set(Rule)

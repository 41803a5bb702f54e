"""The working sheet through its pages."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import Dossier, SelfAssessment, User
from tests.conftest import Browser
from tests.worksheet_factory import filled, write

LogIn = Callable[[User], Browser]


def score_of(store: Session, code: str) -> Decimal | None:
    store.rollback()
    return store.scalar(select(SelfAssessment.score).where(SelfAssessment.element == code))


def send(lead: Browser, address: str, data: bytes) -> object:
    return lead.post(
        address, {"sheet": (io.BytesIO(data), "工作表.xlsx")}, content_type="multipart/form-data"
    )


def fields(page: str) -> dict[str, str]:
    return {
        name: html.unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(sheet|digest)" value="([^"]*)"', page)
    }


def test_the_whole_way_from_export_over_preview_to_the_dossier(
    dossier: Dossier, lead: Browser, store: Session
) -> None:
    address = f"/dossiers/{dossier.id}/worksheet"
    exported = lead.get(f"{address}.xlsx")
    assert exported.status_code == 200
    data = filled(exported.get_data(), write({"D4": 0.9, "E4": "<b>制度</b>健全", "D5": 0.5}))
    page = send(lead, address, data).get_data(as_text=True)  # type: ignore[attr-defined]
    assert "&lt;b&gt;制度&lt;/b&gt;健全" in page
    assert score_of(store, "C1") is None  # only a preview
    answer = lead.post(f"{address}/changes", fields(page))
    assert answer.status_code == 302
    assert (score_of(store, "C1"), score_of(store, "C2")) == (Decimal("0.9"), Decimal("0.5"))


def test_refused_cells_are_named_and_nothing_is_offered_to_be_taken_in(
    dossier: Dossier, lead: Browser, store: Session
) -> None:
    address = f"/dossiers/{dossier.id}/worksheet"
    data = filled(lead.get(f"{address}.xlsx").get_data(), write({"D4": 7, "D5": 0.5}))
    page = send(lead, address, data).get_data(as_text=True)  # type: ignore[attr-defined]
    assert '<b class="num">D4</b>' in page
    assert "waive-bar" not in page
    answer = lead.post(f"{address}/changes", fields(page))
    assert answer.status_code == 409
    assert score_of(store, "C2") is None


def test_a_preview_that_is_outdated_is_shown_again(dossier: Dossier, lead: Browser, store: Session) -> None:
    address = f"/dossiers/{dossier.id}/worksheet"
    data = filled(lead.get(f"{address}.xlsx").get_data(), write({"D4": 0.9}))
    sent = fields(send(lead, address, data).get_data(as_text=True))  # type: ignore[attr-defined]
    lead.put(f"/dossiers/{dossier.id}/elements/C1", {"score": "0.4", "justification": "", "version": 0})
    answer = lead.post(f"{address}/changes", sent)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert 'name="overwrite" value="C1"' in page
    assert score_of(store, "C1") == Decimal("0.4")
    again = lead.post(f"{address}/changes", {**fields(page), "overwrite": "C1"})
    assert again.status_code == 302
    assert score_of(store, "C1") == Decimal("0.9")


@pytest.mark.parametrize("data", [b"", b"no workbook"])
def test_what_is_no_sheet_is_said_so(dossier: Dossier, lead: Browser, data: bytes) -> None:
    address = f"/dossiers/{dossier.id}/worksheet"
    answer = send(lead, address, data)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert 'id="sheet-error"' in answer.get_data(as_text=True)  # type: ignore[attr-defined]
    assert lead.post(f"{address}/changes", {"sheet": "%%%"}).status_code == 422

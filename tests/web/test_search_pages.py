"""Searching as people meet it: hits with their passage, one click that cites the page, and what helps without hits."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.db import begin_write
from portfolio.models import Citation, Dossier, DossierState, Evidence, User
from portfolio.services import trash
from portfolio.storage import Storage
from tests.conftest import Browser
from tests.counting import statements
from tests.factories import (
    NOW,
    Staff,
    actor_for,
    cite,
    make_dossier,
    make_evidence,
    make_school,
    make_staff,
    read_pages,
)

LogIn = Callable[[User], Browser]
PAGES = ("封面", "会议应到代表62人，实到58人。教代会以无记名投票方式审议通过<方案>。", "再议教代会")


@pytest.fixture
def storage(app: Flask) -> Storage:
    return app.extensions["portfolio"].storage  # type: ignore[no-any-return]


@pytest.fixture
def minutes(store: Session, dossier: Dossier, staff: Staff, storage: Storage, tmp_path: Path) -> Evidence:
    begin_write(store)
    made = make_evidence(store, dossier.school, storage, tmp_path, title="第三届会议纪要", by=staff.lead)
    read_pages(store, made, *PAGES)
    store.commit()
    return made


@pytest.fixture
def library(dossier: Dossier) -> str:
    return f"/schools/{dossier.school_id}/evidence"


def page_of(answer: object) -> str:
    return answer.get_data(as_text=True)  # type: ignore[attr-defined,no-any-return]


def form_to(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that posts there."""
    form = re.search(rf'<form[^>]* action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert form, page
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0])
    return {name: html.unescape(value) for name, value in fields if name != "csrf_token"}


def citation_of(store: Session, piece: Evidence) -> Citation:
    store.rollback()
    return store.scalars(select(Citation).where(Citation.evidence_id == piece.id)).one()


def test_a_hit_shows_the_passage_with_its_words_marked_and_nothing_of_it_runs(
    lead: Browser, library: str, minutes: Evidence
) -> None:
    page = page_of(lead.get(f"{library}?q=教代会 方案"))
    assert "<mark>教代会</mark>以无记名投票方式审议通过&lt;<mark>方案</mark>&gt;。" in page
    assert f'href="/evidence/{minutes.id}?page=2"' in page
    page = page_of(lead.get(f"{library}?q=教代会"))
    assert "另有 1 页" in page
    assert "<mark>会议</mark>" in page_of(lead.get(f"{library}?q=会议")), "a title's words are marked too"


def test_one_click_cites_the_page_for_the_element_one_came_from(
    lead: Browser, store: Session, dossier: Dossier, library: str, minutes: Evidence
) -> None:
    address = f"{library}?q=教代会&for=C14"
    action = f"/dossiers/{dossier.id}/elements/C14/citations"
    fields = form_to(page_of(lead.get(address)), action)
    answer = lead.post(action, fields)
    assert answer.status_code == 302
    cited = citation_of(store, minutes)
    assert (cited.element, cited.page_from, cited.page_to) == ("C14", 2, None)
    page = page_of(lead.get(answer.location))
    assert "C14 已引证" in page
    assert "撤销" in page
    assert f'href="/dossiers/{dossier.id}/elements/C14"' in page, "the way back"


def test_a_citation_of_another_page_can_be_pointed_to_the_page_found(
    lead: Browser, store: Session, dossier: Dossier, library: str, minutes: Evidence
) -> None:
    begin_write(store)
    cited = cite(store, dossier, "C14", minutes, page=9)
    cited.remark = "见表决结果"
    store.commit()
    action = f"/citations/{cited.id}"
    fields = form_to(page_of(lead.get(f"{library}?q=教代会&for=C14")), action)
    assert lead.post(action, fields).status_code == 302
    store.expire_all()
    changed = citation_of(store, minutes)
    assert (changed.page_from, changed.remark) == (2, "见表决结果")


def test_without_an_element_to_come_from_one_is_chosen_at_the_hit(
    lead: Browser, store: Session, library: str, minutes: Evidence
) -> None:
    action = f"/evidence/{minutes.id}/citations"
    fields = form_to(page_of(lead.get(f"{library}?q=教代会")), action)
    assert lead.post(action, fields | {"element": " c14 "}).status_code == 302
    assert (citation_of(store, minutes).element, citation_of(store, minutes).page_from) == ("C14", 2)


def test_who_cannot_cite_is_offered_no_citing(
    log_in: LogIn, store: Session, staff: Staff, dossier: Dossier, library: str, minutes: Evidence
) -> None:
    principal = page_of(log_in(staff.principal).get(f"{library}?q=教代会&for=C14"))
    assert "<mark>教代会</mark>" in principal
    assert "/citations" not in principal
    begin_write(store)
    held = store.get_one(Dossier, dossier.id)
    held.state, held.handed_over_at = DossierState.SIGNING, held.created_at
    store.commit()
    assert "/citations" not in page_of(log_in(staff.lead).get(f"{library}?q=教代会&for=C14"))


def test_the_picker_beside_an_element_cites_the_page_found(
    lead: Browser, store: Session, dossier: Dossier, library: str, minutes: Evidence
) -> None:
    back = f"/dossiers/{dossier.id}/elements/C14"
    fragment = page_of(lead.get(f"{library}/pick?element=C14&dossier={dossier.id}&q=无记名&next={back}"))
    assert "<mark>无记名</mark>" in fragment
    action = f"{back}/citations"
    fields = form_to(fragment, action)
    assert (fields["page_from"], fields["next"]) == ("2", back)
    assert lead.post(action, fields).location == back
    assert citation_of(store, minutes).page_from == 2


def test_filters_stay_while_one_searches_and_the_other_way_round(
    lead: Browser, store: Session, dossier: Dossier, library: str, minutes: Evidence
) -> None:
    begin_write(store)
    cite(store, dossier, "C14", minutes)
    store.commit()
    fitting = "kind=minutes&year=2025&cited=cited&element=c14"
    page = page_of(lead.get(f"{library}?q=教代会&{fitting}"))
    assert "<mark>教代会</mark>" in page
    for name, value in (("kind", "minutes"), ("year", "2025"), ("cited", "cited")):
        assert f'<input type="hidden" name="{name}" value="{value}">' in page
    other = next(href for href in re.findall(r'href="([^"]+)"', page) if "cited=uncited" in href)
    assert all(part in html.unescape(other) for part in ("kind=minutes", "element=C14", "q="))
    for odd in ("kind=photo", "year=2024", "cited=uncited", "element=C15", "problem=old"):
        chosen = dict(pair.split("=") for pair in (*fitting.split("&"), odd))
        assert "<mark>" not in page_of(lead.get(library, query_string={"q": "教代会"} | chosen)), odd


def test_without_hits_the_page_says_what_else_to_try(
    lead: Browser, store: Session, staff: Staff, library: str, minutes: Evidence
) -> None:
    page = page_of(lead.get(f"{library}?q=教代会 游泳&kind=minutes"))
    assert "没有找到“教代会 游泳”" in page
    hrefs = [html.unescape(href) for href in re.findall(r'href="([^"]+)"', page)]
    assert any("q=%E6%95%99%E4%BB%A3%E4%BC%9A&" in f"{href}&" and "kind" in href for href in hrefs), (
        "one word"
    )
    assert any("q=%E6%95%99%E4%BB%A3%E4%BC%9A+%E6%B8%B8" in href and "kind" not in href for href in hrefs)
    begin_write(store)
    trash.trash_evidence(store, actor=actor_for(store, staff.lead), now=NOW, evidence_id=minutes.id)
    store.commit()
    page = page_of(lead.get(f"{library}?q=教代会"))
    assert "<mark>" not in page
    assert f"{library}/trash?q=" in page


@pytest.mark.parametrize("q", ["。", "***", '""', "  ", "😀"])
def test_what_holds_no_word_finds_nothing_and_breaks_nothing(
    lead: Browser, library: str, minutes: Evidence, q: str
) -> None:
    answer = lead.get(library, query_string={"q": q})
    assert answer.status_code == 200
    assert "<mark>" not in page_of(answer)


@pytest.mark.parametrize(
    "q", ["党 AND", "NEAR(党", '"党', "党*", "title:党", "-党", "'", "\\", "%", "x" * 5000]
)
def test_operators_of_an_index_and_long_input_are_only_words(
    lead: Browser, library: str, minutes: Evidence, q: str
) -> None:
    assert lead.get(library, query_string={"q": q}).status_code == 200
    assert lead.get(f"{library}/trash", query_string={"q": q}).status_code == 200


def test_the_trash_is_searched_by_itself_and_gives_back(
    lead: Browser, store: Session, staff: Staff, library: str, minutes: Evidence
) -> None:
    assert "<mark>" not in page_of(lead.get(f"{library}/trash?q=教代会"))
    begin_write(store)
    trash.trash_evidence(store, actor=actor_for(store, staff.lead), now=NOW, evidence_id=minutes.id)
    store.commit()
    page = page_of(lead.get(f"{library}/trash?q=教代会"))
    assert "<mark>教代会</mark>" in page
    fields = form_to(page, f"/evidence/{minutes.id}/restore")
    assert lead.post(f"/evidence/{minutes.id}/restore", fields).status_code == 302
    assert "<mark>教代会</mark>" in page_of(lead.get(f"{library}?q=教代会"))


def test_hits_can_be_chosen_for_a_change_to_many(lead: Browser, library: str, minutes: Evidence) -> None:
    page = page_of(lead.get(f"{library}?q=教代会"))
    assert f'name="ids" value="{minutes.id}" form="bulk"' in page
    back = re.search(r'id="bulk".*?name="next" value="([^"]*)"', page, re.DOTALL)
    assert back
    answer = lead.post(
        f"{library}/bulk",
        {"ids": minutes.id, "do": "kind", "kind": "plan", "next": html.unescape(back[1])},
    )
    assert answer.status_code == 302
    assert "<mark>教代会</mark>" in page_of(lead.get(answer.location))


def test_another_school_s_search_finds_nothing_of_it(
    store: Session, log_in: LogIn, library: str, minutes: Evidence
) -> None:
    begin_write(store)
    other = make_dossier(store)
    stranger = make_staff(store, other.school).lead
    store.commit()
    browser = log_in(stranger)
    assert "<mark>" not in page_of(browser.get(f"/schools/{other.school_id}/evidence?q=教代会"))
    assert browser.get(f"{library}?q=教代会").status_code == 404
    assert browser.get(f"{library}/pick?q=教代会&element=C14").status_code == 404
    assert browser.get(f"{library}/trash?q=教代会").status_code == 404


def test_a_search_takes_six_statements_with_hits_and_without(
    app: Flask,
    lead: Browser,
    store: Session,
    dossier: Dossier,
    storage: Storage,
    tmp_path: Path,
    library: str,
    minutes: Evidence,
) -> None:
    engine = app.extensions["portfolio"].sessions.kw["bind"]

    def counted(q: str) -> int:
        with statements(engine) as seen:
            assert lead.get(f"{library}?q={q}&for=C14").status_code == 200
        return len(seen)

    counted("教代会")  # a worker reads the rubric once
    before = counted("教代会"), counted("没有")
    begin_write(store)
    for number in range(12):
        more = make_evidence(store, dossier.school, storage, tmp_path, title=str(number))
        read_pages(store, more, *PAGES)
        cite(store, dossier, f"C{number + 1}", more)
    store.commit()
    assert (counted("教代会"), counted("没有")) == before
    assert max(before) <= 6


def test_a_school_without_a_dossier_searches_and_cites_nothing(
    store: Session, log_in: LogIn, storage: Storage, tmp_path: Path
) -> None:
    begin_write(store)
    school = make_school(store)
    piece = make_evidence(store, school, storage, tmp_path, title="章程")
    read_pages(store, piece, *PAGES)
    person = make_staff(store, school).lead
    store.commit()
    page = page_of(log_in(person).get(f"/schools/{school.id}/evidence?q=教代会&for=C14&element=C1"))
    assert "<mark>教代会</mark>" in page
    assert "/citations" not in page

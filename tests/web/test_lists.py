"""Every list a person sees can be taken along: the same rows in the same order for each filter, for the same people.

A page that shows a list and isn't in the register fails here, as does a list nobody compares with its page.
"""

from __future__ import annotations

import csv
import html
import io
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import insert
from sqlalchemy.orm import Session

from portfolio.blueprints.lists.root import REGISTER
from portfolio.models import AuditEvent, User
from tests.conftest import Browser
from tests.counting import statements
from tests.factories import NOW
from tests.web.lists_town import CASES, TABLE, Case, Town, make_town

LogIn = Callable[[User], Browser]

# What answers GET without a list of its own, each with why.
NOT_LISTS = {
    "answers.case": "one element",
    "bureau.allotment": "a form; who has how much is in the loads",
    "bureau.assigning": "a form; the packages that wait are in its sheet",
    "bureau.assignment_sheet": "a form for the sheet",
    "bureau.result_terms": "a form",
    "changes.changes": "two packages side by side; each has its own list",
    "errands.import_page": "a form",
    "errands.mine": "one's own downloads, gone after three days",
    "errands.school_archive": "a button",
    "office.templates": "files, downloaded one by one",
    "panel_documents.listing": "leads to documents",
    "panelreport.report": "a document, downloaded as one",
    "supplement.asking": "a form; what was asked stands in the package that answers",
    "visit.agenda": "a part of the visit's record, a document",
    "visit.draws": "a part of the visit's record, a document",
    "visit.findings": "a part of the visit's record, a document",
    "visit.surveys": "a part of the visit's record, a document",
    "auth.account": "one's own account",
    "auth.health": "for machines",
    "auth.home": "leads on",
    "auth.invitation": "a door",
    "auth.log_in": "a door",
    "auth.no_cycle": "an empty state",
    "bureau.person": "one person",
    "bureau.publication_preview": "shows what a button does; the results are in the list before it",
    "bureau.reminders": "shows what a button does; who is late is in the progress",
    "documents.proof": "checks a digest",
    "dossier.element": "one element; all of them are in its dossier's list",
    "evidence.compare": "one piece",
    "evidence.pick": "a part of an element's page",
    "evidence.show": "one piece",
    "evidence.view": "one piece",
    "figures.proofs": "one figure",
    "panel.element": "one element of one's own review; the score sheet is a document",
    "panel.review": "leads on",
    "reporting.report": "a document, downloaded as one",
    "worksheet.worksheet": "a form for the working sheet",
}
# No pages at all: documents, files, parts for scripts.
FILES = {
    "bureau.assignment_template",
    "errands.file",
    "office.begin",
    "office.example",
    "office.original",
    "package.timestamp",
    "panel_documents.panel_form",
    "panel_documents.report",
    "panel_documents.result_notice",
    "panel_documents.sheet",
    "panel_documents.summary",
    "panel_documents.visit",
    "visit.beside",
    "visit.photo",
    "visit.survey_template",
    "bootstrap.static",
    "documents.archive",
    "documents.dossier_form",
    "documents.package_catalogue",
    "documents.package_form",
    "documents.package_labels",
    "documents.package_receipt",
    "evidence.derivation",
    "evidence.file",
    "evidence.offers",
    "evidence.page_image",
    "evidence.page_text",
    "evidence.suggest",
    "package.manifest",
    "reporting.document",
    "static",
    "worksheet.export",
}


@pytest.fixture
def town(app: Flask, store: Session, tmp_path: Path) -> Town:
    return make_town(app, store, tmp_path)


def _csv(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def _xlsx(answer: Any) -> list[list[Any]]:
    sheet = openpyxl.load_workbook(io.BytesIO(answer.get_data())).active
    assert sheet is not None
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def test_each_list_holds_the_rows_of_its_page_for_each_filter_in_its_order(
    town: Town, log_in: LogIn, app: Flask
) -> None:
    browsers = {who: log_in(user) for who, user in town.people.items()}
    wrong, filled = [], set()
    for name, case in CASES.items():
        browser = browsers[case.who]
        for query in case.queries:
            asked = query.format(**town.parts)
            page = browser.get(case.page.format(**town.parts) + (asked or case.whole))
            listed = browser.get(f"{(case.file or case.page).format(**town.parts)}.csv{asked}")
            if (page.status_code, listed.status_code) != (200, 200):
                wrong.append(f"{name}{asked}: {page.status_code}, {listed.status_code}")
                continue
            shown = re.findall(case.rows, page.get_data(as_text=True))
            headings, *rows = _csv(listed)
            filled |= {name} if rows else set()
            compared = _compared(name, case, shown, headings, rows)
            if compared[0] != compared[1]:
                wrong.append(f"{name}{asked}: {compared[0]} on the page, {compared[1]} in the list")
    assert not wrong, "\n".join(wrong)
    assert set(CASES) - filled == set(), "each is compared where it has rows"


def _on_check_list(page: str) -> int:
    """How many gaps the page names: open ones, what would stand better, files left out."""
    advice = "".join(re.findall(r'(?s)<ul class="r-advice">(.*?)</ul>', page))
    return page.count('<label for="g-') + advice.count("<a ") + page.count('class="left-out"')


def _compared(
    name: str, case: Case, shown: list[str], headings: list[str], rows: list[list[str]]
) -> tuple[Any, Any]:
    if name == "lists.gaps":  # the page groups them
        return sum(map(int, shown)), len(rows)
    if name == "lists.panel_seats":  # in one line a panel
        return sum(names.count(" · ") + 1 for names in shown), len(rows)
    if name == "lists.check_list":
        return _on_check_list(shown[0]), len(rows)
    if not case.column:
        return len(shown), len(rows)
    if case.column not in headings:
        return case.column, headings
    column = [row[headings.index(case.column)].lstrip("'") for row in rows]
    names = [html.unescape(each) for each in shown]
    if name == "lists.measures":  # one line a measure and year
        return list(dict.fromkeys(names)), list(dict.fromkeys(column))
    return names, column


def test_every_page_with_a_list_lets_it_be_taken_along(app: Flask) -> None:
    asked = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    lists = {endpoint for endpoint in asked if endpoint.startswith("lists.")}
    assert asked - lists - set(REGISTER) == set(NOT_LISTS) | FILES
    assert lists == {each.endpoint for declared in REGISTER.values() for each in declared}
    assert lists == set(CASES), "each list is compared with its page below"


def test_a_list_needs_what_its_page_needs(app: Flask) -> None:
    for page, declared in REGISTER.items():
        for each in declared:
            listed: Any = app.view_functions[each.endpoint]
            shown: Any = app.view_functions[page]
            assert listed.permission == shown.permission, each.endpoint


def test_what_a_search_finds_is_taken_along_with_its_page_and_passage(town: Town, log_in: LogIn) -> None:
    lead = log_in(town.people["lead"])
    page = lead.get("/schools/{school}/evidence?q=劳动教育".format(**town.parts)).get_data(as_text=True)
    headings, *rows = _csv(lead.get("/schools/{school}/evidence.csv?q=劳动教育".format(**town.parts)))
    shown = re.findall(r"(?s)<h3><a [^>]*>(.*?)</a></h3>", page)
    assert [row[0] for row in rows] == [re.sub(r"<[^>]+>", "", each) for each in shown]
    assert len(rows) == 3
    assert {row[headings.index("页码")] for row in rows} == {"1"}
    assert all("劳动教育" in row[headings.index("文段")] for row in rows)
    thrown = _csv(lead.get("/schools/{school}/evidence/trash.csv?q=劳动教育".format(**town.parts)))
    assert [row[0] for row in thrown[1:]] == ["旧稿"]


def test_both_kinds_of_file_hold_the_same_and_are_named_in_chinese(town: Town, log_in: LogIn) -> None:
    browsers = {who: log_in(user) for who, user in town.people.items()}
    for name, case in CASES.items():
        address = (case.file or case.page).format(**town.parts)
        as_csv, as_xlsx = (browsers[case.who].get(f"{address}.{kind}") for kind in ("csv", "xlsx"))
        plain, sheet = _csv(as_csv), _xlsx(as_xlsx)
        assert [len(plain), len(plain[0])] == [len(sheet), len(sheet[0])], name
        assert plain[0] == sheet[0], name
        for answer in (as_csv, as_xlsx):
            assert re.search(r"filename\*=UTF-8''[^;]*%[0-9A-F]{2}", answer.headers["Content-Disposition"]), (
                name
            )
        assert not re.search("[A-Za-z]{4,}", "".join(plain[0]).replace(" ", "")), (name, plain[0])


def test_a_page_links_to_its_lists_with_its_filters(town: Town, log_in: LogIn) -> None:
    page = log_in(town.people["bureau"]).get("/bureau/schools?name=雁塔&page=2").get_data(as_text=True)
    taken = re.findall(r'<nav class="lists-taken".*?</nav>', page, re.S)
    assert re.findall(r'href="([^"]+)"', taken[0]) == [
        "/bureau/schools.csv?name=%E9%9B%81%E5%A1%94",
        "/bureau/schools.xlsx?name=%E9%9B%81%E5%A1%94",
    ]
    hostile = log_in(town.people["bureau"]).get("/bureau/schools?_method=x&endpoint=y&kind=z&_external=1")
    assert hostile.status_code == 200


def test_an_expert_whose_review_is_out_takes_no_score_along(
    town: Town, log_in: LogIn, store: Session
) -> None:
    """What is refused on the page is refused as a list: table, areas, and the result of the round below."""
    expert = log_in(town.people["expert"])
    for address in ("/rounds/{round}/settlement/{late}", "/rounds/{round}/settlement/{at_table}"):
        for part in ("", "/areas"):
            path = address.format(**town.parts) + part
            assert expert.get(f"{path}.csv").status_code == 404, path
    assert expert.get("/bureau/progress.csv").status_code == 404
    second = log_in(town.people["second"])
    assert second.get(f"{TABLE}.csv".format(**town.parts)).status_code == 200


def test_only_the_chair_would_see_who_is_far_off_and_nobody_takes_it_along(town: Town, log_in: LogIn) -> None:
    tables = [
        _csv(log_in(town.people[who]).get(f"{TABLE}.csv".format(**town.parts))) for who in ("chair", "second")
    ]
    assert tables[0] == tables[1]


def test_twenty_thousand_events_take_the_statements_of_a_hundred_and_little_memory(
    app: Flask, store: Session, clerk: Browser
) -> None:
    engine = app.extensions["portfolio"].sessions.kw["bind"]
    seen_at = []
    for more in (100, 19_900):
        store.execute(
            insert(AuditEvent),
            [
                {
                    "at": NOW,
                    "action": "evidence:added",
                    "subject_type": "evidence",
                    "subject_id": 1,
                    "after": {"title": f"=材料{number}"},
                }
                for number in range(more)
            ],
        )
        store.commit()
        with statements(engine) as seen:
            answer = clerk.get("/bureau/audit.csv?action=evidence:added")
            tracemalloc.start()
            lines = sum(part.count(b"\n") for part in answer.iter_encoded())
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        seen_at.append((lines - 1, len(seen)))
        assert peak < 4_000_000, peak
    (few, asked), (many, asked_again) = seen_at
    assert (few, many, asked) == (100, 20_000, asked_again)
    assert asked <= 3

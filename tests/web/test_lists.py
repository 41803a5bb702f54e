"""Every list a person sees can be taken along: the same rows in the same order for each filter, for the same people.

A page that shows a list and isn't in the register fails here, as does a list nobody compares with its page.
"""

from __future__ import annotations

import csv
import html
import io
import re
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from portfolio.blueprints.lists.root import REGISTER
from portfolio.models import AuditEvent, Dossier, EvidenceKind, Role, Round, School, SelfAssessment, User
from portfolio.queries import results
from portfolio.services import accounts, awards, panels, trash
from portfolio.storage import Storage
from tests.conftest import Browser
from tests.counting import statements
from tests.factories import (
    NOW,
    actor_for,
    bureau_actor,
    cite,
    make_cycle,
    make_dossier,
    make_evidence,
    make_school,
    make_staff,
    make_user,
    read_pages,
    score_all,
)
from tests.panel_factory import Scene, make_scene

LogIn = Callable[[User], Browser]

# What answers GET without a list of its own, each with why.
NOT_LISTS = {
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


@dataclass(frozen=True)
class Case:
    """A list: whose page it is on, at which addresses they are compared, and where its rows stand on the page."""

    who: str
    page: str
    # the column that holds what `rows` finds on the page; empty: only as many
    column: str
    rows: str
    queries: tuple[str, ...] = ("",)
    # where the list is taken from, if not from the page's own address
    file: str = ""
    # what the page needs to show all of its rows
    whole: str = ""


@dataclass(frozen=True)
class Town:
    """One scene for all lists: the parts of addresses, and who goes there."""

    parts: Mapping[str, object]
    people: Mapping[str, User]


HEAD = r'<th scope="row"><a [^>]*>([^<]+)</a>'
TASK = r"<b>(C\d+)</b>"
THIS, LAST = "?cycle={cycle}", "?cycle={last}"
TABLE = "/rounds/{round}/settlement/{at_table}"
LIBRARY = "/schools/{school}/evidence"
GAP_COUNT = r'<summary>.*?<span class="quiet">(\d+)</span>'
CASES: dict[str, Case] = {
    "lists.city": Case(
        "bureau",
        "/bureau",
        "学校",
        HEAD,
        ("", "?sort=school&order=asc", "?district=雁塔区", "?state=reviewing", LAST),
        file="/bureau/city",
    ),
    "lists.matters": Case(
        "bureau",
        "/bureau",
        "学校",
        r'class="gap b-matter".*?</b><span>([^<]+)</span>',
        file="/bureau/matters",
    ),
    "lists.weakest_elements": Case(
        "bureau", "/bureau", "要素", r'class="gap b-weak".*?<b>(C\d+)</b>', file="/bureau/weakest"
    ),
    "lists.cycles": Case("bureau", "/bureau/cycles", "名称", HEAD),
    "lists.taking_part": Case(
        "bureau",
        "/bureau/cycles/{cycle}",
        "学校",
        r'<li><a href="/dossiers/\d+">([^<]+)</a>',
        file="/bureau/cycles/{cycle}/schools",
    ),
    "lists.given_packages": Case(
        "bureau",
        "/bureau/panels",
        "学校",
        r'<th scope="row">([^<]+)</th>',
        ("", THIS, LAST),
        file="/bureau/panels/packages",
    ),
    "lists.panel_seats": Case(
        "bureau",
        "/bureau/panels",
        "",
        r'<span class="b-names">(.*)</span>',
        (THIS, LAST),
        file="/bureau/panels/people",
    ),
    "lists.schools": Case("bureau", "/bureau/schools", "名称", HEAD, ("", "?name=雁塔", "?name=nobody")),
    "lists.accounts": Case(
        "bureau", "/bureau/accounts", "姓名", HEAD, ("", "?role=expert", "?name=王", "?role=lead&name=none")
    ),
    "lists.invitations": Case(
        "bureau", "/bureau/accounts", "姓名", r"<li><span><b>([^<]+)</b>", file="/bureau/invitations"
    ),
    "lists.school_people": Case(
        "bureau",
        "/bureau/schools/{school}",
        "姓名",
        r'<li><a href="/bureau/accounts/\d+">([^<]+)</a>',
        file="/bureau/schools/{school}/people",
    ),
    "lists.school_dossiers": Case(
        "bureau",
        "/bureau/schools/{school}",
        "批次",
        r'<li><a href="/dossiers/\d+">([^<]+)</a>',
        file="/bureau/schools/{school}/dossiers",
    ),
    "lists.school_invitations": Case(
        "bureau",
        "/bureau/schools/{school}",
        "姓名",
        r"<li><span><b>([^<]+)</b>",
        file="/bureau/schools/{school}/invitations",
    ),
    "lists.staff": Case("lead", "/schools/{school}/people", "姓名", r"<li>\s*<div><b>([^<]+)</b>"),
    "lists.staff_invitations": Case(
        "lead",
        "/schools/{school}/people",
        "姓名",
        r"<li><span><b>([^<]+)</b>",
        file="/schools/{school}/invitations",
    ),
    "lists.ways": Case(
        "bureau",
        "/bureau/progress",
        "学校",
        r'<a href="/packages/\d+">([^<]+)</a>',
        ("", THIS, LAST, "?show=late", "?round={round}", "?round={last}"),
    ),
    "lists.loads": Case(
        "bureau",
        "/bureau/progress",
        "评审专家",
        r'<a href="/bureau/accounts/\d+">([^<]+)</a>',
        (THIS, LAST),
        file="/bureau/progress/loads",
    ),
    "lists.closed_reviews": Case(
        "bureau", "/bureau/publication", "学校", r'<label for="a-\d+">([^<]+)</label>', (THIS, LAST)
    ),
    "lists.certificates": Case(
        "bureau",
        "/bureau/certificates",
        "证书编号",
        r"<td>(新优质〔\d+〕\d+号)</td>",
        ("", THIS, LAST, "?state=revoked", "?state=valid"),
    ),
    "lists.audit_trail": Case(
        "bureau",
        "/bureau/audit",
        "",
        r'<time datetime="([^"]+)"',
        ("?action=package:assigned", "?school={school}&action=certificate:awarded", "?person=nobody"),
    ),
    "lists.evidence": Case(
        "lead",
        LIBRARY,
        "名称",
        r'<span class="evi-name"><a [^>]*>([^<]+)</a>',
        (
            "",
            "?order=title",
            "?cited=uncited",
            "?kind=plan",
            "?year=2024",
            "?problem=uncited",
            "?element=C14",
        ),
    ),
    "lists.trash": Case(
        "lead", f"{LIBRARY}/trash", "名称", r'<span class="thrown-name"><a [^>]*>([^<]+)</a>'
    ),
    "lists.uncited": Case(
        "lead", f"{LIBRARY}/uncited", "名称", r'<span class="sorting-name"><a [^>]*>([^<]+)</a>'
    ),
    "lists.catalogue": Case(
        "lead", f"{LIBRARY}/catalogue", "名称", r'<td class="cat-title"><a [^>]*>([^<]+)</a>'
    ),
    "lists.elements": Case(
        "lead",
        "/dossiers/{dossier}",
        "要素",
        r'class="heat-cell"[^>]*aria-label="(C\d+) ',
        file="/dossiers/{dossier}/elements",
    ),
    "lists.gaps": Case("lead", "/dossiers/{dossier}", "", GAP_COUNT, file="/dossiers/{dossier}/gaps"),
    "lists.check_list": Case("lead", "/dossiers/{dossier}/submission", "", r"(?s)<main.*</main>"),
    "lists.my_work": Case("contributor", "/dossiers/{dossier}/work/mine", "要素", TASK),
    "lists.division": Case("lead", "/dossiers/{dossier}/work", "要素", TASK),
    "lists.basic_figures": Case(
        "lead", "/dossiers/{dossier}/figures", "", r'<div class="f-input"><input class="form-control"'
    ),
    "lists.measures": Case(
        "lead",
        "/dossiers/{dossier}/figures",
        "要素",
        r'<section><h3><a href="/dossiers/\d+/elements/(C\d+)"',
        file="/dossiers/{dossier}/measures",
    ),
    "lists.compared": Case(
        "lead", "/dossiers/{dossier}/city", "", r'<th scope="row" class="t-name"><b>(A\d)</b>'
    ),
    "lists.carried_citations": Case(
        "lead", "/dossiers/{dossier}/carry-over", "名称", r"<li><b>C\d+</b><a [^>]*>([^<]+)</a>"
    ),
    "lists.to_put_right": Case(
        "lead",
        "/dossiers/{dossier}/carry-over",
        "要素",
        r'<li><b>(C\d+)</b><div><span>[^<]+</span> <span class="quiet">',
        file="/dossiers/{dossier}/carry-over/problems",
    ),
    "lists.submitted": Case(
        "lead",
        "/packages/{package}",
        "要素",
        r'class="sheet frozen-element" id="(C\d+)"',
        file="/packages/{package}/elements",
        whole="?part=all",
    ),
    "lists.my_reviews": Case("expert", "/reviews", "学校", r"<h3>(?:<a [^>]*>)?([^<]+)(?:</a>)?</h3>"),
    "lists.scores": Case(
        "chair",
        TABLE,
        "要素",
        r'#sheet">(C\d+)</a>',
        ("", "?sort=code", "?show=discuss", "?show=below&sort=self", "?sort=deviation&element=C3"),
    ),
    "lists.disagreements": Case(
        "chair",
        TABLE,
        "指标",
        r'<tr><th scope="row">(A\d [^<]+?) <',
        ("", "?sort=code"),
        file=f"{TABLE}/areas",
    ),
    "lists.result": Case("lead", "/dossiers/{won}/result", "", r'<li id="C\d+">|<span class="chip"><i'),
}


@pytest.fixture
def town(app: Flask, store: Session, tmp_path: Path) -> Town:
    """A school with a published result that drafts anew, beside schools at every stage of this cycle."""
    storage = app.extensions["portfolio"].storage
    school = make_school(store, "钟楼小学", "碑林区")
    staff = make_staff(store, school)
    won = make_scene(store, experts=2, dossier=_submitted(store, storage, tmp_path, school))
    won.cycle.opens_at -= timedelta(days=365)
    _publish(store, won, below={"C3": "0.4", "C9": "0.2"})
    cycle = make_cycle(store)
    dossier = make_dossier(store, school, cycle)
    _draft(store, storage, tmp_path, dossier, staff.lead, staff.contributor)
    late = _beside(store, make_dossier(store, make_school(store, "大雁塔小学", "雁塔区"), cycle))
    table = _beside(store, make_dossier(store, make_school(store, "曲江中学", "雁塔区"), cycle))
    closed = _beside(store, make_dossier(store, make_school(store, "未央中学"), cycle))
    for number in range(2):
        table.hand_in(number, {"C3": f"0.{number + 1}"} if number else {"C9": "0.1"})
    table.open_table()
    _close(closed)
    store.execute(update(Round).where(Round.cycle_id == cycle.id).values(review_by=NOW - timedelta(days=2)))
    accounts.invite(
        store,
        actor=bureau_actor(store),
        now=NOW,
        lifetime=timedelta(days=7),
        name="李某",
        role=Role.CONTRIBUTOR,
        school_id=school.id,
    )
    people = {
        "bureau": make_user(store, Role.BUREAU),
        "lead": staff.lead,
        "contributor": staff.contributor,
        "expert": late.experts[0],
        "chair": table.chair,
        "second": table.experts[1],
    }
    parts = {
        "school": school.id,
        "dossier": dossier.id,
        "won": won.dossier.id,
        "cycle": cycle.id,
        "last": won.cycle.id,
        "package": won.package.id,
        "round": table.assignment.round_id,
        "at_table": table.package.id,
        "late": late.package.id,
    }
    store.commit()
    return Town(parts, people)


def _submitted(store: Session, storage: Storage, folder: Path, school: School) -> Dossier:
    dossier = make_dossier(store, school)
    score_all(store, dossier)
    for code in ("C3", "C9", "C14"):
        cite(store, dossier, code, make_evidence(store, school, storage, folder, title=f"去年{code}材料"))
    return dossier


def _publish(store: Session, scene: Scene, *, below: dict[str, str]) -> None:
    _close(scene, below)
    office = bureau_actor(store)
    panels.publish(store, actor=office, now=NOW, assignment=scene.assignment)
    awards.set_validity(store, actor=office, now=NOW, cycle=scene.cycle, years=3)
    found = results.published(store, office, scene.cycle)
    (first,) = awards.award(store, actor=office, now=NOW, cycle=scene.cycle, results=found)
    awards.revoke(store, actor=office, now=NOW, certificate=first, reason="名称有误，重新颁发。")
    awards.award(store, actor=office, now=NOW, cycle=scene.cycle, results=found)


def _close(scene: Scene, below: dict[str, str] | None = None) -> None:
    for number in range(2):
        scene.hand_in(number, below)
    scene.settle_at(below or {})
    scene.close()


def _beside(store: Session, dossier: Dossier) -> Scene:
    score_all(store, dossier)
    scene = make_scene(store, experts=2, dossier=dossier)
    scene.panel.name = f"{dossier.school.name}专家组"
    store.flush()
    return scene


def _draft(
    store: Session, storage: Storage, folder: Path, dossier: Dossier, lead: User, contributor: User
) -> None:
    """Evidence of two kinds and years, cited, not cited and thrown away; elements with and without an owner."""
    school = dossier.school
    for number, (kind, year) in enumerate(
        ((EvidenceKind.PLAN, 2024), (EvidenceKind.MINUTES, 2025), (EvidenceKind.PLAN, 2025))
    ):
        piece = make_evidence(
            store, school, storage, folder, title=f"材料{number}", kind=kind, years=(year,), by=lead
        )
        read_pages(store, piece, f"劳动教育第{number}页", "劳动教育")
        if number:
            cite(store, dossier, f"C{13 + number}", piece)
    thrown = make_evidence(store, school, storage, folder, title="旧稿", by=lead)
    read_pages(store, thrown, "劳动教育旧稿")
    trash.trash_evidence(store, actor=actor_for(store, lead), now=NOW, evidence_id=thrown.id)
    mine = [f"C{number}" for number in range(1, 6)]
    store.execute(
        update(SelfAssessment)
        .where(SelfAssessment.dossier_id == dossier.id, SelfAssessment.element.in_(mine))
        .values(assignee_id=contributor.id, due_on=NOW.date(), score=Decimal("0.5"))
    )


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

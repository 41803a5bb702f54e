"""The panel's documents: who gets which of them when, and what is in them for whom."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import docx
import openpyxl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.models import Assignment, Cycle, ElementReview, Finding, FindingElement, Role, Round, User
from portfolio.services import panels, publishing
from portfolio.services.cycles import RoundPlan
from rubric.model import Channel
from tests.conftest import Browser
from tests.factories import NOW, bureau_actor, make_user
from tests.panel_factory import Scene, make_scene

LogIn = Callable[[User], Browser]
MAGIC = {"docx": b"PK\x03\x04", "xlsx": b"PK\x03\x04", "pdf": b"%PDF-"}
STATES = ("scoring", "all in", "open", "closed", "published")
# who gets what from which state on; None: never (404)
READY = {
    ("expert", "own sheet"): "scoring",
    ("expert", "summary"): "open",
    ("expert", "form"): "closed",
    ("expert", "visit"): "open",
    ("chair", "visit"): "open",
    ("bureau", "visit"): "closed",
    ("lead", "visit"): None,
    ("foreign chair", "visit"): None,
    ("expert", "report"): "closed",
    ("chair", "report"): "closed",
    ("bureau", "report"): "closed",
    ("lead", "report"): "published",
    ("foreign lead", "report"): None,
    ("foreign expert", "report"): None,
    ("expert", "another's sheet"): None,
    ("expert", "notice"): None,
    ("chair", "own sheet"): "open",
    ("chair", "summary"): "open",
    ("chair", "form"): "closed",
    ("chair", "notice"): None,
    ("bureau", "own sheet"): "closed",
    ("bureau", "summary"): "closed",
    ("bureau", "form"): "closed",
    ("bureau", "notice"): "published",
    ("observer", "own sheet"): "closed",
    ("observer", "summary"): "closed",
    ("observer", "notice"): "published",
    ("lead", "own sheet"): None,
    ("lead", "summary"): None,
    ("lead", "form"): None,
    ("lead", "notice"): "published",
    ("foreign expert", "own sheet"): None,
    ("foreign expert", "summary"): None,
    ("foreign chair", "summary"): None,
    ("foreign lead", "notice"): None,
}


def addresses(scene: Scene) -> dict[str, str]:
    papers = f"/rounds/{scene.assignment.round_id}/packages/{scene.package.id}"
    return {
        "own sheet": f"/reviews/{scene.reviews[0].id}/sheet",
        "another's sheet": f"/reviews/{scene.reviews[1].id}/sheet",
        "summary": f"{papers}/summary",
        "form": f"{papers}/form",
        "notice": f"{papers}/notice",
        "report": f"{papers}/report",
        "visit": f"{papers}/visit",
    }


def reach(scene: Scene, state: str) -> None:
    """Take the review as far as the state says; C1 gets 0.5 of the first expert."""
    if state == "scoring":
        scene.score_everything(0, {"C1": "0.5"})
        return
    for number in range(len(scene.experts)):
        scene.hand_in(number, {"C1": "0.5"} if number == 0 else None)
    if state in STATES[2:]:
        scene.open_table() if state == "open" else scene.settle_all()
    if state in STATES[3:]:
        scene.close()
    if state == "published":
        publishing.publish(
            scene.session, actor=bureau_actor(scene.session), now=NOW, assignment=scene.assignment
        )


@pytest.mark.parametrize("state", STATES)
def test_who_gets_which_document_in_this_state(store: Session, log_in: LogIn, state: str) -> None:
    scene, foreign = make_scene(store), make_scene(store)
    reach(scene, state)
    people = {
        "expert": scene.experts[0],
        "chair": scene.chair,
        "bureau": make_user(store, Role.BUREAU),
        "observer": make_user(store, Role.OBSERVER),
        "lead": make_user(store, Role.LEAD, school=scene.school),
        "foreign expert": foreign.experts[0],
        "foreign chair": foreign.chair,
        "foreign lead": make_user(store, Role.LEAD, school=foreign.school),
    }
    store.commit()
    browsers = {who: log_in(user) for who, user in people.items()}
    wrong = []
    for (who, what), since in READY.items():
        status = browsers[who].get(f"{addresses(scene)[what]}.docx").status_code
        known = since is not None and not (
            who == "expert" and what in ("summary", "form", "report", "visit") and state in STATES[:2]
        )
        ready = since is not None and STATES.index(state) >= STATES.index(since)
        expected = 200 if ready else 422 if known else 404
        if status != expected:
            wrong.append(f"{who}, {what}: {status}, not {expected}")
    assert wrong == []


def test_every_document_comes_in_its_formats_under_the_schools_name(store: Session, log_in: LogIn) -> None:
    scene = make_scene(store)
    reach(scene, "published")
    bureau = make_user(store, Role.BUREAU)
    store.commit()
    clerk = log_in(bureau)
    for what, address in addresses(scene).items():
        for extension in ("docx", "pdf") if what in ("notice", "report", "visit") else MAGIC:
            answer = clerk.get(f"{address}.{extension}")
            assert answer.status_code == 200, what
            assert answer.get_data().startswith(MAGIC[extension])
            assert "UTF-8''" in answer.headers["Content-Disposition"]
    assert clerk.get(f"{addresses(scene)['notice']}.xlsx").status_code == 404


def cells(browser: Browser, address: str) -> dict[str, list[object]]:
    """The cells right of the points, by the element's code."""
    answer = browser.get(f"{address}.xlsx")
    assert answer.status_code == 200, address
    page = openpyxl.load_workbook(io.BytesIO(answer.get_data())).active
    found = {}
    for row in page.iter_rows(values_only=True):
        code = str(row[2] or "").replace(".", " ").split(" ")[0]
        found[code] = list(row[4:])
    return found


def test_a_sheet_holds_its_experts_own_words_and_nobody_elses(store: Session, log_in: LogIn) -> None:
    scene = make_scene(store)
    scene.score_everything(0, {"C1": "0.5"})
    scene.score_everything(1, {"C1": "0.1", "C2": "0.2"})
    note = store.scalars(select(ElementReview).where(ElementReview.review_id == scene.reviews[0].id)).first()
    assert note is not None
    note.note = "只给自己看的便签"
    store.commit()
    expert = log_in(scene.experts[0])
    found = cells(expert, addresses(scene)["own sheet"])
    assert found["C1"] == [0.9, 0.5, "查阅资料", "第1位专家：佐证不足。"]
    assert found["C2"][:2] == [0.9, 0.9]
    assert "便签" not in str(found)


def test_the_summary_holds_self_each_expert_and_the_final_with_its_reason(
    store: Session, log_in: LogIn
) -> None:
    scene = make_scene(store)
    reach(scene, "closed")
    store.commit()
    found = cells(log_in(scene.chair), addresses(scene)["summary"])
    given = sorted(found["C1"][1:4])  # type: ignore[type-var]
    assert given == [0.5, 0.9, 0.9]
    assert found["C1"][0] == 0.9
    assert found["C1"][4:] == [0.9, 0.4, 0.9, "中位", "专家组一致意见。"]
    assert len([code for code in found if code.startswith("C") and code[1:].isdigit()]) == 84


def test_the_forms_final_is_the_panels_before_it_is_published(store: Session, log_in: LogIn) -> None:
    scene = make_scene(store)
    reach(scene, "closed")
    store.commit()
    answer = log_in(scene.chair).get(f"{addresses(scene)['form']}.xlsx?scores=both")
    page = openpyxl.load_workbook(io.BytesIO(answer.get_data())).active
    assert [page.cell(6, column).value for column in (6, 7)] == [0.9, 0.9]


def test_an_expert_who_stepped_aside_gets_no_sheet_and_is_in_no_summary(
    store: Session, log_in: LogIn
) -> None:
    scene = make_scene(store)
    aside = scene.experts[2]
    panels.declare_conflict(
        store, actor=scene.actor(2), now=NOW, user=aside, school=scene.school, reason="亲属在校"
    )
    for number in range(2):
        scene.hand_in(number)
    scene.open_table()
    store.commit()
    assert log_in(aside).get(f"/reviews/{scene.reviews[2].id}/sheet.docx").status_code == 404
    page = log_in(scene.chair).get(addresses(scene)["summary"].removesuffix("summary") + "documents")
    assert aside.name not in page.get_data(as_text=True)


def test_who_judges_in_a_later_round_gets_nothing_of_the_earlier_panel(store: Session, log_in: LogIn) -> None:
    scene = make_scene(store, rounds=[RoundPlan("区县初评"), RoundPlan("市级评估")])
    reach(scene, "published")
    second = store.scalars(select(Round).where(Round.position == 2)).one()
    later = scene.experts[0]
    bureau = make_user(store, Role.BUREAU)
    clerk_too = make_user(store, Role.BUREAU)
    panel = panels.form_panel(
        store,
        actor=bureau_actor(store),
        now=NOW,
        round=second,
        name="市级专家组",
        experts=[later, clerk_too],
        chair=scene.chair,
    )
    panels.assign(store, actor=bureau_actor(store), now=NOW, panel=panel, package=scene.package)
    store.commit()
    expert, both = log_in(later), log_in(clerk_too)
    for what in ("summary", "form", "report", "visit"):
        assert expert.get(f"{addresses(scene)[what]}.docx").status_code == 422, what
        assert both.get(f"{addresses(scene)[what]}.docx").status_code == 422, what
    assert both.get(f"{addresses(scene)['own sheet']}.docx").status_code == 422
    assert both.get(f"{addresses(scene)['notice']}.docx").status_code == 404
    assert expert.get(f"{addresses(scene)['own sheet']}.docx").status_code == 200
    assert log_in(bureau).get(f"{addresses(scene)['summary']}.docx").status_code == 200


def test_until_the_table_is_open_no_byte_for_an_expert_or_the_chair_depends_on_the_others(
    store: Session, log_in: LogIn
) -> None:
    scene = make_scene(store)
    scene.score_everything(0)
    store.commit()
    browsers = [log_in(scene.experts[0]), log_in(scene.chair)]
    listing = addresses(scene)["summary"].removesuffix("summary") + "documents"

    def asked() -> list[tuple[int, bytes]]:
        answers = [
            browser.get(f"{address}.{extension}")
            for browser in browsers
            for address in addresses(scene).values()
            for extension in ("docx", "pdf")
        ]
        answers.append(browsers[0].get(listing))
        return [(a.status_code, a.data if a.status_code == 200 else b"") for a in answers]

    before = asked()
    scene.hand_in(1, {"C1": "0.1"})
    scene.hand_in(2, {"C1": "0.2"})
    store.commit()
    assert asked() == before
    assert {status for status, _ in before} == {200, 404, 422}


def test_the_list_says_what_is_there_and_when_the_rest_will_be(store: Session, log_in: LogIn) -> None:
    scene = make_scene(store)
    reach(scene, "all in")
    store.commit()
    listing = addresses(scene)["summary"].removesuffix("summary") + "documents"
    chair = log_in(scene.chair)
    page = chair.get(listing).get_data(as_text=True)
    assert "评分总表打开后可下载" in page
    assert "summary.docx" not in page
    scene.open_table()
    store.commit()
    page = chair.get(listing).get_data(as_text=True)
    assert "summary.docx" in page
    assert all(f"/reviews/{review.id}/sheet.pdf" in page for review in scene.reviews)
    assert "notice.docx" not in page


def test_the_notice_says_a_band_and_a_pass_mark_only_where_the_bureau_set_them(
    store: Session, log_in: LogIn
) -> None:
    scene = make_scene(store)
    reach(scene, "published")
    lead = make_user(store, Role.LEAD, school=scene.school)
    store.commit()
    browser = log_in(lead)

    def letter() -> str:
        data = browser.get(f"{addresses(scene)['notice']}.docx").get_data()
        return "\n".join(p.text for p in docx.Document(io.BytesIO(data)).paragraphs)

    assert "等次" not in letter()
    cycle = store.get_one(Cycle, scene.cycle.id)
    cycle.bands = [{"name": "优秀", "minimum": "85"}, {"name": "良好", "minimum": 70}]
    cycle.pass_mark = Decimal("95")
    store.commit()
    assert "等次：优秀，未达到合格线" in letter()


def test_the_result_page_offers_the_notice_and_my_packages_the_sheet(store: Session, log_in: LogIn) -> None:
    scene = make_scene(store)
    reach(scene, "published")
    lead = make_user(store, Role.LEAD, school=scene.school)
    store.commit()
    page = log_in(lead).get(f"/dossiers/{scene.dossier.id}/result").get_data(as_text=True)
    assert f'{addresses(scene)["notice"]}.pdf"' in page
    page = log_in(scene.experts[0]).get("/reviews").get_data(as_text=True)
    assert f'{addresses(scene)["own sheet"]}.xlsx"' in page


def test_a_published_notice_stays_the_same_bytes(store: Session, log_in: LogIn, clock: object) -> None:
    scene = make_scene(store)
    reach(scene, "published")
    lead = make_user(store, Role.LEAD, school=scene.school)
    store.commit()
    browser = log_in(lead)
    first = browser.get(f"{addresses(scene)['notice']}.pdf").get_data()
    clock.now = NOW + timedelta(hours=2)  # type: ignore[attr-defined]
    assert browser.get(f"{addresses(scene)['notice']}.pdf").get_data() == first
    assert store.scalars(select(Assignment.published_at)).first() == NOW


def test_the_record_holds_everybodys_findings_but_not_what_was_taken_back(
    store: Session, log_in: LogIn
) -> None:
    scene = make_scene(store)
    reach(scene, "open")
    for number, (words, withdrawn) in enumerate(
        (("图书室开放。", None), ("写错了。", NOW), ("课堂安静。", None))
    ):
        store.add(
            Finding(
                assignment_id=scene.assignment.id,
                author_id=scene.experts[number % 2].id,
                token=f"6b1f5c1e-0000-4000-8000-00000000000{number}",
                channel=Channel.INSPECT,
                words=words,
                noted_at=NOW,
                saved_at=NOW,
                withdrawn_at=withdrawn,
                elements=[FindingElement(element="C38")],
            )
        )
    store.commit()
    data = log_in(scene.chair).get(f"{addresses(scene)['visit']}.docx").get_data()
    cells = [
        cell.text
        for table in docx.Document(io.BytesIO(data)).tables
        for row in table.rows
        for cell in row.cells
    ]
    assert {"图书室开放。", "课堂安静。", "C38"} <= set(cells)
    assert "写错了。" not in cells

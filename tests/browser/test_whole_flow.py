"""The main job, as people do it: from the first invitation to the published result."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from rubric.loader import DEFAULT, find
from tests.browser.conftest import Server
from tests.browser.steps import PASSWORD, first_link, invite, join, open_cycle_for_a_school, put

if TYPE_CHECKING:
    from playwright.sync_api import Page

ELEMENTS = find(DEFAULT).elements
MEDIAN = {"score": "0.9", "rule": "median", "reason": "材料可以佐证，个别环节缺少过程记录。", "version": 0}
Visitor = Callable[..., "Page"]


def test_a_school_is_assessed_from_invitation_to_result(
    server: Server, visitor: Visitor, tmp_path: Path
) -> None:
    bureau = join(visitor(), first_link(server), "bureau", "张科长")
    school = open_cycle_for_a_school(bureau)
    lead = join(visitor(), invite(bureau, f"/schools/{school}/people", "lead", "周岚"), "lead", "周岚")
    staff = f"/schools/{school}/people"
    contributor = join(visitor(), invite(lead, staff, "contributor", "王敏"), "contributor", "王敏")
    principal = join(visitor(), invite(lead, staff, "principal", "李校长"), "principal", "李校长")

    lead.goto("/")
    dossier = re.search(r"/dossiers/(\d+)", lead.url)[1]  # type: ignore[index]
    _upload_and_cite(contributor, dossier, tmp_path)
    _score_all(lead, dossier)
    _waive_the_rest_and_hand_over(lead, dossier)
    package = _sign(principal, dossier)

    experts = [f"专家{name}" for name in "赵孙何"]
    names = [*experts, "钱组长"]
    panel = [
        join(visitor(), _invite_expert(bureau, name), f"expert{n}", name) for n, name in enumerate(names)
    ]
    _form_panel_and_assign(bureau, experts, "钱组长")
    reviews = [_review_all(page, lower) for page, lower in zip(panel[:3], (0, 1, 2), strict=True)]
    assert len(set(reviews)) == 3
    _settle_and_close(panel[3])
    _sign_the_closing(panel[0])
    _publish(bureau)
    _read_the_result(lead, dossier, package)
    server.portfolio("check")


def _invite_expert(bureau: Page, name: str) -> str:
    bureau.goto("/bureau/accounts")
    form = bureau.locator("form[action$='/bureau/invitations']")
    form.locator("[name=role]").select_option("expert")
    form.locator("[name=name]").fill(name)
    form.locator(".btn-primary").click()
    return bureau.input_value("#link")


def _upload_and_cite(contributor: Page, dossier: str, folder: Path) -> None:
    """Two files dropped on an element are uploaded and cited in one act; the library offers them to the next."""
    minutes = folder / "2025年党支部会议记录.txt"
    minutes.write_text("党支部会议记录\n时间：2025 年 3 月 21 日\n议题：支部换届选举", encoding="utf-8")
    plan = folder / "党建工作计划.csv"
    plan.write_text("月份,安排\n九月,支部换届\n", encoding="utf-8-sig")
    contributor.goto(f"/dossiers/{dossier}/elements/C1")
    contributor.set_input_files("input[name=files]:not([capture])", [str(minutes), str(plan)])
    contributor.wait_for_selector("#citations .evi >> nth=1")
    assert "2025年党支部会议记录" in contributor.inner_text("#citations")

    contributor.goto(f"/dossiers/{dossier}/elements/C2")
    contributor.click("[data-picker] summary")
    contributor.click("[data-picked] button >> nth=0")
    contributor.wait_for_selector("#citations .evi")


def _score_all(lead: Page, dossier: str) -> None:
    """All 84 elements, as one types: justification, score, Enter, next."""
    for element in ELEMENTS:
        lead.goto(f"/dossiers/{dossier}/elements/{element.code}")
        lead.fill("#justification", f"{element.short_title}：制度健全，近三年记录完整，按学期归档。")
        lead.fill("#score", "0.9")
        with lead.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
            lead.press("#score", "Enter")  # rather than wait for the pause in which it saves by itself
    lead.goto(f"/dossiers/{dossier}")
    assert lead.inner_text("[data-total=unscored]") == "0"
    assert lead.inner_text("[data-total=claimed]") == "75.6"


def _waive_the_rest_and_hand_over(lead: Page, dossier: str) -> None:
    lead.goto(f"/dossiers/{dossier}/submission")
    for box in lead.locator("[name=gap]").all():
        box.press("Space")
    lead.fill("#reason", "材料仍在整理，按时补交")
    lead.click(".waive-bar button")
    lead.click("form[action$='/submission'] .btn-primary")
    lead.wait_for_selector(".notice")


def _sign(principal: Page, dossier: str) -> str:
    principal.goto(f"/dossiers/{dossier}/submission")
    principal.fill("[name=password]", PASSWORD)
    principal.click("form[action$='/signature'] .btn-primary")
    principal.wait_for_url("**/packages/*")
    manifest = principal.request.get(principal.url + "/manifest.json").body()
    digest = hashlib.sha256(manifest).hexdigest()
    assert digest in principal.inner_text("main")
    assert len(json.loads(manifest)["files"]) == 2
    return principal.url


def _form_panel_and_assign(bureau: Page, experts: list[str], chair: str) -> None:
    bureau.goto("/bureau/panels")
    form = bureau.locator("form[action$='/panels']")
    form.locator("[name=name]").fill("第一专家组")
    for name in experts:
        form.get_by_label(name, exact=True).check()
    form.locator("[name=chair]").select_option(label=chair)
    form.locator(".btn-primary").click()
    bureau.goto("/bureau/panels")
    bureau.select_option("[name=panel]", label="第一专家组")
    bureau.click("form[action$='/assignments'] button")
    bureau.wait_for_load_state()


def _review_all(expert: Page, lower: int) -> str:
    """The first elements by hand, with the keyboard; the rest the way the page's script saves them."""
    _sign_the_statement(expert)
    expert.wait_for_selector("form.desk-right")
    expert.wait_for_load_state()
    review = re.search(r"/reviews/(\d+)", expert.url)[1]  # type: ignore[index]

    assert "党支部会议记录" in expert.inner_text("main")
    expert.keyboard.press("=")
    expect(expert.locator("#score")).to_have_value("0.9")
    expert.click("[data-primary]")
    expert.wait_for_url("**/elements/C2**")
    expert.fill("#score", f"0.{8 - lower}")
    expert.check("[name=channel][value=documents]", force=True)
    expert.fill("#reason", "组织生活记录只有一个学期，制度未见修订。")
    expert.keyboard.press("Control+Enter")
    expert.wait_for_url("**/elements/C3**")

    for element in ELEMENTS[2:]:
        same = {"score": "0.9", "reason": "认可学校自评。", "channel": "documents", "version": 0}
        put(expert, f"/reviews/{review}/elements/{element.code}", same)
    expert.goto(f"/reviews/{review}")
    expert.click("form[action$='/hand-in'] button")
    expert.wait_for_load_state()
    return review


def _sign_the_statement(member: Page) -> None:
    """Before the first page opens."""
    member.goto("/reviews")
    member.fill("form[action$='/statement'] [name=password]", PASSWORD)
    member.click("form[action$='/statement'] .btn-primary")


def _settle_and_close(chair: Page) -> None:
    _sign_the_statement(chair)
    chair.click("form[action$='/opening'] button")
    chair.wait_for_selector("#sheet")
    assert chair.inner_text("#h-element") == "C2"  # the widest spread comes first
    address = chair.url.partition("?")[0]
    chair.fill("#reason", "组织生活记录不完整，按中位分确定。")
    chair.click("[data-primary]")
    expect(chair.locator("#h-element")).not_to_have_text("C2")
    put(chair, f"{address}/elements/C1", MEDIAN)
    chair.goto(address)
    chair.click("form[action$='/agreed'] button")  # all others, on which the experts agree
    chair.fill("#opinion", "办学方向明确，制度健全；过程性材料需要补强。")
    chair.click("form[action$='/close'] .btn-primary")
    chair.wait_for_load_state()


def _sign_the_closing(expert: Page) -> None:
    expert.goto("/reviews")
    expert.click("a[href$='#closing']")
    assert "办学方向明确" in expert.inner_text("#closing")
    expert.fill("[name=password]", PASSWORD)
    expert.click("form[action$='/signature'] .btn-primary")
    expect(expert.locator("form[action$='/signature']")).to_have_count(0)


def _publish(bureau: Page) -> None:
    bureau.goto("/bureau/panels")
    bureau.click("form[action$='/publication'] button")
    bureau.wait_for_load_state()


def _read_the_result(lead: Page, dossier: str, package: str) -> None:
    lead.goto(f"/dossiers/{dossier}/result")
    text = lead.text_content("main") or ""  # also what is folded away
    assert "75.4" in text  # 75.6 claimed, C2 settled at the median of 0.8, 0.7 and 0.6
    assert "组织生活记录不完整" in text
    assert "个别环节缺少过程记录" in text
    ladder = lead.locator("#C2 .ladder").inner_text()
    assert [score for score in ("0.9", "0.8", "0.7", "0.6") if score not in ladder] == []
    lead.goto(f"{package}?part=all")
    assert lead.locator(".frozen-element").count() == 84

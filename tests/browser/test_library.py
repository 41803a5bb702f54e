"""A school's first afternoon: 200 files dropped at once find their elements, a sentence is cited to its page."""

from __future__ import annotations

import base64
import io
import random
import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person, Window
from tests.browser.steps import first_link, invite, join, open_cycle_for_a_school
from tests.derive.samples import encoded, pdf, scene, word

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Server

PATIENCE = 40_000  # milliseconds for 200 uploads
SENTENCE = "第三次教代会审议通过了教师绩效考核方案"
# Names such as schools give, with no code in them; each begins one series of files.
SUBJECTS = (
    "教代会会议记录", "心理辅导室使用记录", "食堂陪餐记录", "校园安全隐患排查台账", "图书借阅统计表",
    "学生体质健康测试数据", "教研组活动记录", "劳动教育实践方案", "家长会签到表", "教师培训学时统计",
)  # fmt: skip
# What a browser makes of files dropped on the page: DataTransfer with the files' own bytes.
DROP = """([zone, files]) => {
  const carried = new DataTransfer();
  for (const [name, text] of files) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    carried.items.add(new File([bytes], name));
  }
  for (const event of ["dragover", "drop"]) {
    zone.dispatchEvent(new DragEvent(event, { bubbles: true, cancelable: true, dataTransfer: carried }));
  }
}"""


@pytest.fixture
def lead(server: Server, visitor: Window) -> Page:
    """The lead of a school that has nothing yet, on its library."""
    bureau = join(visitor(), first_link(server), "bureau", "张科长")
    school_id = open_cycle_for_a_school(bureau)
    lead = join(visitor(), invite(bureau, f"/schools/{school_id}/people", "lead", "王敏"), "lead", "王敏")
    lead.goto(f"/schools/{school_id}/evidence")
    return lead


def mixed_files() -> list[tuple[str, bytes]]:
    """200 files of many types: half with a code in their names, half without; the first holds the sentence."""
    chance = random.Random(14)
    files = [("教代会会议记录（200）.pdf", pdf("第一页：签到", f"会议纪要。{SENTENCE}，会后公示。"))]
    for number in range(199):
        name = f"{SUBJECTS[number % 10]}（{number:03}）"
        if number < 100:
            name = f"C{number % 84 + 1} {name}"
        files.append(_content(name, number, chance))
    return files


def _content(name: str, number: int, chance: random.Random) -> tuple[str, bytes]:
    text = f"{name}，本校按学期归档，第 {number} 号，{chance.random()}。"
    match number % 10:
        case 3 if number < 40:
            return f"{name}.docx", word(text)
        case 5 if number < 40:
            return f"{name}.jpg", encoded(scene(320 + number, 240), "JPEG")
        case 7 if number < 40:
            return f"{name}.zip", _zipped(text)
        case 1 | 4:
            return f"{name}.csv", f"项目,说明\n{number},{text}\n".encode("gbk")
        case _:
            return f"{name}.txt", text.encode()


def _zipped(text: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("C20/附件.txt", text)
    return made.getvalue()


def test_two_hundred_files_find_their_elements_and_a_sentence_its_page(lead: Page) -> None:
    drop(lead, mixed_files())
    lines = lead.locator(".up")
    expect(lines).to_have_count(200)
    expect(lead.locator(".up-end .state[data-s=ok]")).to_have_count(200, timeout=PATIENCE)
    assert lead.inner_text("[data-upload-count]").startswith("200 / 200")
    # half are mapped by their names
    expect(lead.locator("#library-sum")).to_contain_text("100 份已引证")
    accept_all(lead)
    lead.click(".crumb a")
    expect(lead.locator("#library-sum")).to_contain_text("200 份已引证")
    cite_the_sentence(lead)


def drop(page: Page, files: list[tuple[str, bytes]]) -> None:
    packed = [[name, base64.b64encode(content).decode()] for name, content in files]
    zone = page.locator("[data-upload]").element_handle()
    page.evaluate(DROP, [zone, packed])


def accept_all(page: Page) -> None:
    """The rest, page by page: the first suggestion of each file, accepted by the person."""
    page.click("#library-uncited")
    for left in (75, 50, 25, 0):
        page.click("[data-tick-best]")
        expect(page.locator("[data-accept]")).to_contain_text("25")
        page.click("[data-accept]")
        expect(page.locator(".toast-bar")).to_contain_text("25")
        expect(page.locator(".page-head p")).to_contain_text(str(left) if left else "0")


def cite_the_sentence(page: Page) -> None:
    page.fill("[name=q]", f'"{SENTENCE}"')
    _find(page)
    hit = page.locator(".hit").first
    expect(hit.locator("mark")).to_have_count(1)
    hit.locator("summary").click()
    hit.locator("form [name=element]").fill("C8")
    hit.locator("form .btn-primary").click()
    cited = page.locator(".hit").first.locator(".chip", has_text="C8")
    expect(cited).to_contain_text("2")
    cited.click()
    expect(page.locator("#citations")).to_contain_text("第 2 页")


def _find(page: Page) -> None:
    """Search until the file has been read in the background."""
    for _ in range(60):
        page.press("[name=q]", "Enter")
        page.wait_for_load_state()
        if page.locator(".hit").count():
            return
        page.wait_for_timeout(500)
    raise AssertionError("the sentence was not found")


@pytest.fixture
def library(person: Person) -> Page:
    """The library of the demonstration's school, for its lead."""
    page = person("qinghuai.lead")
    page.goto("/")
    page.goto(page.get_attribute("a[href$='/evidence'] >> nth=0", "href") or "")
    return page


def test_a_dropped_copy_is_pointed_at_and_put_together_on_its_line(library: Page) -> None:
    pieces = _count(library, r"(\d+) 份，")
    drop(library, [("C3 教代会记录.txt", b"the same minutes")])
    expect(library.locator(".up-end .state[data-s=ok]")).to_have_count(1)
    drop(library, [("副本.txt", b"the same minutes"), ("网页.pdf", b"<!doctype html><script>1</script>")])
    line = library.locator(".up", has_text="副本.txt")
    expect(line.locator(".twin")).to_contain_text("C3")
    refused = library.locator(".up", has_text="网页.pdf")
    expect(refused.locator("p[role=alert]")).to_contain_text("网页")
    line.locator("button[value=cite]").click()
    expect(line.locator(".offers")).to_contain_text("回收站")
    expect(_sum(library)).to_contain_text(f"{pieces + 1} 份，")


def test_a_zip_is_opened_from_its_line_beside_the_uploads(library: Page) -> None:
    drop(library, [("资料.zip", _zipped("一份附件"))])
    with library.context.expect_page() as opened:
        library.click(".up [data-opens] button")
    report = opened.value
    expect(report.locator(".opened tbody tr")).to_have_count(1)
    expect(report.locator(".opened .chip")).to_have_text("C20")


def test_a_suggestion_on_the_line_is_one_click_with_an_undo(library: Page) -> None:
    cited = _count(library, r"(\d+) 份已引证")
    drop(library, [("教代会提案答复.txt", "答复".encode())])
    chip = library.locator(".up button.suggest", has_text="C14")
    expect(chip).to_have_attribute("title", re.compile(".+ → C14"))
    chip.click()
    expect(library.locator(".up .chip .dot[data-s=ok]")).to_have_count(1)
    expect(_sum(library)).to_contain_text(f"{cited + 1} 份已引证")
    library.click(".toast-bar button")
    expect(_sum(library)).to_contain_text(f"{cited} 份已引证")


def test_the_list_gets_its_suggestions_after_it_is_there(library: Page) -> None:
    drop(library, [("教代会候选人公示.txt", "公示".encode())])
    row = library.locator("#library-list tr", has_text="教代会候选人公示")
    row.locator("button.suggest", has_text="C14").click()
    expect(row.locator("a.chip", has_text="C14")).to_be_visible()


def test_what_was_cut_off_is_named_after_a_reload(library: Page) -> None:
    library.on("dialog", lambda dialog: dialog.accept())
    library.route(
        re.compile(r"/evidence/uploads/."),
        lambda route: (
            route.abort("connectionreset") if route.request.method == "PATCH" else route.continue_()
        ),
    )
    drop(library, [("台账.txt", b"a ledger")])
    expect(library.locator(".up p")).to_contain_text("中断")
    library.unroute_all()
    library.reload()
    expect(library.locator(".up-cut")).to_contain_text("台账.txt")


def _sum(page: Page) -> Locator:
    return page.locator("#library-sum")


def _count(page: Page, pattern: str) -> int:
    found = re.search(pattern, _sum(page).inner_text())
    assert found
    return int(found[1])

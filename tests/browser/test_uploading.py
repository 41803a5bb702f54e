"""Files on the element page: chosen or dropped, refused with a reason, resumed; citations, removed and brought back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person, before_the_scripts, held_back

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

CHUNK = 8 * 1024 * 1024  # bytes sent at once
CARDS = "#citations .evi"
PICKER = "input[name=files]:not([capture])"
DROP = """(zone, files) => {
  const carried = new DataTransfer();
  for (const [name, text] of files) carried.items.add(new File([text], name));
  for (const event of ["dragover", "drop"]) {
    zone.dispatchEvent(new DragEvent(event, { bubbles: true, cancelable: true, dataTransfer: carried }));
  }
}"""


@pytest.fixture
def lead(person: Person) -> Page:
    """The lead of the school that is drafting; each test uploads to an element of its own."""
    page = person("qinghuai.lead")
    page.goto("/")
    return page


def test_of_several_files_one_is_refused_with_its_reason_and_the_others_are_cited(
    lead: Page, tmp_path: Path
) -> None:
    _open(lead, "C63")
    plan = _file(tmp_path, "校园布局说明.txt", "教学区、运动区、生活区分区明确。")
    disguised = _file(tmp_path, "平面图.pdf", "<!doctype html><html><script>alert(1)</script></html>")
    table = _file(tmp_path, "面积统计.csv", "项目,平方米\n运动场,9800\n")
    before = _cited(lead)
    lead.set_input_files(PICKER, [plan, disguised, table])
    expect(lead.locator(CARDS)).to_have_count(before + 2)
    expect(lead.locator("#cited")).to_have_text(f"{before + 2} 份")
    expect(lead.locator(".up .state[data-s=ok]")).to_have_count(2)
    refused = lead.locator(".up").filter(has_text="平面图.pdf")
    expect(refused.locator(".state[data-s=gap]")).to_be_visible()
    expect(refused.locator("p")).to_contain_text("PDF")
    lead.reload()
    titles = lead.locator(f"{CARDS} h3").all_inner_texts()
    assert sorted(titles[-2:]) == ["校园布局说明", "面积统计"]


def test_files_dropped_anywhere_on_the_page_are_taken(lead: Page) -> None:
    _open(lead, "C64")
    lead.fill("#justification", "正在写。")
    before = _cited(lead)
    files = [["用房台账.csv", "用房,间\n教室,36\n"], ["校舍安全鉴定.txt", "鉴定结论：A 级。"]]
    lead.locator(".official").evaluate(DROP, files)
    expect(lead.locator(CARDS)).to_have_count(before + 2)
    expect(lead.locator("#justification")).to_have_value("正在写。")


def test_files_chosen_before_the_scripts_have_come_are_taken_once_they_have(
    lead: Page, tmp_path: Path
) -> None:
    _open(lead, "C66")
    before = _cited(lead)
    with before_the_scripts(lead, "upload"):
        lead.set_input_files(PICKER, [_file(tmp_path, "心理辅导记录.txt", "第 1 次")])
    expect(lead.locator(CARDS)).to_have_count(before + 1)
    expect(lead.locator("#citations")).to_contain_text("心理辅导记录")


def test_each_file_shows_how_far_it_is(lead: Page, tmp_path: Path) -> None:
    with held_back(lead, re.compile(r"/evidence/uploads/")):
        _open(lead, "C65")
        before = _cited(lead)
        lead.set_input_files(
            PICKER, [_file(tmp_path, f"实验记录{n}.txt", f"第 {n} 次实验") for n in range(3)]
        )
        # two at a time; the third waits its turn
        expect(lead.locator(".up progress")).to_have_count(2)
        expect(lead.locator(".up").nth(2)).to_contain_text("实验记录2.txt")
    expect(lead.locator(CARDS)).to_have_count(before + 3)
    expect(lead.locator(".up progress")).to_have_count(0)


def test_an_upload_goes_on_after_the_line_was_cut(lead: Page, tmp_path: Path) -> None:
    _open(lead, "C69")
    offsets = _cut_second_chunk(lead, times=1)
    lead.set_input_files(PICKER, [_large_file(tmp_path)])
    expect(lead.locator("#citations")).to_contain_text("食堂进货台账", timeout=30_000)
    assert offsets == [0, CHUNK, CHUNK]


def test_an_upload_goes_on_after_a_reload_when_the_file_is_chosen_again(lead: Page, tmp_path: Path) -> None:
    lead.on("dialog", lambda dialog: dialog.accept())
    _open(lead, "C71")
    offsets = _cut_second_chunk(lead, times=99)
    large = _large_file(tmp_path)
    lead.set_input_files(PICKER, [large])
    expect(lead.locator(".up p")).to_contain_text("中断", timeout=30_000)
    lead.unroute_all()
    lead.reload()
    before = len(offsets)
    again = _cut_second_chunk(lead, times=0)
    lead.set_input_files(PICKER, [large])
    expect(lead.locator("#citations")).to_contain_text("食堂进货台账", timeout=30_000)
    assert before >= 2
    assert again == [CHUNK]


def test_the_library_unfolded_before_the_scripts_have_come_is_filled_once_they_have(lead: Page) -> None:
    _open(lead, "C68")
    with before_the_scripts(lead, "picker"):
        lead.click("[data-picker] summary")
    expect(lead.locator("[data-picked] li").first).to_be_visible()


def test_a_remark_being_typed_survives_an_upload(lead: Page, tmp_path: Path) -> None:
    _open(lead, "C67")
    lead.click("#citations summary >> nth=0")
    remark = lead.locator("#citations [name=remark] >> nth=0")
    remark.fill("第二页起是借阅量")
    before = _cited(lead)
    lead.set_input_files(PICKER, [_file(tmp_path, "新书目录.txt", "《昆虫记》等 120 种")])
    expect(lead.locator(CARDS)).to_have_count(before + 1)
    expect(remark).to_have_value("第二页起是借阅量")
    expect(remark).to_be_visible()


def test_a_citation_is_removed_and_brought_back_as_it_was(lead: Page) -> None:
    _open(lead, "C2")
    card = lead.locator(CARDS).first
    before, words = _cited(lead), _said(card)
    card.locator("summary").click()
    card.locator("[formaction$='/delete']").click()
    expect(lead.locator(CARDS)).to_have_count(before - 1)
    lead.click(".toast-bar button")
    expect(lead.locator(CARDS)).to_have_count(before)
    assert _said(card) == words


def _said(card: Locator) -> list[str]:
    """What was cited and why; not how far its preview is."""
    said = card.locator("h3, blockquote, [name=page_from], [name=page_to], [name=remark]")
    return [one.get_attribute("value") or one.inner_text() for one in said.all()]


def _open(page: Page, code: str) -> None:
    home = re.match(r".*/dossiers/\d+", page.url)
    assert home
    page.goto(f"{home[0]}/elements/{code}")


def _cited(page: Page) -> int:
    return page.locator(CARDS).count()


def _file(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def _large_file(folder: Path) -> str:
    """One chunk and a bit."""
    line = "2026-09-01,大米,500,合格\n"
    return _file(folder, "食堂进货台账.csv", line * (CHUNK // len(line.encode()) + 9000))


def _cut_second_chunk(page: Page, *, times: int) -> list[int]:
    """Cuts the line that often while the second chunk is sent; the offsets that chunks were sent from."""
    offsets: list[int] = []

    def cut(route: Route) -> None:
        offset = int(route.request.headers.get("upload-offset", -1))
        if route.request.method == "PATCH":
            offsets.append(offset)
        if offset == CHUNK and offsets.count(CHUNK) <= times:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(re.compile(r"/evidence/uploads/"), cut)
    return offsets

"""The pages of a visit: on a phone, without scripts, with what somebody typed wrongly still there."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portfolio.db import begin_write
from portfolio.models import Derivation, Draw, Finding, FindingPhoto, Survey, User
from portfolio.services import derivations
from rubric.sampling import draw, list_digest
from tests.conftest import Browser
from tests.counting import statements
from tests.derive.samples import encoded, phone_exif
from tests.derive.samples import scene as picture
from tests.factories import NOW, make_staff
from tests.panel_factory import Scene
from tests.worksheet_factory import filled, write

LogIn = Callable[[User], Browser]
TOKEN = "6b1f5c1e-0000-4000-8000-000000000001"
WORDS = "图书室每天只开放两小时。"
SEEN = {"channel": "inspect", "words": WORDS, "codes": "C14", "version": 0}


def visit(scene: Scene, path: str = "") -> str:
    return f"/rounds/{scene.assignment.round_id}/visit/{scene.package.id}{path}"


def text_of(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def note(browser: Browser, scene: Scene, **more: object) -> Any:
    return browser.put(visit(scene, f"/findings/{TOKEN}"), SEEN | more)


# ---- Agenda ----


def test_the_agenda_says_what_to_do_by_channel_and_where_to_look_first(scene: Scene, expert: Browser) -> None:
    page = text_of(expert.get(visit(scene)))
    assert "召开党员教师座谈会" in page and "学校党组织书记访谈" in page
    assert page.index("先看这里") < page.index("听取汇报") < page.index("查阅资料")
    assert re.search(r"findings\?elements=C\d+", page)
    assert "title=%E6%95%99%E5%B8%88%E6%A1%A3%E6%A1%88%E8%A2%8B" in page  # 教师档案袋, to be sampled


def test_an_item_is_ticked_off_by_a_form_and_by_a_script(
    scene: Scene, expert: Browser, log_in: LogIn
) -> None:
    address = visit(scene, "/agenda/A1.2.discuss")
    assert expert.post(address, {"done": "1"}).status_code == 302
    colleague = log_in(scene.experts[1])
    assert f"{scene.experts[0].name} 于" in text_of(colleague.get(visit(scene)))
    assert colleague.put(address, {"done": False}).status_code == 200
    assert 'aria-pressed="true"' not in text_of(expert.get(visit(scene)))
    assert expert.put(visit(scene, "/agenda/A9.9.listen"), {"done": True}).status_code == 404


def test_the_agenda_takes_few_statements(app: Flask, scene: Scene, expert: Browser) -> None:
    with statements(app.extensions["portfolio"].sessions.kw["bind"]) as seen:
        assert expert.get(visit(scene)).status_code == 200
    assert len(seen) <= 6, seen


# ---- Findings ----


def test_a_finding_sent_twice_is_one_and_a_stale_one_shows_what_stands(scene: Scene, expert: Browser) -> None:
    first, again = note(expert, scene), note(expert, scene)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json["id"] == again.json["id"]
    assert note(expert, scene, words="开放三小时。", version=1).json["version"] == 2
    stale = note(expert, scene, words="开放四小时。", version=1)
    assert stale.status_code == 409
    assert stale.json["current"]["words"] == "开放三小时。"


def test_without_scripts_what_was_typed_wrongly_is_still_there(scene: Scene, expert: Browser) -> None:
    typed = {"token": TOKEN, "version": "0", "channel": "", "words": "走廊有展板。", "codes": "C99"}
    answer = expert.post(visit(scene, "/findings"), typed)
    page = text_of(answer)
    assert answer.status_code == 422
    assert "走廊有展板。" in page and 'value="C99"' in page
    assert "请选择了解渠道。" in page and "没有这些要素：C99。" in page
    assert (
        expert.post(visit(scene, "/findings"), typed | {"channel": "inspect", "codes": "C9"}).status_code
        == 302
    )
    assert "走廊有展板。" in text_of(expert.get(visit(scene, "/findings")))


def test_a_finding_stands_beside_the_element_for_its_writer_alone(
    scene: Scene, expert: Browser, log_in: LogIn
) -> None:
    note(expert, scene, contradicts=True)
    mine = text_of(expert.get(f"/reviews/{scene.reviews[0].id}/elements/C14"))
    assert WORDS in mine and "与申报材料不符" in mine
    for who, review in ((scene.experts[1], scene.reviews[1]), (scene.experts[2], scene.reviews[2])):
        others = log_in(who)
        assert WORDS not in text_of(others.get(f"/reviews/{review.id}/elements/C14"))
        assert WORDS not in text_of(others.get(visit(scene, "/findings")))
    assert WORDS not in text_of(log_in(scene.chair).get(visit(scene, "/elements/C14")))


def test_the_score_is_seen_first_until_something_was_found(scene: Scene, expert: Browser) -> None:
    element = f"/reviews/{scene.reviews[0].id}/elements/C14"

    def found_first() -> bool:
        page = text_of(expert.get(element))
        return page.index('id="h-visit"') < page.index('id="reason"')

    assert not found_first()
    note(expert, scene)
    assert found_first()


def test_at_the_table_everybody_reads_it(
    store: Session, scene: Scene, expert: Browser, log_in: LogIn
) -> None:
    note(expert, scene)
    for number in range(3):
        scene.hand_in(number)
    scene.open_table()
    store.commit()
    for person in (scene.chair, scene.experts[2]):
        page = text_of(log_in(person).get(visit(scene, "/elements/C14")))
        assert WORDS in page and scene.experts[0].name in page
    table = f"/rounds/{scene.assignment.round_id}/settlement/{scene.package.id}?element=C14"
    assert visit(scene, "/elements/C14") in text_of(log_in(scene.chair).get(table))


# ---- Photographs ----


@pytest.fixture
def photo() -> bytes:
    """A photograph that says where and when it was taken, and by what."""
    return encoded(picture(), "JPEG", exif=phone_exif())


def photograph(browser: Browser, scene: Scene, content: bytes, name: str = "IMG_0001.jpg") -> Any:
    note(browser, scene)
    files = {"files": (io.BytesIO(content), name)}
    return browser.post(visit(scene, f"/findings/{TOKEN}/photos"), files, content_type="multipart/form-data")


def test_a_photograph_is_shown_as_a_copy_without_place_and_device(
    app: Flask, store: Session, scene: Scene, expert: Browser, photo: bytes
) -> None:
    assert photograph(expert, scene, photo).status_code == 302
    assert "副本正在生成" in text_of(expert.get(visit(scene, "/findings")))
    store.rollback()
    begin_write(store)
    row = store.scalars(select(FindingPhoto)).one()
    files = app.extensions["portfolio"].storage
    derivations.run_within(store, files, school_id=row.school_id, digests=[row.sha256], now=NOW)
    store.commit()
    address = visit(scene, f"/photos/{row.id}/thumbnail")
    assert address in text_of(expert.get(visit(scene, "/findings")))
    with expert.get(address) as shown:
        data = shown.data
        assert shown.headers["Cache-Control"].startswith("private")
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, dict(image.getexif())) == ("WEBP", {})
    assert b"GPS" not in data and b"Exif" not in data


def test_the_school_and_its_pages_know_nothing_of_it(
    store: Session, scene: Scene, expert: Browser, log_in: LogIn, photo: bytes
) -> None:
    staff = make_staff(store, scene.school)
    store.commit()
    lead = log_in(staff.lead)
    paths = [f"/schools/{scene.school.id}/evidence", f"/packages/{scene.package.id}", "/"]
    token = r'(csrf-token" content=|csrf_token" value=)"[^"]+"'

    def asked() -> list[str]:
        return [re.sub(token, "", text_of(lead.get(path, follow_redirects=True))) for path in paths]

    before = asked()
    photograph(expert, scene, photo)
    assert asked() == before
    row = store.scalars(select(FindingPhoto)).one()
    assert lead.get(visit(scene, f"/photos/{row.id}/page")).status_code == 404
    assert store.scalars(select(Derivation.state)).all()


def test_what_is_no_picture_and_what_is_not_ones_own_is_refused(
    store: Session, scene: Scene, expert: Browser, log_in: LogIn, photo: bytes
) -> None:
    refused = photograph(expert, scene, "说明文字。".encode(), "说明.txt")
    assert refused.status_code == 422
    assert "不是图片" in text_of(refused)
    photograph(expert, scene, photo)
    store.rollback()
    row = store.scalars(select(FindingPhoto)).one()
    other = log_in(scene.experts[1])
    assert other.get(visit(scene, f"/photos/{row.id}/page")).status_code == 404
    assert other.post(visit(scene, f"/photos/{row.id}/removal")).status_code == 404
    assert expert.post(visit(scene, f"/photos/{row.id}/removal")).status_code == 302
    assert expert.get(visit(scene, f"/photos/{row.id}/page")).status_code == 404


# ---- Samples ----


def test_a_draw_shows_all_that_is_needed_to_draw_it_again(
    store: Session, scene: Scene, expert: Browser
) -> None:
    lines = [f"教师{number:02}" for number in range(1, 41)]
    typed = {"title": "教师业务档案", "lines": "\n".join(lines), "size": "3"}
    assert expert.post(visit(scene, "/draws"), typed).status_code == 302
    page = text_of(expert.get(visit(scene, "/draws")))
    made = store.scalars(select(Draw)).one()
    assert made.seed in page and list_digest(lines) in page
    for number in draw(made.seed, 40, 3):
        assert lines[number - 1] in page
    again = expert.post(visit(scene, "/draws"), typed)
    assert again.status_code == 422
    assert "请说明再次抽取的理由" in text_of(again) and "教师17" in text_of(again)


# ---- Questionnaires ----


def test_results_are_previewed_taken_in_and_stand_beside_the_element(
    store: Session, scene: Scene, expert: Browser, log_in: LogIn
) -> None:
    template = expert.get(visit(scene, "/surveys/template.xlsx")).data
    rows = re.findall(r"C\d+", " ".join(_codes(template)))
    at = 4 + rows.index("C80")
    sheet = filled(template, write({f"C{at}": "您对学校满意吗？", f"D{at}": 150, f"E{at}": 50}))
    sent = {"title": "家长", "sheet": (io.BytesIO(sheet), "结果.xlsx")}
    page = text_of(expert.post(visit(scene, "/surveys"), sent, content_type="multipart/form-data"))
    assert "您对学校满意吗？" in page and store.scalar(select(func.count()).select_from(Survey)) == 0
    carried = re.search(r'name="sheet" value="([^"]+)"', page)
    assert carried
    taken = expert.post(visit(scene, "/surveys/results"), {"sheet": carried[1], "title": "家长"})
    assert taken.status_code == 302
    beside = text_of(log_in(scene.experts[1]).get(f"/reviews/{scene.reviews[1].id}/elements/C80"))
    assert "您对学校满意吗？" in beside and "75.0%" in beside


def test_a_wrong_sheet_names_its_cells_and_nothing_comes_in(
    store: Session, scene: Scene, expert: Browser, tmp_path: Path
) -> None:
    sent = {"title": "家长", "sheet": (io.BytesIO("编号,题目,满意\nC80,好吗？,-3\n".encode()), "结果.csv")}
    page = text_of(expert.post(visit(scene, "/surveys"), sent, content_type="multipart/form-data"))
    assert ">C2<" in page and "人数须为不小于 0 的整数。" in page
    assert 'action="' + visit(scene, "/surveys/results") not in page
    missing = expert.post(visit(scene, "/surveys"), {"title": "家长"})
    assert missing.status_code == 422
    assert store.scalar(select(func.count()).select_from(Survey)) == 0


def _codes(template: bytes) -> list[str]:
    page = openpyxl.load_workbook(io.BytesIO(template)).worksheets[0]
    return [str(row[0].value) for row in page.iter_rows(min_row=4)]


# ---- Who may ----


def test_who_stepped_aside_or_was_removed_gets_no_page_and_writes_nothing(
    store: Session, scene: Scene, expert: Browser
) -> None:
    expert.post(f"/reviews/{scene.reviews[0].id}/conflict", {"reason": "亲属在该校任教"})
    for path in ("", "/findings", "/draws", "/surveys"):
        assert expert.get(visit(scene, path)).status_code == 404
    assert note(expert, scene).status_code == 404
    assert store.scalar(select(func.count()).select_from(Finding)) == 0

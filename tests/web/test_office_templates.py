"""The page of the office's own templates, and the documents that are made from them."""

from __future__ import annotations

import io
from collections.abc import Callable

import docx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portfolio.documents.starter import starter
from portfolio.models import DocumentTemplate, Role, TemplateKind, User
from tests.conftest import Browser
from tests.factories import make_user
from tests.panel_factory import make_scene
from tests.web.test_panel_documents import addresses, reach

LogIn = Callable[[User], Browser]


def a_template(text: str) -> bytes:
    document = docx.Document()
    document.add_paragraph(text)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def send(browser: Browser, data: bytes, filename: str = "通知书.docx", paper: str = "notice") -> object:
    form = {"template": (io.BytesIO(data), filename)}
    return browser.post(f"/bureau/templates/{paper}", form, content_type="multipart/form-data")


def text_of(answer: object) -> str:
    data = answer.get_data()  # type: ignore[attr-defined]
    return "\n".join(p.text for p in docx.Document(io.BytesIO(data)).paragraphs)


@pytest.mark.parametrize("paper", ["notice", "report"])
def test_the_template_to_begin_with_can_be_taken_along_and_brought_back(clerk: Browser, paper: str) -> None:
    begun = clerk.get(f"/bureau/templates/{paper}/starter.docx")
    assert begun.status_code == 200
    assert send(clerk, begun.get_data(), paper=paper).status_code == 302  # type: ignore[attr-defined]
    page = clerk.get("/bureau/templates").get_data(as_text=True)
    assert "通知书.docx" in page
    assert "尚未启用" in page


def test_an_unknown_placeholder_is_named_beside_the_file(clerk: Browser) -> None:
    answer = send(clerk, a_template("{{ 校名 }}欢迎你"))
    assert answer.status_code == 422  # type: ignore[attr-defined]
    page = answer.get_data(as_text=True)  # type: ignore[attr-defined]
    assert "没有占位符 校名" in page
    assert 'aria-describedby="file-notice-error"' in page


def test_the_page_names_every_placeholder(clerk: Browser) -> None:
    page = clerk.get("/bureau/templates").get_data(as_text=True)
    for name in ("{{ 学校 }}", "{{ 答复截止 }}", "{%tr for 项 in 整改清单 %}", "{{ 项.责任人 }}"):
        assert name in page


def test_a_schools_notice_follows_the_template_in_use_and_then_the_built_in_layout_again(
    store: Session, log_in: LogIn
) -> None:
    scene = make_scene(store)
    reach(scene, "published")
    lead, bureau = make_user(store, Role.LEAD, school=scene.school), make_user(store, Role.BUREAU)
    store.commit()
    school, clerk = log_in(lead), log_in(bureau)
    assert send(clerk, a_template("{{ 学校 }}得 {{ 终评总分 }} 分")).status_code == 302  # type: ignore[attr-defined]
    template = store.scalars(select(DocumentTemplate)).one()
    notice = f"{addresses(scene)['notice']}.docx"
    assert "评估结果通知书" in text_of(school.get(notice))
    assert "示例学校得" in text_of(clerk.get(f"/bureau/templates/files/{template.id}/example.docx"))
    assert clerk.post(f"/bureau/templates/files/{template.id}/use").status_code == 302
    assert text_of(school.get(notice)) == f"{scene.school.name}得 90.0 分"
    assert school.get(f"{addresses(scene)['notice']}.pdf").get_data().startswith(b"%PDF-")
    assert "得 90.0 分" not in text_of(school.get(f"{addresses(scene)['report']}.docx"))
    assert clerk.post("/bureau/templates/notice/built-in").status_code == 302
    assert "评估结果通知书" in text_of(school.get(notice))


def test_the_observer_sees_the_templates_and_changes_none(observer: Browser, store: Session) -> None:
    page = observer.get("/bureau/templates").get_data(as_text=True)
    assert "内置版式" in page
    assert 'type="file"' not in page
    assert send(observer, starter(TemplateKind.NOTICE)).status_code == 403  # type: ignore[attr-defined]
    assert store.scalars(select(DocumentTemplate)).all() == []


def test_a_template_is_downloaded_as_it_was_uploaded(clerk: Browser, store: Session) -> None:
    data = a_template("{{ 学校 }}")
    send(clerk, data)
    template = store.scalars(select(DocumentTemplate)).one()
    assert clerk.get(f"/bureau/templates/files/{template.id}.docx").get_data() == data

"""Questionnaires: a sheet is read whole or not at all, and whatever is wrong in it is named by its cell."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from portfolio.documents import surveysheet
from portfolio.documents.cells import MOST_BYTES
from portfolio.errors import DomainError
from portfolio.models import Assignment, Survey, SurveyAnswer
from portfolio.queries.surveys import answers, surveys
from portfolio.services import surveys as service
from rubric.agenda import surveyed
from rubric.loader import DEFAULT, find
from tests.at_once import second_of_two
from tests.factories import NOW
from tests.panel_factory import Scene, make_scene
from tests.worksheet_factory import filled, write

RUBRIC = find(DEFAULT)
CSV = "编号,题目,满意,不满意\nC80,您对学校满意吗？,203,7\nC81,孩子喜欢上学吗？,198,12\n"


def template() -> bytes:
    codes = surveyed(RUBRIC)
    return surveysheet.template("青槐路学校", [(e.code, e.text) for e in RUBRIC.elements if e.code in codes])


def book(*rows: list[Any]) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def plan(data: bytes) -> service.Plan:
    return service.plan(surveysheet.read(data), RUBRIC)


def refused(data: bytes) -> dict[str, str]:
    return {refusal.address: refusal.error.code for refusal in plan(data).refusals}


def test_the_template_filled_in_is_what_is_read() -> None:
    codes = [element.code for element in RUBRIC.elements if element.code in surveyed(RUBRIC)]
    row = 4 + codes.index("C80")
    data = filled(
        template(), write({f"C{row}": "您对学校满意吗？", f"D{row}": 120, f"E{row}": 83, f"G{row}": 0})
    )
    made = plan(data)
    assert made.refusals == ()
    assert [(q.element, q.words, q.answers, q.total) for q in made.questions] == [
        ("C80", "您对学校满意吗？", (("非常满意", 120), ("满意", 83), ("不满意", 0)), 203)
    ]


@pytest.mark.parametrize(
    "encode", [str.encode, lambda text: text.encode("utf-8-sig"), lambda text: text.encode("gb18030")]
)
def test_a_csv_is_read_in_every_way_it_is_saved(encode: Callable[[str], bytes]) -> None:
    made = plan(encode(CSV))
    assert [(q.element, q.answers) for q in made.questions] == [
        ("C80", (("满意", 203), ("不满意", 7))),
        ("C81", (("满意", 198), ("不满意", 12))),
    ]


def test_every_wrong_cell_is_named_with_its_address() -> None:
    head = ["编号", "题目", "满意", "不满意"]
    data = book(
        head,
        ["C80", "好吗？", -3, 1],
        ["C81", "好吗？", 2.5, 1],
        ["C99", "好吗？", 2, 1],
        [None, "好吗？", 2, 1],
        ["C82", None, 2, 1],
        ["C83", "好吗？", "=1+1", 1],
        ["C84", "好吗？", None, None],
        ["C77", "好吗？", "很多", True],
        ["C78", "好" * 501, 2, 1],
        ["C79", "好吗？", 12.0, "7"],
    )
    assert refused(data) == {
        "C2": "cell_no_count",
        "C3": "cell_no_count",
        "A4": "cell_unknown_code",
        "A5": "cell_without_code",
        "B6": "cell_without_question",
        "C7": "cell_formula",
        "C8": "cell_without_counts",
        "C9": "cell_no_count",
        "D9": "cell_no_count",
        "B10": "text_too_long",
    }
    assert [q.answers for q in plan(data).questions] == [(("满意", 12), ("不满意", 7))]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "sheet_unreadable"),
        (b"PK\x03\x04 broken", "sheet_unreadable"),
        ("姓名,分数\n张某,3\n".encode(), "survey_headings"),
        (book(["姓名", "年级"], ["李某", 3]), "survey_headings"),
        ("编号,题目\nC80,好吗？\n".encode(), "survey_answers"),
        ("编号,题目,满意,满意\nC80,好吗？,1,2\n".encode(), "survey_answers"),
        ("编号,题目,满意\n".encode(), "survey_empty"),
        (b"x" * (MOST_BYTES + 1), "sheet_too_large"),
        (("编号,题目,满意\n" + "C80,好,1\n" * 2001).encode(), "sheet_too_large"),
        (("编号,题目,满意\n" + ",,\n" * 50_000).encode(), "sheet_too_large"),
    ],
    ids=range(10),
)
def test_a_sheet_of_something_else_is_refused_as_a_whole(data: bytes, code: str) -> None:
    with pytest.raises(DomainError) as error:
        plan(data)
    assert error.value.code == code


def test_a_million_rows_are_not_read() -> None:
    made = openpyxl.Workbook(write_only=True)
    page = made.create_sheet()
    page.append(["编号", "题目", "满意"])
    page.append(["C80", "好吗？", 1])
    buffer = io.BytesIO()
    made.save(buffer)
    far = filled(buffer.getvalue(), write({"C1048576": 3}))
    with pytest.raises(DomainError, match="sheet_too_large"):
        surveysheet.read(far)


@pytest.fixture
def scene(session: Session) -> Scene:
    """Experts who visit a school."""
    return make_scene(session)


def take_in(scene: Scene, data: bytes = CSV.encode(), title: str = "家长") -> Survey:
    return service.take_in(
        scene.session,
        actor=scene.actor(),
        now=NOW,
        assignment=scene.assignment,
        title=title,
        planned=plan(data),
        data=data,
    )


def test_the_results_stand_beside_their_elements_until_they_are_taken_back(scene: Scene) -> None:
    made = take_in(scene)
    (asked,) = answers(scene.session, scene.assignment, ["C80"])
    assert (asked.survey, asked.words, asked.answers) == (
        "家长",
        "您对学校满意吗？",
        (("满意", 203), ("不满意", 7)),
    )
    service.withdraw(scene.session, actor=scene.actor(1), now=NOW, assignment=scene.assignment, survey=made)
    assert answers(scene.session, scene.assignment, ["C80"]) == ()
    (row,) = surveys(scene.session, scene.assignment)
    assert (row.questions, row.withdrawn_at) == (2, NOW)
    with pytest.raises(DomainError, match="survey_withdrawn"):
        service.withdraw(
            scene.session, actor=scene.actor(), now=NOW, assignment=scene.assignment, survey=made
        )
    take_in(scene)  # and may come in again


def test_a_sheet_with_one_wrong_cell_brings_nothing_in(scene: Scene) -> None:
    with pytest.raises(DomainError, match="survey_refused"):
        take_in(scene, f"{CSV}C99,好吗？,1,2\n".encode())
    assert scene.session.scalar(select(func.count()).select_from(SurveyAnswer)) == 0


def test_the_same_sheet_comes_in_once_and_says_who_was_asked(scene: Scene) -> None:
    with pytest.raises(DomainError, match="survey_nameless"):
        take_in(scene, title=" ")
    take_in(scene)
    with pytest.raises(DomainError, match="survey_known"):
        take_in(scene, title="学生")


def test_the_same_sheet_sent_twice_at_once_comes_in_once(engine: Engine, scene: Scene) -> None:
    actor, assignment_id = scene.actor(), scene.assignment.id

    def send(session: Session) -> None:
        service.take_in(
            session,
            actor=actor,
            now=NOW,
            assignment=session.get_one(Assignment, assignment_id),
            title="家长",
            planned=plan(CSV.encode()),
            data=CSV.encode(),
        )

    assert second_of_two(engine, scene.session, send) == "survey_known"


def test_after_closing_nothing_comes_in(scene: Scene) -> None:
    scene.assignment.closed_at = NOW
    scene.session.flush()
    with pytest.raises(DomainError, match="assignment_closed"):
        take_in(scene)
